"""Every result prints itself: two sentences and a small table, in the language that is spoken.

Never a dictionary of row numbers, and nothing from the data is taken for HTML. A class that a public function
returns, or that a room hands out, has an example here; the first test misses one that has none.
"""

import ast
import inspect
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

import zjk_gis
from zjk_gis import assign, batch, changes, coverage, crs, index, io, reports, responsibility, words
from zjk_gis.read_report import ReadReport

EVIL = "<b>甲</b>"  # a code that would be bold in a page
ZONES = gpd.GeoDataFrame(
    {"zone_code": [EVIL, "B"], "level": [1, 1], "chief_code": ["L1", "L2"]},
    geometry=[box(0, 0, 62, 50), box(60, 0, 90, 50)],
    crs=4547,
)
REGION = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 50)], crs=4547)
INCIDENTS = gpd.GeoDataFrame({"zone_code": [EVIL, "B"]}, geometry=[Point(9, 9), Point(20, 9)], crs=4547)
SECTIONS = gpd.GeoDataFrame({"section_code": [EVIL]}, geometry=[LineString([(0, 0), (99, 0)])], crs=4547)
MANHOLES = gpd.GeoDataFrame({"manhole_code": [EVIL]}, geometry=[Point(9, 9)], crs=4547)


HAZARDS = gpd.GeoDataFrame(
    {"hazard_code": [EVIL, "B"], "buffer_m": [9.0, 9.0]}, geometry=[Point(0, 0), Point(9, 0)], crs=4547
)
VALVES = gpd.GeoDataFrame({"valve_code": [EVIL]}, geometry=[Point(10, 9)], crs=4547)


def network():
    pipes = {"pipe_code": ["P1"], "pipe_kind": ["给水"], "from_manhole": [EVIL]}
    lines = gpd.GeoDataFrame(pipes, geometry=[LineString([(9, 9), (80, 9)])], crs=4547)
    return zjk_gis.pipes.pipe_network(MANHOLES, lines)


HOMES = gpd.GeoDataFrame(
    {"estate_code": ["E1", "E2"], "population": [100, 80], "vehicles": [40, 30]},
    geometry=[Point(10, 9), Point(70, 9)],
    crs=4547,
)
LOTS = gpd.GeoDataFrame({"lot_code": [EVIL], "berths": [50]}, geometry=[Point(40, 9)], crs=4547)


def road_network():
    """A street, and a bridge over it."""
    return zjk_gis.access.road_network(
        gpd.GeoDataFrame(
            {"edge_code": [EVIL, "B"], "is_bridge": [False, True]},
            geometry=[LineString([(0, 9), (99, 9)]), LineString([(50, 0), (50, 30)])],
            crs=4547,
        )
    )


def batch_of(folder):
    rows = pd.DataFrame({"incident_code": [EVIL, "2"], "lon": [114.88, 114.89], "lat": [40.82, 40.82]})
    rows.to_csv(folder / "incidents.csv", index=False)
    return batch.assign_batch(folder / "incidents.csv", in_degrees(), folder / "assigned.csv")


def in_degrees():
    return gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(114.8, 40.8, 114.9, 40.9)], crs=4490)


def folder_of(folder):
    io.write_layer(in_degrees(), folder / "zones.gpkg")
    return io.read_folder(folder)


def workspace_of(folder):
    city = zjk_gis.Workspace.open(folder / "city.gpkg")
    city.write("zones", ZONES)
    return city


def draft_of(folder):
    (folder / "in").mkdir()
    (folder / "in" / f"{EVIL.replace('/', '')}.docx").write_bytes(b"x")
    (folder / "in" / "案件.csv").write_text("任务号,经度,纬度\n1,114.88,40.82\n", encoding="utf-8")
    return zjk_gis.workspace.draft_city(folder / "in", folder / "city.toml")


def bulletin():
    cases = {"district_code": [EVIL, "B"], "occurred_at": ["2025-11-03", "2025-11-04"]}
    return reports.monthly_bulletin(pd.DataFrame(cases), month="2025-11")


EXAMPLES = {
    "Bulletin": lambda _: bulletin(),
    "Notice": lambda _: bulletin().notice(),
    "CoverageFaults": lambda _: coverage.coverage_faults(REGION, ZONES),
    "MendedCoverage": lambda _: coverage.mend_coverage(REGION, ZONES),
    "AssignmentCheck": lambda _: assign.check_assignment(INCIDENTS, ZONES),
    "Explanation": lambda _: assign.explain_incident(INCIDENTS[:1], ZONES),
    "AssignmentPlan": lambda _: assign.AssignmentPlan.prepare(ZONES, sections=SECTIONS),
    "ClusterPlan": lambda _: batch.plan_cluster(10**9, 20_000, 25 * 10**9),
    "JobSummary": batch_of,
    "ZoneChanges": lambda _: changes.compare_zones(ZONES, ZONES.set_geometry(ZONES.geometry[::-1].values)),
    "ResponsibilityAudit": lambda _: responsibility.responsibility_audit(REGION, ZONES),
    "CoordinateGuess": lambda _: zjk_gis.infer_coordinates(
        pd.DataFrame({EVIL: [114.88], "y": [40.82]}), x=EVIL, y="y"
    ),
    "ControlFit": lambda _: crs.fit_similarity(
        [[0, 0], [100, 0], [0, 100], [100, 100]],
        [[5, 5], [105, 5], [5, 105], [105, 105.01]],
        names=[EVIL, 2, 3, 4],
    ),
    "CrsChoice": lambda _: crs.crs_for((114.8, 40.7, 114.9, 40.8)),
    "ValidationReport": lambda _: zjk_gis.validate(
        ZONES.rename(columns={"zone_code": "grid_code"}), "unit_grids"
    ),
    "FolderReading": folder_of,
    "ReadReport": lambda _: ReadReport(
        path=f"{EVIL}.csv", rows=9, without_position={"missing": list(range(9))}, remarks=[EVIL]
    ),
    "ZoneIndex": lambda _: index.ZoneIndex.build(ZONES),
    "SectionIndex": lambda _: index.SectionIndex.build(SECTIONS),
    "ZonesFound": lambda _: index.ZoneIndex.build(ZONES).locate([9, 61, 95], [9, 9, 9]),
    "SectionsFound": lambda _: index.SectionIndex.build(SECTIONS).nearest([9, 50], [9, 9]),
    "Workspace": workspace_of,
    "CoverRegister": lambda _: zjk_gis.pipes.CoverRegister.build(MANHOLES),
    "PipeNetwork": lambda _: network(),
    "ShutOff": lambda _: zjk_gis.pipes.shut_off(network(), "P1", valves=VALVES),
    "RoadNetwork": lambda _: road_network(),
    "BerthBalance": lambda _: zjk_gis.access.berth_balance(HOMES, LOTS, road_network()),
    "CompositeScore": lambda _: zjk_gis.assess.composite_score(
        pd.DataFrame({"district_code": [EVIL], "indicator": "handled_rate", "value": [0.9], "n": [40]}),
        by="district_code",
        score_weights=pd.DataFrame({"indicator": ["handled_rate"], "weight": [1], "best": [1], "worst": [0]}),
    ),
    "WorkingCalendar": lambda _: zjk_gis.assess.WorkingCalendar.of(),
    "Siting": lambda _: zjk_gis.access.site_facilities(HOMES, LOTS, road_network(), count=1),
    "Draft": draft_of,
    "Dossier": lambda folder: reports.write_changes(
        changes.compare_zones(ZONES, ZONES), folder / "changes", states=(ZONES, ZONES)
    ),
    "RiskBuffers": lambda _: zjk_gis.protection.risk_buffers(HAZARDS),
    "RiskField": lambda _: zjk_gis.synth.RiskField({"manholes": MANHOLES}, {EVIL: ["P1"]}),
    "PipeField": lambda _: zjk_gis.synth.PipeField({"manholes": MANHOLES}, {EVIL: ["P1"]}),
    "Weeks": lambda to: zjk_gis.synth.Weeks(to / EVIL, [{"day": EVIL, "files": [EVIL]}], {}, {}),
    "Atlas": lambda to: zjk_gis.maps.Atlas(
        to / "atlas.pdf", [zjk_gis.maps.printing.atlas_index.IndexRow(1, EVIL, EVIL, {}, 500.0)], 2
    ),
    "Published": lambda folder: zjk_gis.city.Published(folder / EVIL, ["index.html"], {"streets": 1}),
    "City": lambda _: zjk_gis.synth.City({"unit_grids": ZONES}, pd.DataFrame(INCIDENTS), {}, pd.DataFrame()),
}
# Values that are read and written as code, pages that show themselves, and what holds arrays for the engine.
NO_RESULTS = {"CityChanges", "Refreshed", "Run",
    "Answers", "BaseMap", "CompiledGrid", "FaultRules", "Field", "GapRules", "Helmert7", "LayerSpec",
    "LineIndex", "OfflineFrame", "OverlapRules", "Policy", "PolygonIndex", "Positions", "Question",
    "RankingRules",
    "RepairRules", "Similarity", "SizeRules", "Source", "Ways",
}  # fmt: skip


def public_classes():
    """Yield the names of the classes of this package that rooms hand out or public functions return."""
    rooms = [room for name in zjk_gis.__all__ if inspect.ismodule(room := getattr(zjk_gis, name))]
    for room in rooms:
        for name in room.__all__:
            thing = getattr(room, name)
            if inspect.isclass(thing) and "zjk_gis" in thing.__module__ and not issubclass(thing, Exception):
                yield name
                members = inspect.getmembers(thing, inspect.isroutine)
                yield from (each for at, method in members if at[0] != "_" for each in returned_by(method))
            elif inspect.isfunction(thing):
                yield from returned_by(thing)


def returned_by(function):
    annotation = getattr(function, "__annotations__", {}).get("return", "")
    if "zjk_gis" in (getattr(function, "__module__", "") or "") and annotation:
        tree = ast.parse(annotation, mode="eval")
        yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


OTHERS = {
    "Any", "CRS", "Coded", "Datum", "Iterator", "Language", "NDArray", "NoReturn", "Path", "Presentation",
    "Self", "Sequence",
}  # fmt: skip


def test_every_result_is_here():
    names = {name for name in public_classes() if name[0].isupper()}
    assert names - OTHERS - NO_RESULTS <= EXAMPLES.keys()


@pytest.fixture(params=EXAMPLES)
def result(request, tmp_path):
    made = EXAMPLES[request.param](tmp_path)
    assert type(made).__name__ == request.param
    return made


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_prints_two_sentences_and_a_small_table(result, lang):
    with words.speaking(lang):
        shown, page = repr(result), result._repr_html_()
    first, *table = shown.split("\n")
    assert first.startswith(f"<{type(result).__name__}> ")
    told = first.partition("> ")[2]
    assert told.endswith("。" if lang == "zh" else ".")
    assert len(told) < 300
    assert len(table) <= 40
    assert bool(re.search("[\u4e00-\u9fff]", told.replace("甲", ""))) == (lang == "zh")
    assert page.startswith("<p>")
    assert page.count("<tr>") <= 40
    for each in (shown, page):
        assert not re.search(r"\{.*: |\[\d+, \d+", each)  # no dictionary, no list of rows
        assert "GeoDataFrame" not in each
        assert "nan" not in each.lower().replace("naming", "")


def test_nothing_from_the_data_is_taken_for_html(result):
    assert "<b>" not in result._repr_html_()


def test_numbers_of_numpy_are_numbers(result):
    assert "np." not in repr(result)


def test_a_table_shows_a_few_rows_and_counts_the_rest():
    zones = gpd.GeoDataFrame(
        {"zone_code": [f"Z{n:02}" for n in range(20)]},
        geometry=[box(100 * n, 0, 100 * n + 90, 90) for n in range(20)],
        crs=4547,
    )
    region = gpd.GeoDataFrame(geometry=[box(0, 0, 1990, 90)], crs=4547)
    faults = coverage.coverage_faults(region, zones)
    assert "Gaps: 19, 17,100.0 m² in all." in repr(faults)
    assert repr(faults).count("\n") == 1 + 6 + 1
    assert repr(faults).endswith("... and 13 more")
    assert faults._repr_html_().count("<tr>") == 1 + 6
    assert np.isclose(faults.gaps["area_m2"].sum(), 17_100)

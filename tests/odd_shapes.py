"""Geometries as files bring them, offered to every public function that takes a layer.

::

    +-----+-----+        A and B are zones; the row ODD is a third, C, to their right:
    |  A  |  B  | C      sound in one run, odd in the others
    +-----+-----+

GEOS ends the whole process at some of them, so the functions run in a process of their own: this file, which
prints one line of JSON for each call. `test_odd_shapes` reads these lines.
"""

import dataclasses
import datetime as dt
import json
import re
import sys
import tempfile
import traceback
import warnings
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import LineString, Point, box

# Run as a script its own folder comes first, whose `coverage` numba would take for the tool of that name.
_PATH, sys.path[:] = sys.path[:], [each for each in sys.path if Path(each).resolve() != Path(__file__).parent]
import numba  # noqa: E402, F401

sys.path[:] = _PATH

if __name__ == "__main__":  # before anyone has taken it: no day ends between two calls
    from zjk_gis.layers.columns import time_cells

    time_cells.today = lambda: dt.date(2026, 1, 1)

import zjk_gis  # noqa: E402
from zjk_gis.crs import as_metric, convert_crs, crs_for  # noqa: E402
from zjk_gis.errors import ZjkGisError  # noqa: E402
from zjk_gis.layers.checks.validate import validate  # noqa: E402

EAST, NORTH = 573000, 4520000
ODD = 4711  # the label of the odd row: an error or an answer that tells of it has this number in it

# The row itself, or that it is counted: maps do so, and what tells of borders or moves by incidents.
SIGNS = (
    str(ODD),
    f"{ODD:,}",
    "未画出",
    '"no_position": 1',
    '"unusable": 1',
    '"without_place": {"',
    '"unused": ["E003"]',
    '"elsewhere": 1',
)

NAN, INF = float("nan"), float("inf")


def at(x, y):
    return EAST + x, NORTH + y


def square(x, y, wide=100, high=100):
    return box(*at(x, y), *at(x + wide, y + high))


def _with(shape, vertex, *, x=None, y=None, z=None):
    """Return a shape with an ordinate of one vertex replaced."""
    coords = np.column_stack([shapely.get_coordinates(shape), np.zeros(shapely.get_num_coordinates(shape))])
    for column, value in enumerate((x, y, z)):
        if value is not None:
            coords[vertex, column] = value
    with np.errstate(invalid="ignore"):
        if z is None:
            return shapely.set_coordinates(shape, coords[:, :2])
        return shapely.set_coordinates(shapely.force_3d(shape), coords)


def _wkt(shape, template):
    """Return a template with the coordinates of a shape in the place of #."""
    return shapely.from_wkt(template.replace("#", shape.wkt[shape.wkt.index("(") :]))


# They have a place, if a strange one, and can be drawn.
HAVE_A_PLACE = ("MULTIPOINT with EMPTY", "a ring of one place")


def nothing_of(kind):
    """Return what there may be instead of a geometry, in a layer of points, lines or polygons."""
    written = [f"{kind} EMPTY", f"MULTI{kind} EMPTY", "POINT EMPTY", "POINT Z EMPTY"]
    written += ["GEOMETRYCOLLECTION EMPTY", "GEOMETRYCOLLECTION (POINT EMPTY, POLYGON EMPTY)"]
    written += ["MULTIPOLYGON (EMPTY, EMPTY)"] if kind == "POLYGON" else []
    return {"None": None} | {text: shapely.from_wkt(text) for text in written}


def odd_shapes(sound):
    """Return odd shapes in the place of a sound one: name -> (shape, whether it means the same)."""
    one = 1 if shapely.get_num_coordinates(sound) > 1 else 0  # the ends of a ring have to stay alike
    broken = {
        "x NaN": _with(sound, one, x=NAN),
        "x and y NaN": _with(sound, one, x=NAN, y=NAN),
        "x infinite": _with(sound, one, x=INF),
        "y minus infinite": _with(sound, one, y=-INF),
        "z NaN": _with(sound, one, z=NAN),
        "z infinite": _with(sound, one, z=INF),
        "every z NaN": _with(sound, slice(None), z=NAN),
    }
    same = {"z NaN", "z infinite", "every z NaN"}
    if sound.geom_type == "Point":
        broken["MULTIPOINT with EMPTY"] = _wkt(sound, "MULTIPOINT (#, EMPTY)")
    elif sound.geom_type == "LineString":
        broken["MULTILINESTRING with EMPTY"] = _wkt(sound, "MULTILINESTRING (#, EMPTY)")
        broken["MULTILINESTRING, EMPTY first"] = _wkt(sound, "MULTILINESTRING (EMPTY, #)")
        same |= {"MULTILINESTRING with EMPTY", "MULTILINESTRING, EMPTY first"}
    else:
        rings = sound.wkt[sound.wkt.index("(") + 1 : -1]
        broken["POLYGON with EMPTY ring"] = shapely.from_wkt(f"POLYGON ({rings}, EMPTY)")
        broken["MULTIPOLYGON with EMPTY part"] = _wkt(sound, "MULTIPOLYGON (#, EMPTY)")
        broken["MULTIPOLYGON, EMPTY first"] = _wkt(sound, "MULTIPOLYGON (EMPTY, #)")
        broken["MULTIPOLYGON with EMPTY ring"] = shapely.from_wkt(f"MULTIPOLYGON (({rings}, EMPTY))")
        same |= {name for name in broken if "EMPTY" in name}
        x, y = shapely.get_coordinates(sound)[0]
        broken["a ring of one place"] = shapely.from_wkt(f"POLYGON (({x} {y}, {x} {y}, {x} {y}, {x} {y}))")
    return {
        **{name: (shape, False) for name, shape in nothing_of(sound.geom_type.upper()).items()},
        **{name: (shape, name in same) for name, shape in broken.items()},
    }


def _layer(sound_rows, third, **columns):
    """Return a layer of two sound rows and a third, the one labelled ODD."""
    return gpd.GeoDataFrame(columns, geometry=[*sound_rows, third], crs=4547)


GRID_CODES = ["130703005001001", "130703005001002", "130703005003003"]
DAYS = ["2025-03-01 08:00", "2025-03-02 08:00", "2025-03-03 08:00"]

# layer -> (shapes of two rows, shape of the third, columns)
LAYERS = {
    "zones": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"zone_code": ["A", "B", "C"], "chief_name": ["张三", "李四", "王五"], "population": [1, 2, 3]},
    ),
    "lying over": (  # zones of which C lies over B, and which leave a gap
        (square(0, 0), square(102, 0)),
        square(180, 0),
        {"zone_code": ["A", "B", "C"]},
    ),
    "region": ((square(0, 0), square(100, 0)), square(200, 0), {"name": ["a", "b", "c"]}),
    "roads": (
        (LineString([at(0, 20), at(100, 20)]), LineString([at(100, 20), at(200, 20)])),
        LineString([at(200, 20), at(300, 20)]),
        {"edge_code": ["R1", "R2", "R3"], "road_name": ["东街", "西街", "南街"]},
    ),
    "sections": (
        (LineString([at(0, 21), at(100, 21)]), LineString([at(100, 21), at(200, 21)])),
        LineString([at(200, 21), at(300, 21)]),
        {"section_code": ["S1", "S2", "S3"], "chief_code": ["L1", None, None]},
    ),
    "incidents": (
        (Point(at(50, 50)), Point(at(150, 50))),
        Point(at(250, 50)),
        {
            "occurred_at": DAYS,
            "zone_code": ["A", "B", "C"],
            "source": ["热线", "热线", "热线"],
            "road_name": ["东街", "西街", "南街"],
        },
    ),
    "manholes": (
        (Point(at(10, 10)), Point(at(90, 10))),
        Point(at(250, 150)),
        {"manhole_code": ["M1", "M2", "M3"], "pipe_kind": ["WS", "YS", "YS"]},
    ),
    "pipelines": (
        (LineString([at(10, 10), at(90, 10)]), LineString([at(90, 10), at(190, 10)])),
        LineString([at(250, 150), at(290, 150)]),
        {
            "pipe_code": ["P1", "P2", "P3"],
            "pipe_kind": ["WS", "YS", "YS"],
            "from_manhole": ["M1", "M2", "M3"],
            "to_manhole": ["M2", "M4", "M5"],
        },
    ),
    "cuts": (  # lines across the pipes
        (LineString([at(50, 0), at(50, 30)]), LineString([at(150, 0), at(150, 30)])),
        LineString([at(270, 140), at(270, 160)]),
        {"cut_code": ["K1", "K2", "K3"]},
    ),
    "digs": (  # over the third road and the third pipe
        (square(0, 0, 50, 50), square(250, 0, 20, 160)),
        square(250, 0, 20, 160),
        {"permit_code": ["X1", "X2", "X3"], "valid_from": ["2025-03-01", "2025-04-01", "2025-05-01"]},
    ),
    "projects": (
        (square(10, 10, 5, 5), square(90, 10, 5, 5)),
        square(210, 10, 5, 5),
        {"project_code": ["X1", "X2", "X3"], "height_m": [12.0, 3.0, 12.0]},
    ),
    "height zones": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"height_zone_code": ["G1", "G2", "G3"], "limit_m": [9.0, 9.0, 9.0]},
    ),
    "views": (
        (LineString([at(0, 12), at(100, 12)]), LineString([at(100, 12), at(200, 12)])),
        LineString([at(200, 12), at(300, 12)]),
        {"corridor_code": ["S1", "S2", "S3"], "target_m": [9.0, 9.0, 9.0], "width_m": [9.0, 9.0, 9.0]},
    ),
    "trees": (
        (Point(at(10, 10)), Point(at(90, 10))),
        Point(at(250, 10)),
        {"tree_code": ["G1", "G2", "G3"], "crown_m": [9.0, 9.0, 9.0]},
    ),
    "houses": (
        (square(10, 10, 5, 5), square(90, 10, 5, 5)),
        square(210, 10, 5, 5),
        {
            "building_code": ["H1", "H2", "H3"],
            "block_name": ["堡子里"] * 3,
            "protection_class": ["历史建筑"] * 3,
            "height_m": [12.0] * 3,
        },
    ),
    "historic_blocks": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"block_name": ["堡子里"] * 3, "scope": ["核心保护范围"] * 3},
    ),
    "lots": ((Point(at(10, 10)), Point(at(90, 10))), Point(at(250, 10)), {"lot_code": ["T1", "T2", "T3"]}),
    "lot areas": (
        (square(10, 10, 5, 5), square(90, 10, 5, 5)),
        square(250, 10, 5, 5),
        {"lot_code": ["T1", "T2", "T3"]},
    ),
    "estates": (
        (square(0, 0, 50, 50), square(100, 0, 50, 50)),
        square(200, 0, 50, 50),
        {"population": [10, 20, 30]},
    ),
    "buildings": (
        (square(102, 0, 5, 5), square(130, 0, 5, 5)),
        square(99, 10, 5, 5),
        {"building_code": ["H1", "H2", "H3"], "population": [10, 20, 30], "communities": [1, 1, 1]},
    ),
    "rivers": (
        (square(99, 0, 2, 50), square(0, 90, 10, 10)),
        square(199, 0, 2, 50),
        {"river_name": ["a", "b", "c"]},
    ),
    "streets": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"street_code": ["130703001", "130703002", "130703003"], "street_name": ["甲", "乙", "丙"]},
    ),
    "communities": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"community_code": ["130703005001", "130703005002", "130703005003"]},
    ),
    "grids": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"grid_code": GRID_CODES, "community_code": [code[:12] for code in GRID_CODES]},
    ),
    "unnumbered": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"grid_code": [GRID_CODES[0], None, None], "community_code": ["130703005001"] * 3},
    ),
    "groups": (
        (square(0, 0), square(100, 0)),
        square(200, 0),
        {"resp_grid_code": ["W1", "W2", "W3"], "member_codes": GRID_CODES},
    ),
    "tracks": (
        (Point(at(10, 22)), Point(at(60, 22))),
        Point(at(90, 22)),
        {
            "patrol_code": ["P1"] * 3,
            "recorded_at": pd.to_datetime(["2025-06-02 09:00", "2025-06-02 09:01", "2025-06-02 09:02"]),
        },
    ),
    "gaps": (
        (square(100, 0, 2, 100), square(280, 0, 10, 100)),
        square(295, 0, 3, 30),
        {"gap_code": ["G001", "G002", "G003"], "kind": ["hole"] * 3, "area_m2": [200.0, 1000.0, 90.0]},
    ),
    "stretches": (
        (LineString([at(0, 20), at(100, 20)]), LineString([at(100, 20), at(200, 20)])),
        LineString([at(200, 20), at(300, 20)]),
        {"length_m": [100.0] * 3, "side": ["两侧"] * 3, "answer": ["one", "nobody", "one"]},
    ),
}


def sound(name):
    two, third, columns = LAYERS[name]
    return _layer(two, third, **columns)


def _cases(incidents):
    """Return incidents as cases of one class, closed on the day."""
    return incidents.assign(
        incident_code=["K1", "K2", "K3"],
        event_code="0102",
        closed_at=incidents["occurred_at"],
        description="积水",
    )


def _explained(incidents, zones):
    return zjk_gis.explain_incident(incidents.iloc[[-1]], zones)


def _proposals(zones):
    return zjk_gis.repair_coverage(None, zones)


def _with_odd_geometry(frame, odd):
    """Return a result of ours as someone gave it back: its last row has the odd geometry."""
    frame = frame.copy()
    frame.index = [*range(1, len(frame)), ODD]
    shapes = frame.geometry.to_numpy().copy()
    shapes[-1] = odd.geometry.to_numpy()[-1]
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _ledger(gaps):
    return zjk_gis.coverage.accept_fault(
        gaps, "G003", by="局长", why="军事用地", until="2026-12-31", on="2025-12-31"
    )


DAY = "2025-12-31"
CITY = {
    "built_up_areas": "region",
    "responsibility_zones": "zones",
    "unit_grids": "grids",
    "road_sections": "sections",
    "manholes": "manholes",
    "pipelines": "pipelines",
    "historic_blocks": "historic_blocks",
    "parking_lots": "lots",
    "residential_estates": "estates",
    "rivers": "rivers",
}


A, P = zjk_gis.access, zjk_gis.protection


def _roads(barriers=None):
    """Return the sound roads as a network."""
    return A.road_network(sound("roads"), barriers=barriers)


def _berths(lots):
    return lots.assign(berths=[5, 6, 7], lot_kind="公共")


def _homes(estates):
    return estates.assign(vehicles=[1, 2, 3])


def _plan():
    """Return a plan of one more lot for the sound estates."""
    return A.site_facilities(sound("estates"), sound("lots"), _roads(), count=1)


def _misconnected(manholes, pipelines):
    return zjk_gis.pipes.misconnections(zjk_gis.pipes.pipe_network(manholes, pipelines))


def _network():
    return zjk_gis.pipes.pipe_network(sound("manholes"), sound("pipelines"))


def _surveyed(pipelines):
    """Return the pipes with sizes, depths and levels, which fall to the east."""
    known = {"diameter_mm": 300, "from_depth_m": 0.5, "to_depth_m": 1.5, "flow": "顺向"}
    return pipelines.assign(**known, from_level_m=[700.0, 699.0, 698.0], to_level_m=[699.0, 698.0, 699.0])


def _opened(roads):
    return roads.assign(opened_on="2024-06-01", construction="新建")


def _filed(manholes):
    """Return the manholes with what their files say of the covers."""
    return manholes.assign(load_class="B125", place="车行道", owner=["甲", "甲", "乙"], state="完好")


def _raised(buildings):
    """Return buildings that were drawn larger."""
    return buildings.set_geometry(buildings.buffer(3, join_style="mitre"))


def _cables(roads):
    return roads.rename(columns={"edge_code": "cable_code"}).drop(columns="road_name")


def _tunnels(roads):
    return roads.rename(columns={"edge_code": "tunnel_code"}).drop(columns="road_name")


def _contracted(areas):
    return areas.assign(
        work_area_code=areas["zone_code"], contract_code=areas["zone_code"], contractor="甲", fee_per_m2=1.0
    )


def _hazards():
    return sound("lots").assign(buffer_m=30.0)


def _poles(lots):
    return lots.rename(columns={"lot_code": "pole_code"})


def _lamps(lots):
    return lots.assign(lamp_code="L" + lots["lot_code"])[["lamp_code", "geometry"]]


def _dug(**layers):
    dig, pipes = layers.pop("dig", sound("digs")), layers.pop("pipes", sound("pipelines"))
    return zjk_gis.pipes.excavation_impact(dig, _surveyed(pipes), depth_m=1.0, **layers)


def _conflicts(**beside):
    return zjk_gis.pipes.clearance_conflicts(_surveyed(sound("pipelines")), **beside)


def _compared(**layers):
    return zjk_gis.reports.compare_city(Z(), sound("lying over"), city=_city(**layers))


def _as(code, rows):
    """Return points of manholes, or zones, as rows of another layer."""
    return rows.rename(columns={"manhole_code": code, "zone_code": code}).drop(
        columns="pipe_kind", errors="ignore"
    )


def _shut_off(**layers):
    valves = layers.pop("valves", _as("valve_code", sound("manholes")))
    return zjk_gis.pipes.shut_off(_network(), "P1", valves=valves, **layers).pipes


def _zone_figures(zones, **layers):
    return zjk_gis.pipes.network_zone_figures(_network(), _as("network_zone_code", zones), **layers)


def _survey(name):
    def call(layer, folder):
        city = {each: sound(name) for each, name in CITY.items()} | {"incidents": sound("incidents")}
        city[name] = layer
        incidents = city.pop("incidents")
        return zjk_gis.reports.survey_city(city, incidents, at="2025-12-31")

    return call


def _city(**layers):
    """Return the sound layers of a city, with others in the place of some."""
    return {each: sound(own) for each, own in CITY.items()} | {"roads": sound("roads")} | layers


def _page(path):
    """Return what a page says, without the numbers of its maps and what is packed into them."""
    return re.sub("[0-9a-f]{32}|[A-Za-z0-9+/=]{60,}", "", path.read_text("utf-8"))


def _pages(made):
    """Return what the pages say that were written of a question."""
    return [_page(path) for path in made.files if path.suffix == ".html"]


def _unprinted(self, *_, **__):
    """Print no map: what is printed is the map that the page shows, and a print takes seconds."""


def _audited(name):
    def call(layer, folder):
        if name == "assigned":
            assigned = zjk_gis.assign_incidents(layer, Z())
            return zjk_gis.reports.audit_city(_city(), assigned=assigned, at=DAY)
        given = {name: layer}
        if name == "accepted_faults":
            given[name] = _with_odd_geometry(_ledger_of_all(), layer)
            given["responsibility_zones"] = sound("lying over")
        return zjk_gis.reports.audit_city(_city(**given), assigned=_assigned(), at=DAY)

    return call


@cache
def _sound_audit():
    return zjk_gis.reports.audit_city(_city(), assigned=_assigned(), at=DAY)


def _audit_written(name):
    """Write an audit of which a layer was given back odd, or of a city of which one was."""

    def call(layer, folder):
        audit, city = _sound_audit(), _city()
        if name in city:
            city[name] = layer
        else:
            audit = dataclasses.replace(audit, **{name: layer.assign(consequence=0.0)})
        return _pages(zjk_gis.reports.write_audit(audit, folder, city=city, at=DAY))

    return call


def _changes_written(name):
    def call(layer, folder):
        states = Z(), sound("lying over")
        changes = zjk_gis.compare_zones(*states, incidents=sound("incidents"))
        if name == "old":
            states = layer, states[1]
        elif name == "new":
            states = states[0], layer
        else:
            changes = dataclasses.replace(changes, **{name: layer.assign(row=layer.index)})
        made = zjk_gis.reports.write_changes(changes, folder, states=states)
        with np.errstate(invalid="ignore"):
            return _pages(made), gpd.read_file(folder / "changes.gpkg", layer="moved_incidents")

    return call


def _section(cuts, folder):
    cut = zjk_gis.pipes.cross_section(cuts.iloc[[-1]], _surveyed(sound("pipelines")))
    return zjk_gis.maps.print_section(cut, folder / "section.svg", date=DAY).read_text(encoding="utf-8")


def _survey_written(name):
    def call(layer, folder):
        assigned = _assigned().assign(chief_code=["L1", "L2", "L3"])
        city, results = _city(), {"assigned": assigned, "gaps": sound("gaps")}
        if name == "assigned":
            results[name] = _with_odd_geometry(assigned, layer)
        else:
            (city if name in city else results)[name] = layer
        return _pages(zjk_gis.reports.write_survey(results, folder, city=city, at=DAY))

    return call


def _assignment_reported(name):
    def call(layer, folder):
        given = {"zones": Z(), "unit_grids": sound("grids"), "roads": sound("roads")}
        (folder / "in.csv").write_text("lon,lat\n114.87,40.82\n", encoding="utf-8")
        done = zjk_gis.assign_batch(folder / "in.csv", Z(), folder / "out.csv", progress=False)
        given[name] = layer
        zjk_gis.reports.write_assignment_report(done, folder / "report.html", layers=given)
        return _page(folder / "report.html")

    return call


def _table_report(layer, folder):
    table = layer.rename_axis("row").reset_index()
    told = zjk_gis.reports.write_table_report({"gaps": table}, folder / "report.html")
    return told, (folder / "report.html").read_text("utf-8")


def _kind_of_map(kind, name):
    """Draw a kind of map of a city of which a layer is odd, or what is given beside the city."""

    def call(layer, folder):
        given = {"incidents": sound("incidents"), "before": Z(), "areas": Z()}
        city = _city()
        (given if name in given else city)[name] = layer
        question = zjk_gis.maps.Question(city, DAY, column="population", **given)
        return zjk_gis.maps.draw_kind(kind, question), question.answers

    return call


def _write(ending):
    def call(layer, folder):
        path = zjk_gis.write_layer(layer.assign(row=layer.index), folder / f"out{ending}")
        with np.errstate(invalid="ignore"):
            if ending in (".csv", ".xlsx"):
                return zjk_gis.io.read_table(path)
            return gpd.read_file(path, layer=path.stem if ending == ".gpkg" else None)

    return call


def _report(layer, folder):
    sheet = layer.rename_axis("row").reset_index()
    zjk_gis.reports.write_page({"gaps": sheet}, folder / "report.html", summary={"gaps": 3})
    return (folder / "report.html").read_text("utf-8")


def _workbook(layer, folder):
    sheet = layer.rename_axis("row").reset_index()
    return _cells(zjk_gis.write_workbook({"gaps": sheet}, folder / "report.xlsx", summary={"gaps": 3}))


def _cells(path):
    from openpyxl import load_workbook

    warnings.simplefilter("ignore")  # openpyxl does not know every part of the file
    return [[cell.value for row in each for cell in row] for each in load_workbook(path)]


def _bulletin(layer):
    """Make a bulletin of cases that get their zones by where they lie; none was handled in time."""
    columns = {
        "incident_code": layer.index.astype(str),
        "occurred_at": DAYS,
        "filed_at": DAYS,
        "due_at": DAYS,
    }
    cases = layer[["geometry"]].assign(**columns, handled_at=None)
    given = {"incidents": cases, "responsibility_zones": Z()}
    return zjk_gis.reports.monthly_bulletin(given, month="2025-03", by="zone_code")


def _published(layer, folder):
    made = zjk_gis.city.publish_city(
        {"responsibility_zones": layer, "streets": sound("zones").assign(street_code=["A", "B", "C"])},
        folder / "out", at=DAY, printed=False,
    )  # fmt: skip
    return [_page(made.folder / each) for each in ("地图.html", "依据/zones.html")]


def _bulletin_made(write, name):
    """Write a page or sheets, whose figures are told by ids, and ask one of them for its rows."""

    def call(layer, folder):
        bulletin = _bulletin(layer)
        assert getattr(zjk_gis.reports, write)(bulletin, folder / name)
        return bulletin.rows("2025-03/reported/all")

    return call


def _problems(ending):
    def call(layer, folder):
        report = validate(layer, "responsibility_zones")
        path = zjk_gis.io.write_problems(report, folder / f"problems{ending}")
        with np.errstate(invalid="ignore"):
            return gpd.read_file(path, layer={".xlsx": "问题", ".gpkg": "problems"}.get(ending))

    return call


def _page_with_map(layer, folder):
    page = zjk_gis.maps.gaps_map(sound("region"), sound("lying over"), layer)
    table = pd.DataFrame(layer.drop(columns="geometry")).rename_axis("row").reset_index()
    path = zjk_gis.reports.write_page({"gaps": table}, folder / "r.html", summary={"gaps": 3}, page_map=page)
    return page, path.read_text("utf-8").count("<table")


def _workspace(layer, folder):
    city = zjk_gis.Workspace.open(folder / "city.gpkg")
    city.write("patrols", layer.rename_axis("fid_").reset_index())
    return city.read("patrols")


def _workspace_append(layer, folder):
    city = zjk_gis.Workspace.open(folder / "city.gpkg")
    numbered = layer.rename_axis("fid_").reset_index()
    city.write("patrols", numbered.iloc[:2])
    city.append("patrols", numbered.iloc[2:])
    return city.read("patrols")


def _workspace_bbox(layer, folder):
    city = zjk_gis.Workspace.open(folder / "city.gpkg")
    city.write("patrols", sound("zones"))
    return pd.DataFrame(city.read("patrols", bbox=layer)).to_csv()


def _register(layer, folder):
    register = zjk_gis.pipes.CoverRegister.build(layer)
    try:
        return register.to_table()
    finally:
        register.close()


Z, R = (lambda: sound("zones")), (lambda: sound("region"))


def _assigned():
    return zjk_gis.assign_incidents(sound("incidents"), Z())


def _ledger_of_all():
    return zjk_gis.coverage.accept_fault(
        sound("gaps"), ["G001", "G002", "G003"], by="局长", why="河道", until="2026-12-31", on="2025-12-31"
    )


def _dated(zones):
    return zones.assign(valid_from=["2024-01-01"] * 3, valid_to=[None] * 3)


def _spread(incidents):
    return incidents.assign(occurred_at=["2025-01-05", "2025-06-05", "2025-12-05"])


def _batch(zones, folder):
    (folder / "in.csv").write_text("lon,lat\n114.87,40.82\n", encoding="utf-8")
    zjk_gis.assign_batch(folder / "in.csv", zones, folder / "out.csv", progress=False)
    return (folder / "out.csv").read_text("utf-8")


# function -> what is called: (layer that is odd, call with it and a folder)
def _by_zone(incidents, zones):
    """Ask for the indicators of zones by place."""
    cases = incidents.drop(columns="zone_code", errors="ignore").assign(
        occurred_at="2025-11-03", filed_at="2025-11-03 08:00", closed_at="2025-11-03 09:00", event_code="0102"
    )
    found = zjk_gis.assess.indicators(cases, by="zone_code", areas=zones, month="2025-11")
    return found, found.attrs


def _swept(roads, districts):
    """Measure the only target that asks for places."""
    layers = {
        "roads": roads.assign(sweeping_method="机械清扫"),
        "districts": districts.assign(district_code="130703"),
    }
    found = zjk_gis.assess.measured_targets(layers, as_of="2025-12-31")
    return found, found.attrs


def _works(works, zones):
    """Ask what works cost by zone."""
    priced = works.assign(budget_yuan=1000)
    found = zjk_gis.assess.work_indicators(priced, by="zone_code", areas=zones, as_of="2025-12-31")
    return found, found.attrs


CALLS = {
    "CoverRegister": [("manholes", _register)],
    "SectionIndex": [
        (
            "sections",
            lambda s, _: zjk_gis.index.SectionIndex.build(s).nearest([EAST + 250.0], [NORTH + 25.0]),
        ),
    ],
    "Workspace": [
        *((name, _workspace) for name in ("zones", "roads", "incidents")),
        *((name, _workspace_append) for name in ("zones", "incidents")),
        ("region", _workspace_bbox),
    ],
    "ZoneIndex": [
        ("zones", lambda z, _: zjk_gis.ZoneIndex.build(z).locate([EAST + 250.0], [NORTH + 50.0])),
        (
            "zones",
            lambda z, _: zjk_gis.ZoneIndex.build(z, repair=True).locate([EAST + 250.0], [NORTH + 50.0]),
        ),
    ],
    "accept_fault": [("gaps", lambda g, _: _ledger(g))],
    "apply_repairs": [
        ("lying over", lambda z, _: zjk_gis.coverage.apply_repairs(z, _proposals(sound("lying over")))),
        (
            "lying over",
            lambda z, _: zjk_gis.coverage.apply_repairs(
                sound("lying over"), _with_odd_geometry(_proposals(sound("lying over")), z), accept=["R001"]
            ),
        ),
        (
            "region",
            lambda r, _: zjk_gis.coverage.apply_repairs(
                sound("lying over"), _proposals(sound("lying over")), region=r
            ),
        ),
    ],
    "assign_incidents": [
        ("incidents", lambda i, _: zjk_gis.assign_incidents(i, Z())),
        ("zones", lambda z, _: zjk_gis.assign_incidents(sound("incidents"), z)),
        ("grids", lambda g, _: zjk_gis.assign_incidents(sound("incidents"), Z(), grids=g)),
        ("sections", lambda s, _: zjk_gis.assign_incidents(sound("incidents"), Z(), sections=s)),
    ],
    "assign_batch": [
        ("zones", _batch),
    ],
    "assignment_map": [
        ("incidents", lambda i, f: zjk_gis.maps.assignment_map(_with_odd_geometry(_assigned(), i), Z())),
        ("zones", lambda z, f: zjk_gis.maps.assignment_map(_assigned(), z)),
    ],
    "border_sheet": [
        ("zones", lambda z, _: zjk_gis.coverage.border_sheet(z)),
        ("roads", lambda r, _: zjk_gis.coverage.border_sheet(Z(), roads=r)),
        ("rivers", lambda r, _: zjk_gis.coverage.border_sheet(Z(), rivers=r)),
        ("incidents", lambda i, _: zjk_gis.coverage.border_sheet(Z(), incidents=i)),
    ],
    "changes_map": [
        ("zones", lambda z, _: zjk_gis.maps.changes_map(z, Z())),
        ("zones", lambda z, _: zjk_gis.maps.changes_map(Z(), z)),
    ],
    "check_assignment": [
        ("incidents", lambda i, _: zjk_gis.check_assignment(i, Z())),
        ("zones", lambda z, _: zjk_gis.check_assignment(sound("incidents"), z)),
        ("zones", lambda z, _: zjk_gis.check_assignment(sound("incidents"), Z(), versions={"2023": z})),
    ],
    "check_positions": [
        ("incidents", lambda i, _: zjk_gis.check_positions(i)),
        ("incidents", lambda i, _: zjk_gis.check_positions(convert_crs(i, 4490))),
        ("incidents", lambda i, _: zjk_gis.check_positions(i, roads=sound("roads"), region=R())),
        ("roads", lambda r, _: zjk_gis.check_positions(sound("incidents"), roads=r)),
        ("region", lambda r, _: zjk_gis.check_positions(sound("incidents"), region=r)),
    ],
    "choropleth": [("zones", lambda z, _: zjk_gis.maps.choropleth(z, "population"))],
    "print_atlas": [
        (
            "zones",
            lambda z, to: zjk_gis.maps.print_atlas(
                zjk_gis.city_map({"responsibility_zones": Z()}), to / "a", z, "zone_code", date="2025-12-31"
            ),
        ),
    ],
    "city_map": [
        ("zones", lambda z, _: zjk_gis.city_map({"responsibility_zones": z})),
        ("roads", lambda r, _: zjk_gis.city_map({"roads": r})),
        ("manholes", lambda m, _: zjk_gis.city_map({"manholes": m})),
        ("gaps", lambda g, _: zjk_gis.city_map({"responsibility_zones": Z()}, results={"gaps": g})),
    ],
    "compare_zones": [
        ("zones", lambda z, _: zjk_gis.compare_zones(z, Z())),
        ("zones", lambda z, _: zjk_gis.compare_zones(Z(), z)),
        ("incidents", lambda i, _: zjk_gis.compare_zones(Z(), sound("lying over"), incidents=i)),
        ("roads", lambda r, _: zjk_gis.compare_zones(Z(), sound("lying over"), roads=r)),
        *(
            (name, lambda c, _: zjk_gis.compare_zones(Z(), sound("lying over"), components={"c": c}))
            for name in ("manholes", "pipelines", "estates")
        ),
    ],
    "convert_datum": [
        (name, lambda i, _: zjk_gis.convert_datum(convert_crs(i, 4326), source="gcj02", target="wgs84"))
        for name in ("incidents", "roads", "zones")
    ],
    "coverage_edges": [("zones", lambda z, _: zjk_gis.coverage.coverage_edges(z))],
    "coverage_faults": [
        ("region", lambda r, _: zjk_gis.coverage_faults(r, sound("lying over"))),
        ("lying over", lambda z, _: zjk_gis.coverage_faults(R(), z)),
        ("rivers", lambda a, _: zjk_gis.coverage_faults(R(), sound("lying over"), allowed=a)),
        ("estates", lambda p, _: zjk_gis.coverage_faults(R(), sound("lying over"), people=p)),
        ("buildings", lambda b, _: zjk_gis.coverage_faults(R(), sound("lying over"), buildings=b)),
        ("roads", lambda r, _: zjk_gis.coverage_faults(R(), sound("lying over"), roads=r)),
    ],
    "coverage_gaps": [
        ("region", lambda r, _: zjk_gis.coverage_gaps(r, sound("lying over"))),
        ("lying over", lambda z, _: zjk_gis.coverage_gaps(R(), z)),
        ("rivers", lambda a, _: zjk_gis.coverage_gaps(R(), sound("lying over"), allowed=a)),
        (
            "rivers",
            lambda a, _: zjk_gis.coverage_gaps(R(), sound("lying over"), allowed=a, allowed_within_m=1),
        ),
        ("estates", lambda p, _: zjk_gis.coverage_gaps(R(), sound("lying over"), people=p)),
        ("buildings", lambda b, _: zjk_gis.coverage_gaps(R(), sound("lying over"), buildings=b)),
        ("roads", lambda r, _: zjk_gis.coverage_gaps(R(), sound("lying over"), roads=r)),
    ],
    "coverage_over_time": [
        ("zones", lambda z, _: zjk_gis.changes.coverage_over_time(_dated(z), "2025-01-01", "2025-12-31")),
        (
            "region",
            lambda r, _: zjk_gis.changes.coverage_over_time(
                _dated(Z()), "2025-01-01", "2025-12-31", region=r
            ),
        ),
    ],
    "density_map": [
        ("incidents", lambda i, _: zjk_gis.maps.density_map(i)),
        ("region", lambda r, _: zjk_gis.maps.density_map(sound("incidents"), region=r)),
    ],
    "explain_incident": [
        ("incidents", lambda i, _: _explained(i, Z())),
        ("zones", lambda z, _: _explained(sound("incidents"), z)),
    ],
    "explanation_map": [("incidents", lambda i, _: zjk_gis.maps.explanation_map(_explained(i, Z())))],
    "fix_positions": [
        ("incidents", lambda i, _: zjk_gis.coordinates.fix_positions(i, zjk_gis.check_positions(i)))
    ],
    "gaps_map": [
        ("region", lambda r, _: zjk_gis.maps.gaps_map(r, Z())),
        ("zones", lambda z, _: zjk_gis.maps.gaps_map(R(), z)),
        ("gaps", lambda g, _: zjk_gis.maps.gaps_map(R(), Z(), g)),
        ("gaps", lambda g, _: zjk_gis.maps.gaps_map(R(), Z(), None, g)),
    ],
    "group_faults": [
        ("grids", lambda g, _: zjk_gis.coverage.group_faults(g, groups=sound("groups"))),
        ("groups", lambda g, _: zjk_gis.coverage.group_faults(sound("grids"), groups=g)),
        ("communities", lambda c, _: zjk_gis.coverage.group_faults(sound("grids"), communities=c)),
        (
            "zones",
            lambda z, _: zjk_gis.coverage.group_faults(
                sound("grids"), zones=z.assign(parent_code=["", "A", "A"])
            ),
        ),
        ("region", lambda c, _: zjk_gis.coverage.group_faults(sound("grids"), centre=c)),
        ("buildings", lambda b, _: zjk_gis.coverage.group_faults(sound("grids"), buildings=b)),
    ],
    "heritage_map": [
        ("historic_blocks", lambda h, _: zjk_gis.maps.heritage_map(h)),
        ("buildings", lambda b, _: zjk_gis.maps.heritage_map(sound("historic_blocks"), b)),
    ],
    "emerging_hot_spots": [
        ("incidents", lambda i, _: zjk_gis.assess.emerging_hot_spots(_spread(i), cells=50, region=R())),
        ("zones", lambda z, _: zjk_gis.assess.emerging_hot_spots(_spread(sound("incidents")), cells=z)),
    ],
    "hot_spots": [
        ("incidents", lambda i, _: zjk_gis.assess.hot_spots(i, cells=50, region=R())),
        ("incidents", lambda i, _: zjk_gis.assess.hot_spots(i, cells=Z())),
        ("region", lambda r, _: zjk_gis.assess.hot_spots(sound("incidents"), cells=50, region=r)),
        ("zones", lambda z, _: zjk_gis.assess.hot_spots(sound("incidents"), cells=z)),
        ("estates", lambda p, _: zjk_gis.assess.hot_spots(sound("incidents"), cells=Z(), people=p)),
        ("roads", lambda r, _: zjk_gis.assess.hot_spots(sound("incidents"), cells=Z(), roads=r)),
        ("tracks", lambda t, _: zjk_gis.assess.hot_spots(sound("incidents"), cells=Z(), patrols=t)),
    ],
    "hot_spots_map": [
        ("zones", lambda z, _: zjk_gis.maps.hot_spots_map(z.assign(hot_class="hot_99"))),
        (
            "streets",
            lambda s, _: zjk_gis.maps.hot_spots_map(Z().assign(pattern="new_hot"), streets=s),
        ),
    ],
    "indicators": [
        ("incidents", lambda i, _: _by_zone(i, Z())),
        ("zones", lambda z, _: _by_zone(sound("incidents"), z)),
    ],
    "measured_targets": [
        ("roads", lambda r, _: _swept(r, R())),
        ("region", lambda c, _: _swept(sound("roads"), c)),
    ],
    "work_indicators": [
        ("buildings", lambda b, _: _works(b, Z())),
        ("zones", lambda z, _: _works(sound("buildings"), z)),
    ],
    "near_repeats": [
        (
            "incidents",
            lambda i, _: zjk_gis.assess.near_repeats(i, distances=[150], days=[7], permutations=9),
        ),
    ],
    "infer_coordinates": [
        *((name, lambda i, _: zjk_gis.infer_coordinates(i)) for name in ("incidents", "roads", "zones")),
        ("region", lambda r, _: zjk_gis.infer_coordinates(sound("incidents"), reference=r)),
    ],
    "manholes_outside_zones": [
        ("manholes", lambda m, _: zjk_gis.pipes.manholes_outside_zones(m, Z())),
        ("zones", lambda z, _: zjk_gis.pipes.manholes_outside_zones(sound("manholes"), z)),
    ],
    "number_grids": [("unnumbered", lambda g, _: zjk_gis.layers.number_grids(g))],
    "pipe_network": [
        ("manholes", lambda m, _: zjk_gis.pipes.pipe_network(m, sound("pipelines")).nodes),
        ("pipelines", lambda p, _: zjk_gis.pipes.pipe_network(sound("manholes"), p).pipelines),
        (
            "manholes",
            lambda m, _: (
                zjk_gis.pipes.pipe_network(
                    sound("manholes"), sound("pipelines"), points=_as("point_code", m)
                ).nodes
            ),
        ),
    ],
    "network_faults": [
        (
            "pipelines",
            lambda p, _: zjk_gis.pipes.network_faults(zjk_gis.pipes.pipe_network(sound("manholes"), p)),
        ),
        (
            "manholes",
            lambda m, _: zjk_gis.pipes.network_faults(_network(), {"outfalls": _as("outfall_code", m)}),
        ),
    ],
    "outfalls": [
        ("manholes", lambda m, _: zjk_gis.pipes.outfalls(_network(), registered=_as("outfall_code", m))),
    ],
    "trace": [("incidents", lambda i, _: zjk_gis.pipes.trace(_network(), i, within_m=1e9))],
    "backed_up": [
        (
            "incidents",
            lambda i, _: zjk_gis.pipes.backed_up(
                zjk_gis.pipes.pipe_network(sound("manholes"), sound("pipelines").assign(pipe_kind="WS")),
                i,
                within_m=1e9,
            ),
        ),
    ],
    "critical_pipes": [
        ("manholes", lambda m, _: zjk_gis.pipes.critical_pipes(_network(), sources=_as("source_code", m))),
    ],
    "critical_manholes": [
        ("manholes", lambda m, _: zjk_gis.pipes.critical_manholes(_network(), sources=_as("source_code", m))),
    ],
    "isolation_segments": [
        ("manholes", lambda m, _: zjk_gis.pipes.isolation_segments(_network(), _as("valve_code", m))),
    ],
    "shut_off": [
        ("manholes", lambda m, _: _shut_off(valves=_as("valve_code", m))),
        ("manholes", lambda m, _: _shut_off(sources=_as("source_code", m))),
        ("manholes", lambda m, _: _shut_off(users=_as("user_code", m))),
    ],
    "network_zone_figures": [
        ("zones", lambda z, _: _zone_figures(z)),
        ("manholes", lambda m, _: _zone_figures(Z(), users=_as("user_code", m))),
        (
            "manholes",
            lambda m, _: _zone_figures(Z(), breaks=_as("break_code", m.assign(occurred_on="2025-01-01"))),
        ),
    ],
    "zone_crossings": [
        ("zones", lambda z, _: zjk_gis.pipes.zone_crossings(_network(), _as("network_zone_code", z))),
    ],
    "print_section": [("cuts", _section)],
    "renewal_list": [
        ("manholes", lambda m, _: zjk_gis.pipes.renewal_list(_network(), breaks=_as("break_code", m))),
        ("manholes", lambda m, _: zjk_gis.pipes.renewal_list(_network(), users=_as("user_code", m))),
    ],
    "write_epanet": [
        (
            "manholes",
            lambda m, folder: zjk_gis.pipes.write_epanet(
                _network(), folder / "w.inp", kinds="排水", sources=_as("source_code", m)
            ),
        ),
    ],
    "adverse_slopes": [
        ("pipelines", lambda p, _: zjk_gis.pipes.adverse_slopes(_surveyed(p))),
        (
            "manholes",
            lambda m, _: zjk_gis.pipes.adverse_slopes(_surveyed(sound("pipelines")), manholes=m),
        ),
        (
            "manholes",
            lambda m, _: zjk_gis.pipes.adverse_slopes(
                _surveyed(sound("pipelines")), points=_as("point_code", m)
            ),
        ),
    ],
    "archive_completeness": [
        ("manholes", lambda m, _: zjk_gis.pipes.archive_completeness(_filed(m))),
        ("houses", lambda h, _: P.archive_completeness(h)),
    ],
    "clearance_conflicts": [
        ("pipelines", lambda p, _: zjk_gis.pipes.clearance_conflicts(_surveyed(p))),
        *(
            (name, lambda b, _, beside=beside: _conflicts(**{beside: b}))
            for beside, name in (
                ("buildings", "buildings"),
                ("trees", "incidents"),
                ("kerbs", "roads"),
                ("railways", "roads"),
            )
        ),
    ],
    "cover_depths": [
        ("pipelines", lambda p, _: zjk_gis.pipes.cover_depths(_surveyed(p))),
        (
            "digs",
            lambda c, _: zjk_gis.pipes.cover_depths(_surveyed(sound("pipelines")), carriageways=c),
        ),
    ],
    "cover_faults": [
        ("manholes", lambda m, _: zjk_gis.pipes.cover_faults(_filed(m))),
        (
            "pipelines",
            lambda p, _: zjk_gis.pipes.cover_faults(_filed(sound("manholes")), pipelines=p),
        ),
        (
            "zones",
            lambda z, _: zjk_gis.pipes.cover_faults(
                _filed(sound("manholes")).drop(columns="place"), places=z.assign(place="车行道")
            ),
        ),
    ],
    "cross_section": [
        ("cuts", lambda c, _: zjk_gis.pipes.cross_section(c.iloc[[-1]], _surveyed(sound("pipelines")))),
        (
            "pipelines",
            lambda p, _: zjk_gis.pipes.cross_section(sound("cuts").iloc[[-1]], _surveyed(p)),
        ),
    ],
    "duplicate_reports": [
        (
            "incidents",
            lambda i, _: zjk_gis.assess.duplicate_reports(_cases(i), within_m=199, within="9d"),
        ),
    ],
    "excavation_impact": [
        ("digs", lambda d, _: _dug(dig=d)),
        ("pipelines", lambda p, _: _dug(pipes=p)),
        ("historic_blocks", lambda h, _: _dug(blocks=h.assign(scope_code=["H1", "H2", "H3"]))),
        ("zones", lambda z, _: _dug(zones=z)),
    ],
    "incidents_per_cover": [
        (
            "manholes",
            lambda m, _: zjk_gis.pipes.incidents_per_cover(m, sound("incidents"), within_m=1e9),
        ),
        (
            "incidents",
            lambda i, _: zjk_gis.pipes.incidents_per_cover(sound("manholes"), i, within_m=1e9),
        ),
    ],
    "repeat_incidents": [
        ("incidents", lambda i, _: zjk_gis.assess.repeat_incidents(_cases(i), within_m=199)),
    ],
    "repeated_excavations": [
        ("digs", lambda d, _: zjk_gis.pipes.repeated_excavations(d, _opened(sound("roads")))),
        ("roads", lambda r, _: zjk_gis.pipes.repeated_excavations(sound("digs"), _opened(r))),
    ],
    "survey_faults": [
        ("manholes", lambda m, _: zjk_gis.pipes.survey_faults(m, _surveyed(sound("pipelines")))),
        ("pipelines", lambda p, _: zjk_gis.pipes.survey_faults(sound("manholes"), _surveyed(p))),
        (
            "manholes",
            lambda m, _: zjk_gis.pipes.survey_faults(
                sound("manholes"), _surveyed(sound("pipelines")), points=_as("point_code", m)
            ),
        ),
    ],
    "overlay_layers": [
        *(
            (name, lambda a, _, how=how: zjk_gis.overlay.overlay_layers(a, Z(), how))
            for name in ("zones", "roads", "incidents")
            for how in ("share", "within", "crossing", "nearest")
        ),
        *(
            (name, lambda a, _, how=how: zjk_gis.overlay.overlay_layers(a, Z(), **how))
            for name in ("zones", "roads", "incidents")
            for how in ({"once": True}, {"split": True})
        ),
        *(
            ("zones", lambda b, _, how=how: zjk_gis.overlay.overlay_layers(sound("roads"), b, how))
            for how in ("share", "within", "crossing", "nearest")
        ),
        *(
            (name, lambda b, _, how=how: zjk_gis.overlay.overlay_layers(Z(), b, how))
            for name in ("sections", "manholes")
            for how in ("crossing", "nearest")
        ),
    ],
    "overlay_totals": [
        (
            name,
            lambda a, _: zjk_gis.overlay.overlay_totals(zjk_gis.overlay.overlay_layers(a, Z())),
        )
        for name in ("zones", "roads", "incidents")
    ],
    "dig_map": [
        (
            "pipelines",
            lambda p, _: zjk_gis.maps.dig_map(p.assign(impact="is_hit"), sound("digs")),
        ),
        ("digs", lambda d, _: zjk_gis.maps.dig_map(_dug(), d)),
        ("pipelines", lambda p, _: zjk_gis.maps.dig_map(_dug(), sound("digs"), p)),
        ("manholes", lambda m, _: zjk_gis.maps.dig_map(_dug(), sound("digs"), None, m)),
    ],
    "draw_kind": [
        (own, _kind_of_map(kind, name))
        for kind, name, own in (
            ("zones", "responsibility_zones", "zones"),
            ("assignment", "responsibility_zones", "zones"),
            ("assignment", "incidents", "incidents"),
            ("gaps", "built_up_areas", "region"),
            ("gaps", "responsibility_zones", "zones"),
            ("gaps", "rivers", "rivers"),
            ("changes", "before", "zones"),
            ("changes", "responsibility_zones", "zones"),
            ("pipes", "pipelines", "pipelines"),
            ("pipes", "manholes", "manholes"),
            ("pipes", "built_up_areas", "region"),
            ("parking", "parking_lots", "lots"),
            ("parking", "residential_estates", "estates"),
            ("heritage", "historic_blocks", "historic_blocks"),
            ("heritage", "pipelines", "pipelines"),
            ("heritage", "historic_buildings", "buildings"),
            ("density", "incidents", "incidents"),
            ("choropleth", "areas", "zones"),
        )
    ],
    "audit_city": [
        (own, _audited(name))
        for name, own in (
            ("responsibility_zones", "zones"),
            ("rivers", "rivers"),
            ("residential_estates", "estates"),
            ("assigned", "incidents"),
            ("accepted_faults", "gaps"),
        )
    ],
    "compare_city": [
        ("zones", lambda z, _: zjk_gis.reports.compare_city(z, sound("lying over"), city=_city())),
        ("zones", lambda z, _: zjk_gis.reports.compare_city(sound("lying over"), z, city=_city())),
        *(
            (own, lambda c, _, name=name: _compared(**{name: c}))
            for name, own in (("roads", "roads"), ("manholes", "manholes"))
        ),
    ],
    "write_audit": [
        (own, _audit_written(name)) for name, own in (("responsibility_zones", "zones"), ("gaps", "gaps"))
    ],
    "write_changes": [
        (own, _changes_written(name))
        for name, own in (("old", "zones"), ("new", "zones"), ("moved", "zones"), ("incidents", "incidents"))
    ],
    "write_survey": [
        (own, _survey_written(name))
        for name, own in (("assigned", "incidents"), ("gaps", "gaps"), ("pipelines", "pipelines"))
    ],
    "monthly_bulletin": [("incidents", lambda i, _: _bulletin(i).rows("2025-03/reported/all"))],
    "write_bulletin": [
        (
            "incidents",
            lambda i, folder: (
                [*zjk_gis.reports.write_bulletin(_bulletin(i), folder).files]
                and _cells(folder / "bulletin.xlsx")
            ),
        ),
    ],
    "write_bulletin_book": [
        (
            "incidents",
            lambda i, folder: _cells(zjk_gis.reports.write_bulletin_book(_bulletin(i), folder / "b.xlsx")),
        ),
    ],
    "write_bulletin_page": [("incidents", _bulletin_made("write_bulletin_page", "b.html"))],
    "publish_city": [("zones", _published)],
    "write_bulletin_sheets": [("incidents", _bulletin_made("write_bulletin_sheets", "sheets"))],
    "write_assignment_report": [
        (own, _assignment_reported(name))
        for name, own in (("zones", "zones"), ("unit_grids", "grids"), ("roads", "roads"))
    ],
    "write_table_report": [("gaps", _table_report), ("incidents", _table_report)],
    "trace_map": [
        ("pipelines", lambda p, _: zjk_gis.maps.trace_map(p.assign(distance_m=1.0, steps=1), p)),
    ],
    "shut_off_map": [
        (
            "pipelines",
            lambda p, _: zjk_gis.maps.shut_off_map(
                p.assign(state="isolated"), _as("valve_code", sound("manholes"))
            ),
        ),
        (
            "manholes",
            lambda m, _: zjk_gis.maps.shut_off_map(
                sound("pipelines").assign(state="isolated"), _as("valve_code", m)
            ),
        ),
    ],
    "orphan_manholes": [
        ("manholes", lambda m, _: zjk_gis.pipes.orphan_manholes(m, sound("pipelines"))),
        ("pipelines", lambda p, _: zjk_gis.pipes.orphan_manholes(sound("manholes"), p)),
    ],
    "overlapping_zones": [
        ("lying over", lambda z, _: zjk_gis.overlapping_zones(z)),
        ("lying over", lambda z, _: zjk_gis.overlapping_zones(z, by="set")),
        ("estates", lambda p, _: zjk_gis.overlapping_zones(sound("lying over"), people=p)),
        ("buildings", lambda b, _: zjk_gis.overlapping_zones(sound("lying over"), buildings=b)),
        ("roads", lambda r, _: zjk_gis.overlapping_zones(sound("lying over"), roads=r)),
    ],
    "access_map": [
        ("estates", lambda e, _: zjk_gis.maps.access_map(e.assign(reason="reached"), sound("lots"))),
        ("lots", lambda p, _: zjk_gis.maps.access_map(sound("estates").assign(reason="reached"), p)),
    ],
    "roads_map": [
        ("region", lambda r, _: zjk_gis.maps.roads_map(_roads(), region=r)),
        ("rivers", lambda b, _: zjk_gis.maps.roads_map(_roads(), barriers=b)),
        ("roads", lambda w, _: zjk_gis.maps.roads_map(_roads(), bottlenecks=w.assign(kind="road"))),
    ],
    "siting_map": [
        ("lots", lambda p, _: zjk_gis.maps.siting_map(_plan(), existing=p)),
        ("region", lambda r, _: zjk_gis.maps.siting_map(_plan(), region=r)),
        ("rivers", lambda b, _: zjk_gis.maps.siting_map(_plan(), barriers=b)),
    ],
    "berth_authority": [
        ("lots", lambda p, _: A.berth_authority(p, sound("region"))),
        ("lot areas", lambda p, _: A.berth_authority(p, sound("region"))),
        ("region", lambda r, _: A.berth_authority(sound("lots"), r)),
    ],
    "berth_balance": [
        ("estates", lambda e, _: A.berth_balance(_homes(e), _berths(sound("lots")), _roads())),
        ("lots", lambda p, _: A.berth_balance(_homes(sound("estates")), _berths(p), _roads())),
    ],
    "berths_by_area": [
        ("lots", lambda p, _: A.berths_by_area(_berths(p), sound("streets"))),
        ("streets", lambda s, _: A.berths_by_area(_berths(sound("lots")), s)),
    ],
    "bottlenecks": [("estates", lambda e, _: A.bottlenecks(_roads(), homes=e))],
    "coverage_of": [
        (
            "streets",
            lambda s, _: A.coverage_of(A.nearest_facilities(sound("estates"), sound("lots"), _roads()), s),
        ),
        (
            "estates",
            lambda e, _: A.coverage_of(A.nearest_facilities(e, sound("lots"), _roads()), sound("streets")),
        ),
    ],
    "dead_ends": [("region", lambda r, _: A.dead_ends(_roads(), r))],
    "dead_ends_map": [
        ("manholes", lambda m, _: zjk_gis.maps.dead_ends_map(m.assign(kind="dead_end"))),
        (
            "roads",
            lambda r, _: zjk_gis.maps.dead_ends_map(sound("manholes").assign(kind="dead_end"), roads=r),
        ),
    ],
    "detour_index": [
        ("estates", lambda e, _: A.detour_index(e, _roads(), least_m=10)),
        ("streets", lambda s, _: A.detour_index(sound("estates"), _roads(), areas=s, least_m=10)),
    ],
    "facility_density": [
        ("lots", lambda p, _: A.facility_density(p, sound("region"))),
        ("region", lambda r, _: A.facility_density(sound("lots"), r)),
    ],
    "lacking_facilities": [
        ("estates", lambda e, _: A.lacking_facilities(e, {"lots": sound("lots")}, _roads())),
        ("lots", lambda p, _: A.lacking_facilities(sound("estates"), {"lots": p}, _roads())),
    ],
    "nearest_facilities": [
        ("estates", lambda e, _: A.nearest_facilities(e, sound("lots"), _roads())),
        ("lots", lambda p, _: A.nearest_facilities(sound("estates"), p, _roads())),
        ("lot areas", lambda p, _: A.nearest_facilities(sound("estates"), p, _roads())),
    ],
    "public_lots": [("lots", lambda p, _: A.public_lots(_berths(p)))],
    "road_network": [
        ("roads", lambda r, _: A.road_network(r).report),
        ("rivers", lambda b, _: _roads(b).report),
    ],
    "service_areas": [
        ("lots", lambda p, _: A.service_areas(p, _roads(), within_m=50)),
        ("lot areas", lambda p, _: A.service_areas(p, _roads(), within_m=50)),
        ("estates", lambda e, _: A.service_areas(sound("lots"), _roads(), within_m=50, people=e)),
    ],
    "site_facilities": [
        ("estates", lambda e, _: A.site_facilities(e, sound("lots"), _roads(), count=1)),
        ("lots", lambda p, _: A.site_facilities(sound("estates"), p, _roads(), count=1)),
    ],
    "parking_gaps": [
        ("region", lambda r, _: zjk_gis.access.parking_gaps(r, sound("lots"), within_m=50)),
        ("lots", lambda p, _: zjk_gis.access.parking_gaps(R(), p, within_m=50)),
        ("lot areas", lambda p, _: zjk_gis.access.parking_gaps(R(), p, within_m=50)),
        ("rivers", lambda b, _: zjk_gis.access.parking_gaps(R(), sound("lots"), within_m=50, barriers=b)),
        ("estates", lambda e, _: zjk_gis.access.parking_gaps(R(), sound("lots"), within_m=50, estates=e)),
    ],
    "parking_map": [
        ("lots", lambda p, _: zjk_gis.maps.parking_map(p)),
        ("lot areas", lambda p, _: zjk_gis.maps.parking_map(p)),
        ("estates", lambda e, _: zjk_gis.maps.parking_map(sound("lots"), estates=e)),
    ],
    "patrol_coverage": [
        ("sections", lambda s, _: zjk_gis.responsibility.patrol_coverage(s, sound("tracks"))),
        ("tracks", lambda t, _: zjk_gis.responsibility.patrol_coverage(sound("sections"), t)),
    ],
    "affected_features": [
        ("historic_blocks", lambda h, _: P.affected_features(h, {"projects": sound("projects")})),
        ("projects", lambda p, _: P.affected_features(sound("historic_blocks"), {"projects": p})),
        ("pipelines", lambda p, _: P.affected_features(sound("historic_blocks"), {"pipelines": p})),
    ],
    "archive_totals": [
        ("houses", lambda h, _: P.archive_totals(P.archive_completeness(h))),
    ],
    "black_spots": [
        ("incidents", lambda i, _: zjk_gis.assess.black_spots(i, sound("roads"), within_m=99)),
        ("roads", lambda r, _: zjk_gis.assess.black_spots(sound("incidents"), r, within_m=99)),
    ],
    "block_conformity": [
        ("historic_blocks", lambda h, _: P.block_conformity(h, sound("houses"))),
        ("houses", lambda h, _: P.block_conformity(sound("historic_blocks"), h)),
    ],
    "height_conflicts": [
        ("projects", lambda p, _: P.height_conflicts(p, sound("height zones"))),
        ("height zones", lambda z, _: P.height_conflicts(sound("projects"), z)),
    ],
    "protected_scope": [
        ("projects", lambda p, _: P.protected_scope(p, sound("historic_blocks"))),
        ("pipelines", lambda p, _: P.protected_scope(p, sound("historic_blocks"))),
        ("manholes", lambda m, _: P.protected_scope(m, sound("historic_blocks"))),
        ("historic_blocks", lambda h, _: P.protected_scope(sound("projects"), h)),
        ("trees", lambda t, _: P.protected_scope(sound("projects"), t)),
        ("region", lambda r, _: P.protected_scope(sound("projects"), sound("trees"), survey_extents=r)),
        ("zones", lambda z, _: P.protected_scope(sound("projects"), sound("historic_blocks"), zones=z)),
    ],
    "view_corridor_conflicts": [
        ("views", lambda v, _: P.view_corridor_conflicts(v, sound("houses"))),
        ("houses", lambda h, _: P.view_corridor_conflicts(sound("views"), h)),
    ],
    "pipelines_in_core": [
        ("pipelines", lambda p, _: zjk_gis.protection.pipelines_in_core(p, sound("historic_blocks"))),
        ("historic_blocks", lambda h, _: zjk_gis.protection.pipelines_in_core(sound("pipelines"), h)),
    ],
    "pipes_map": [
        ("pipelines", lambda p, _: zjk_gis.maps.pipes_map(p)),
        ("manholes", lambda m, _: zjk_gis.maps.pipes_map(sound("pipelines"), m)),
    ],
    "rank_faults": [
        ("gaps", lambda g, _: zjk_gis.coverage.rank_faults(g, incidents=sound("incidents"))),
        ("gaps", lambda g, _: zjk_gis.coverage.rank_faults({"gaps": g})),
        ("incidents", lambda i, _: zjk_gis.coverage.rank_faults(sound("gaps"), incidents=i)),
        ("estates", lambda p, _: zjk_gis.coverage.rank_faults(sound("gaps"), people=p)),
        ("roads", lambda r, _: zjk_gis.coverage.rank_faults(sound("gaps"), roads=r)),
        *(
            (name, lambda c, _: zjk_gis.coverage.rank_faults(sound("gaps"), components={"c": c}))
            for name in ("manholes", "pipelines", "estates")
        ),
    ],
    "reassign_incidents": [
        (
            "incidents",
            lambda i, _: zjk_gis.assign.reassign_incidents(
                zjk_gis.assign_incidents(i, Z()), Z(), sound("lying over")
            ),
        ),
        ("zones", lambda z, _: zjk_gis.assign.reassign_incidents(_assigned(), z, sound("lying over"))),
        ("zones", lambda z, _: zjk_gis.assign.reassign_incidents(_assigned(), Z(), z)),
    ],
    "mark_repeats": [("incidents", lambda i, _: zjk_gis.assess.mark_repeats(_cases(i), within_m=199))],
    "mend_coverage": [
        ("region", lambda r, _: zjk_gis.coverage.mend_coverage(r, sound("lying over")).zones),
        ("lying over", lambda z, _: zjk_gis.coverage.mend_coverage(R(), z).zones),
    ],
    "building_changes": [
        ("buildings", lambda b, _: P.building_changes(b, _raised(sound("buildings")))),
        ("buildings", lambda b, _: P.building_changes(_raised(sound("buildings")), b)),
        ("tracks", lambda t, _: P.building_changes(sound("estates"), sound("zones"), tracks=t)),
        ("zones", lambda z, _: P.building_changes(sound("estates"), sound("zones"), zones=z)),
        ("streets", lambda s, _: P.building_changes(sound("estates"), sound("zones"), streets=s)),
    ],
    "cables_along_tunnels": [
        ("roads", lambda c, _: P.cables_along_tunnels(_cables(c), _tunnels(sound("roads")))),
        ("roads", lambda t, _: P.cables_along_tunnels(_cables(sound("roads")), _tunnels(t))),
    ],
    "double_payment": [("lying over", lambda a, _: P.double_payment(_contracted(a)))],
    "footway_obstacles": [
        ("lots", lambda o, _: P.footway_obstacles({"lots": o}, footways=Z())),
        ("lot areas", lambda o, _: P.footway_obstacles({"lots": o}, footways=Z())),
        ("zones", lambda z, _: P.footway_obstacles({"lots": sound("lots")}, footways=z)),
        ("roads", lambda r, _: P.footway_obstacles({"lots": sound("lots")}, tactile_paving=r)),
    ],
    "patrol_passes": [
        ("incidents", lambda p, _: P.patrol_passes(p, sound("tracks"), within_m=60)),
        ("zones", lambda p, _: P.patrol_passes(p, sound("tracks"), within_m=60)),
        ("tracks", lambda t, _: P.patrol_passes(Z(), t)),
    ],
    "risk_buffers": [
        *(
            (name, lambda h, _: P.risk_buffers(h.assign(buffer_m=30.0)))
            for name in ("lots", "roads", "lot areas")
        ),
        ("estates", lambda p, _: P.risk_buffers(_hazards(), p)),
        ("zones", lambda f, _: P.risk_buffers(_hazards(), facilities={"zones": f})),
        (
            "manholes",
            lambda r, _: P.risk_buffers(_hazards(), resources={"r": r}, network=_roads()),
        ),
        ("zones", lambda z, _: P.risk_buffers(_hazards(), zones=z)),
        ("streets", lambda s, _: P.risk_buffers(_hazards(), streets=s)),
    ],
    "shareable_poles": [
        ("lots", lambda p, _: P.shareable_poles(_poles(p), sound("roads"), within_m=999)),
        ("roads", lambda r, _: P.shareable_poles(_poles(sound("lots")), r, within_m=999)),
        (
            "lots",
            lambda p, _: P.shareable_poles(_poles(sound("lots")), sound("roads"), lamps=_lamps(p)),
        ),
    ],
    "repair_coverage": [
        ("region", lambda r, _: zjk_gis.repair_coverage(r, sound("lying over"))),
        ("lying over", lambda z, _: zjk_gis.repair_coverage(R(), z)),
        ("rivers", lambda a, _: zjk_gis.repair_coverage(R(), sound("lying over"), allowed=a)),
    ],
    "responsibility_audit": [
        ("region", lambda r, _: zjk_gis.responsibility_audit(r, Z())),
        ("lying over", lambda z, _: zjk_gis.responsibility_audit(R(), z)),
        ("roads", lambda r, _: zjk_gis.responsibility_audit(R(), Z(), roads=r)),
        ("sections", lambda s, _: zjk_gis.responsibility_audit(R(), Z(), sections=s)),
        ("streets", lambda s, _: zjk_gis.responsibility_audit(R(), Z(), streets=s)),
        ("rivers", lambda a, _: zjk_gis.responsibility_audit(R(), Z(), allowed=a)),
        ("estates", lambda p, _: zjk_gis.responsibility_audit(R(), sound("lying over"), people=p)),
        (
            "manholes",
            lambda c, _: zjk_gis.responsibility_audit(R(), sound("lying over"), components={"c": c}),
        ),
        (
            "incidents",
            lambda i, _: zjk_gis.responsibility_audit(
                R(), sound("lying over"), assigned=zjk_gis.assign_incidents(i, Z())
            ),
        ),
        (
            "gaps",
            lambda g, _: zjk_gis.responsibility_audit(
                R(), sound("lying over"), accepted=_with_odd_geometry(_ledger_of_all(), g), at="2025-12-31"
            ),
        ),
    ],
    "responsibility_timeline": [
        ("zones", lambda z, _: zjk_gis.changes.responsibility_timeline(_dated(z), Point(at(50, 50)))),
        ("zones", lambda z, _: zjk_gis.changes.responsibility_timeline(_dated(Z()), z.iloc[[-1]])),
        (
            "incidents",
            lambda i, _: zjk_gis.changes.responsibility_timeline(_dated(Z()), i.geometry.iloc[[-1]]),
        ),
    ],
    "road_responsibility": [
        ("roads", lambda r, _: zjk_gis.responsibility.road_responsibility(r, zones=Z())),
        ("zones", lambda z, _: zjk_gis.responsibility.road_responsibility(sound("roads"), zones=z)),
        ("sections", lambda s, _: zjk_gis.responsibility.road_responsibility(sound("roads"), sections=s)),
        (
            "streets",
            lambda s, _: zjk_gis.responsibility.road_responsibility(sound("roads"), zones=Z(), streets=s),
        ),
    ],
    "road_totals": [("stretches", lambda s, _: zjk_gis.responsibility.road_totals(s))],
    "sections_without_chief": [("sections", lambda s, _: zjk_gis.responsibility.sections_without_chief(s))],
    "misconnections": [
        ("manholes", lambda m, _: _misconnected(m, sound("pipelines"))),
        ("pipelines", lambda p, _: _misconnected(sound("manholes"), p)),
    ],
    "survey_city": [(layer, _survey(name)) for name, layer in [*CITY.items(), ("incidents", "incidents")]],
    "validate": [
        ("zones", lambda z, _: validate(z, "responsibility_zones")),
        ("roads", lambda r, _: validate(r, "roads")),
        ("manholes", lambda m, _: validate(m, "manholes")),
        ("grids", lambda g, _: validate(g, "unit_grids", layers={"communities": sound("communities")})),
        ("communities", lambda c, _: validate(sound("grids"), "unit_grids", layers={"communities": c})),
    ],
    "without_accepted": [
        ("gaps", lambda g, _: zjk_gis.coverage.without_accepted(g, _ledger(sound("gaps")), at="2026-01-01")),
        (
            "gaps",
            lambda g, _: zjk_gis.coverage.without_accepted(
                sound("gaps"), _with_odd_geometry(_ledger_of_all(), g), at="2026-01-01"
            ),
        ),
    ],
    "write_layer": [
        (name, _write(ending))
        for name in ("zones", "roads", "incidents")
        for ending in (".gpkg", ".geojson", ".shp", ".csv", ".xlsx", ".kml", ".fgb")
    ],
    "write_page": [("gaps", _report), ("incidents", _report), ("gaps", _page_with_map)],
    "write_problems": [("zones", _problems(ending)) for ending in (".csv", ".xlsx", ".gpkg")],
    "write_workbook": [("gaps", _workbook), ("incidents", _workbook), ("roads", _workbook)],
    "zones_at": [("zones", lambda z, _: zjk_gis.layers.zones_at(_dated(z), "2025-01-01"))],
    "zones_map": [
        ("zones", lambda z, _: zjk_gis.maps.zones_map(z)),
        ("incidents", lambda i, _: zjk_gis.maps.zones_map(Z(), assigned=_with_odd_geometry(_assigned(), i))),
    ],
    "crs.as_metric": [
        *(
            (name, lambda z, _: as_metric(convert_crs(z, 4490), "layer"))
            for name in ("incidents", "roads", "zones")
        ),
    ],
    "crs.convert_crs": [
        *((name, lambda z, _: convert_crs(z, 4490)) for name in ("incidents", "roads", "zones")),
    ],
    "crs.crs_for": [
        *((name, lambda z, _: crs_for(z)) for name in ("incidents", "roads", "zones")),
        *((name, lambda z, _: crs_for(convert_crs(z, 4490))) for name in ("incidents", "roads", "zones")),
    ],
}

# They answer for the layer as a whole, from the rows that have a place or, for the totals, from columns only.
EXTENTS = {
    "crs.crs_for",
    "archive_completeness",
    "archive_totals",
    "infer_coordinates",
    "road_totals",
    "zones_map of incidents",
}

# Public names that take no layer of the caller's.
NO_LAYER = {
    "answer_schema",
    "assign_batches",
    "assign_on_dask",
    "assign_on_spark",
    "plan_cluster",
    "changes_between", "refresh_city", "undo_refresh",
    "__version__", "Policy", "add_base_map", "area_trade_matrix", "assignment_figures",
    "assignment_summary", "base_map",
    "busiest_chiefs", "case_ledgers", "check_codes", "check_writable", "composite_score", "crs", "deadlines",
    "draft_city",
    "explain_code", "write_table",
    "label", "list_layers", "missing_links", "next_codes",
    "offline_frame", "parse_codes", "print_map", "ranking", "read_city",
    "read_folder", "read_layer", "read_table", "rules_table", "save_offline", "spec_of", "target_progress",
    "trend", "who_handles",
    "write_swmm",
}  # fmt: skip


def _vertices(shape):
    """Write a geometry as the vertices it has, whatever empty parts or heights are beside them."""
    return "" if shape is None else f"{np.round(shapely.get_coordinates(shape), 3).tolist()}"


def _texts(value, depth=0):
    """Write a result out, as text in which two can be compared and the odd row be looked for."""
    if isinstance(value, gpd.GeoSeries):
        yield from _texts(value.to_frame("geometry"), depth)
    elif isinstance(value, pd.DataFrame):
        frame = pd.DataFrame(value).rename_axis("row")
        for name in frame.columns[frame.dtypes.map(str) == "geometry"]:
            frame[name] = [_vertices(shape) for shape in frame[name]]
        yield frame.to_csv(float_format="%.6f")
        yield json.dumps(value.attrs, default=str, ensure_ascii=False)
    elif hasattr(value, "zjk_page"):
        yield json.dumps(value.zjk_page.notes, ensure_ascii=False)
        yield json.dumps([layer.get("shapes", "") for layer in value.zjk_page.layers])
    elif dataclasses.is_dataclass(value) and depth < 2:
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name, None), depth + 1)
    elif isinstance(value, dict | tuple | list):
        yield json.dumps(value, default=lambda _: "", ensure_ascii=False)
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each, depth + 1)
    else:
        yield f"{value}"


def _outcome(call, layer):
    """Return what happened, answered, refused or escaped, and in which words."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return "answered", "\n".join(_texts(call(layer, Path(folder)))).replace(folder, "")
        except ZjkGisError as error:
            return "refused", str(error)
        except Exception as error:  # whatever escapes is what is looked for
            frames = [f for f in traceback.extract_tb(error.__traceback__) if "/zjk_gis/" in f.filename]
            where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
            return "escaped", f"{type(error).__name__}: {error} ({where})"


def run(name):
    """Call a function with every odd shape; print what is about to be called, and what came of it."""
    for number, (layer_name, call) in enumerate(CALLS[name]):
        layer = sound(layer_name)
        layer.index = [1, 2, ODD]
        shapes = layer.geometry.to_numpy()
        state, plain = _outcome(call, layer)
        tell(name, number, layer_name, "sound", "fine" if state == "answered" else state, plain)
        for odd, (shape, same) in odd_shapes(shapes[-1]).items():
            tell(name, number, layer_name, odd, "crashed", "")  # unless another line follows
            given = layer.set_geometry(gpd.GeoSeries([*shapes[:-1], shape], index=layer.index, crs=4547))
            state, text = _outcome(call, given)
            told = any(sign in text for sign in SIGNS)
            missed = name == "validate" and layer_name == "communities" and text != plain  # by its grids
            if state == "answered":
                state = "fine" if told or (same and text == plain) else "differs" if same else "silent"
                whole = {name, f"{name} of {layer_name}"} & EXTENTS
                if state == "silent" and (whole or odd in HAVE_A_PLACE or missed):
                    state = "fine"
            elif state == "refused":
                state = "fine" if told and not same else "not named"
            tell(name, number, layer_name, odd, state, text)


def tell(name, number, layer, odd, state, text):
    line = [name, number, layer, odd, state, "" if state == "fine" else text[:400]]
    print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    # A print takes seconds and shows what the page shows. The tests that read the table here do print.
    zjk_gis.reports.dossier.Dossier.print_map = _unprinted
    # This folder has one named coverage, which numba would take for the package of that name.
    sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent]
    for each in sys.stdin:
        run(each.strip())
        print(json.dumps(None), flush=True)

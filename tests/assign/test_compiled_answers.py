"""Indexes and plans in place of layers: built once, saved, loaded elsewhere, with the answers of the layers.

Most tests use two zones of 100 m, A and B, over which grids and a street of two sides lie::

        0        100        200
    100 +---------+----------+
        |    A    |    B     |        grids ...001 west and ...002 east of 100
        |=========|==========|  50    the street, whose north side is L and whose south side is R
      0 +---------+----------+
"""

import json
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, Polygon, box

import zjk_gis
from zjk_gis import ZoneIndex
from zjk_gis.assign import AssignmentPlan
from zjk_gis.assign.plan_files import checksum_of
from zjk_gis.errors import FileError, InputError, MissingColumnError
from zjk_gis.index import Policy, SectionIndex

X, Y = 573000, 4520000


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def line(*points):
    return LineString([(X + x, Y + y) for x, y in points])


def layer(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


@pytest.fixture
def zones():
    return layer(
        [square(0, 0), square(100, 0)],
        zone_code=["A", "B"],
        chief_name=["李明", None],
        priority=[1, 2],
        valid_to=[None, "2024-12-31"],
    )


@pytest.fixture
def grids():
    return layer(
        [square(0, 0), square(100, 0)], grid_code=["130703001001001", "130703001001002"], level=[1, 2]
    )


@pytest.fixture
def sections():
    street = line((0, 50), (200, 50))
    return layer([street, street], section_code=["L", "R"], side=["左侧", "右侧"], chief_code=["LZ1", "LZ2"])


@pytest.fixture
def incidents():
    """In A, on the border, 20 m east of B, nowhere, and a year later in B."""
    places = [(50, 60), (100, 40), (220, 50), None, (150, 10)]
    return layer(
        [None if place is None else Point(X + place[0], Y + place[1]) for place in places],
        occurred_at=["2024-05-01"] * 4 + ["2025-05-01"],
        zone_code=["A", "B", "B", None, "B"],
        accuracy=[5.0, 10.0, None, 1.0, 80.0],
    )


def same(one, two):
    """Hold two results against each other, to the last bit and attribute."""
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))
    assert one.attrs["assignment"] == two.attrs["assignment"]


def travelled(plan, folder):
    """Return a plan as a worker elsewhere has it."""
    loaded = AssignmentPlan.load(plan.save(folder / "plan"))
    assert loaded.fingerprint == plan.fingerprint
    return loaded


STEP = st.integers(0, 6)


@st.composite
def any_layers(draw):
    """Zones on a coarse lattice with levels, periods, priorities and holes; lines with sides; incidents."""
    size = draw(st.integers(1, 7))

    def column(values):
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    corners = draw(
        st.lists(st.tuples(STEP, STEP, st.integers(1, 4), st.integers(1, 4)), min_size=size, max_size=size)
    )
    shapes = [square(10 * x, 10 * y, 10 * w, 10 * h) for x, y, w, h in corners]
    shapes = [
        Polygon(shape.exterior, [shape.buffer(-2).exterior]) if hole else shape
        for shape, hole in zip(shapes, column([True, False, False]), strict=True)
    ]
    columns = {
        "zone_code": column("ABC"), "chief_code": column(["L1", "L2", None]),
        "priority": column([1, 2, None]),
        "level": column(draw(st.sampled_from([[None], [2], [1, 2, None], ["街道级", "网格级"]]))),
        "valid_from": column([None, "2024-01-01", "2025-01-01"]), "valid_to": column([None, "2025-06-30"]),
    }  # fmt: skip
    kept = draw(st.sets(st.sampled_from(sorted(columns))))
    zones = layer(shapes, **{name: columns[name] for name in columns if name in kept | {"zone_code"}})
    ends = draw(st.lists(st.tuples(STEP, STEP, STEP), min_size=1, max_size=4))
    lines = [line((10 * x, 10 * y), (10 * x + 7, 10 * z + 5)) for x, y, z in ends]
    lines[0] = MultiLineString([lines[0], line((80, 0), (90, 0))])
    sides = draw(st.lists(st.sampled_from(["左侧", "右侧", None]), min_size=len(ends), max_size=len(ends)))
    sections = layer(lines, section_code=[f"S{k}" for k in range(len(lines))], side=sides)
    places = draw(st.lists(st.tuples(STEP, STEP), min_size=1, max_size=10))
    days = draw(
        st.lists(
            st.sampled_from(["2023-05-01", "2024-12-31", "2025-07-01", None]),
            min_size=len(places),
            max_size=len(places),
        )
    )
    points = [Point(X + 10 * x, Y + 10 * y) for x, y in places]
    return zones, sections, layer(points, occurred_at=pd.Series(days, dtype="str"))


@settings(max_examples=30, deadline=None)
@given(layers=any_layers(), degrees=st.booleans(), accuracy=st.sampled_from([None, 6.0]))
def test_an_index_and_a_plan_answer_as_the_layers_do(tmp_path_factory, layers, degrees, accuracy):
    """Whatever overlaps, gaps, levels, periods, priorities and sides there are; or all refuse it alike."""
    zones, sections, incidents = layers
    if degrees:
        zones = zones.to_crs(4490)
    grids = zones.assign(grid_code=[f"13070300100100{k}" for k in range(len(zones))]).drop(
        columns="zone_code"
    )
    options = {"accuracy_m": accuracy}
    try:
        expected = zjk_gis.assign_incidents(incidents, zones, grids=grids, sections=sections, **options)
    except InputError as error:
        with pytest.raises(type(error), match="hierarchy"):
            ZoneIndex.build(zones)
        return
    index, of_grids = ZoneIndex.build(zones), ZoneIndex.build(grids, level="any")
    of_sections = SectionIndex.build(sections)
    got = zjk_gis.assign_incidents(incidents, index, grids=of_grids, sections=of_sections, **options)
    same(got, expected)
    folder = tmp_path_factory.mktemp("plan")
    plan = AssignmentPlan.prepare(index, grids=of_grids, sections=of_sections, **options)
    loaded = travelled(plan, folder)
    same(zjk_gis.assign_incidents(incidents, loaded), expected)
    by_lines = zjk_gis.assign_incidents(incidents, sections)
    same(zjk_gis.assign_incidents(incidents, of_sections), by_lines)
    one = incidents.iloc[[0]]
    assert zjk_gis.explain_incident(one, loaded).text() == zjk_gis.explain_incident(one, plan).text()


@settings(max_examples=40, deadline=None)
@given(layers=any_layers(), border=st.sampled_from([0.0, 0.5, 11.0]))
def test_what_an_index_locates_is_what_is_assigned(layers, border):
    """Where each row has a code of its own, all are valid always, and nobody answers from afar."""
    zones, _, incidents = layers
    zones = zones[["geometry"]].assign(zone_code=[f"Z{k}" for k in range(len(zones))])
    assigned = zjk_gis.assign_incidents(incidents, zones, border_within_m=border, nearest_within_m=0)
    index = ZoneIndex.build(zones)
    found = index.locate(incidents.geometry.x, incidents.geometry.y, border_within_m=border)
    codes = np.where(found.row < 0, None, index.codes[found.row])
    assert (
        codes.tolist()
        == assigned["zone_code"].astype(object).where(assigned["zone_code"].notna(), None).tolist()
    )
    assert found.count.tolist() == assigned["candidates"].tolist()
    if border > 0:
        assert found.words.tolist() == assigned["found"].tolist()


def test_a_left_out_level_keeps_its_place_in_the_layer():
    """The grid is the second row, and answers as such."""
    zones = layer([square(0, 0), square(0, 0, 50, 50)], zone_code=["S", "G"], level=["街道级", "网格级"])
    index = ZoneIndex.build(zones)
    assert (len(index), index.level, index.codes.tolist()) == (1, 5, ["", "G"])
    assert index.locate([X + 20.0, X + 80.0], [Y + 20.0] * 2).row.tolist() == [1, -1]
    offsets, rows = index.candidates([X + 20.0], [Y + 20.0])
    assert (offsets.tolist(), rows.tolist()) == ([0, 1], [1])
    assert ZoneIndex.build(zones, level="街道级").locate([X + 80.0], [Y + 20.0]).row.tolist() == [0]
    assert ZoneIndex.build(zones, level="any").codes.tolist() == ["S", "G"]


class TestOptions:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("border_within_m", 0.5), ("nearest_within_m", 50.0), ("undecided_below", 0.8),
            ("accuracy_m", 5.0),
            ("tz", "Asia/Shanghai"), ("at", "2025-01-02"), ("code", "other"), ("level", 2),
            ("policy", Policy(("lowest_code",))), ("grids", "layer"), ("sections", "layer"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("work", ["assign", "check", "explain", "batch", "reassign"])
    def test_one_that_says_otherwise_than_the_plan_is_refused(
        self, work, option, value, zones, grids, incidents, tmp_path
    ):
        """Even where it says what would be the default."""
        plan = AssignmentPlan.prepare(
            zones, border_within_m=2, nearest_within_m=20, undecided_below=0.5, accuracy_m=1, tz="UTC",
            at="2025-01-01",
        )  # fmt: skip
        said = {option: grids if value == "layer" else value}
        target = tmp_path / "out.csv"
        source = tmp_path / "in.csv"
        source.write_text("lon,lat\n114.9,40.8\n", "utf-8")
        works = {
            "assign": lambda: zjk_gis.assign_incidents(incidents, plan, **said),
            "check": lambda: zjk_gis.check_assignment(incidents, plan, **said),
            "explain": lambda: zjk_gis.explain_incident(incidents[:1], plan, **said),
            "batch": lambda: zjk_gis.assign_batch(source, plan, target, **said),
            "reassign": lambda: zjk_gis.assign.reassign_incidents(incidents, plan, plan, **said),
        }
        refused = InputError
        if work == "reassign" and value == "layer":  # it takes no other layers at all
            refused = TypeError
        with pytest.raises(refused, match=option):
            works[work]()
        assert not target.exists()

    def test_one_that_says_the_same_is_taken(self, zones, incidents):
        plan = AssignmentPlan.prepare(zones, border_within_m=2, at="2024-06-01", policy=Policy())
        said = {"border_within_m": 2, "at": "2024-06-01", "policy": Policy(), "code": "zone_code"}
        same(
            zjk_gis.assign_incidents(incidents, plan, **said),
            zjk_gis.assign_incidents(incidents, zones, **said),
        )

    def test_a_column_of_accuracies_is_refused_by_a_plan_of_one_accuracy(self, zones, incidents):
        with pytest.raises(InputError, match=r"accuracy_m=1\.0"):
            zjk_gis.assign_incidents(
                incidents, AssignmentPlan.prepare(zones, accuracy_m=1), accuracy_m="accuracy"
            )
        same(
            zjk_gis.assign_incidents(incidents, AssignmentPlan.prepare(zones), accuracy_m="accuracy"),
            zjk_gis.assign_incidents(incidents, zones, accuracy_m="accuracy"),
        )

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"code": "grid_code"}, "code='zone_code'"),
            ({"level": 3}, "level='any'"),
            ({"policy": Policy(("lowest_code",))}, "policy"),
            ({"tz": "UTC"}, "tz"),
        ],
    )
    def test_one_that_says_otherwise_than_an_index_is_refused(self, zones, incidents, options, words):
        with pytest.raises(InputError, match=f"zones: the index was built with {words}"):
            zjk_gis.assign_incidents(incidents, ZoneIndex.build(zones), **options)

    def test_an_index_of_something_else_is_refused(self, zones, grids, incidents):
        with pytest.raises(MissingColumnError, match=r"grids: the index was built without .* grid_code"):
            zjk_gis.assign_incidents(incidents, zones, grids=ZoneIndex.build(zones))
        with pytest.raises(InputError, match="grids: the index was built with level=2"):
            zjk_gis.assign_incidents(incidents, zones, grids=ZoneIndex.build(grids, level=2))
        with pytest.raises(MissingColumnError, match="zones: the index was built without a column of codes"):
            zjk_gis.assign_incidents(incidents, ZoneIndex.build(zones[["geometry"]]))


class TestNothingIsBuiltTwice:
    @pytest.fixture
    def built(self, monkeypatch):
        """Count what is compiled."""
        made = []
        for name in ("zones.PolygonIndex", "sections.LineIndex"):
            module, _, of_kind = name.partition(".")
            own = getattr(__import__(f"zjk_gis.index.{module}", fromlist=[of_kind]), of_kind)

            def counted(*given, _own=own, _name=name, **more):
                made.append(_name)
                return _own(*given, **more)

            monkeypatch.setattr(f"zjk_gis.index.{name}", counted)
        return made

    def test_by_a_check_of_layers_each_is_compiled_once(self, built, zones, sections, incidents):
        many = gpd.GeoDataFrame(pd.concat([incidents] * 12, ignore_index=True), crs=4547)
        zjk_gis.check_assignment(many, zones, sections=sections, versions={"before": zones})
        assert built == ["zones.PolygonIndex", "sections.LineIndex", "zones.PolygonIndex"]

    def test_by_plans_nothing_is(self, zones, sections, incidents, built, tmp_path):
        plan = AssignmentPlan.prepare(zones, sections=sections)
        version = ZoneIndex.build(zones)
        built.clear()
        zjk_gis.assign_incidents(incidents, plan)
        zjk_gis.check_assignment(incidents, plan, versions={"before": version})
        zjk_gis.explain_incident(incidents[:1], plan)
        zjk_gis.assign.reassign_incidents(zjk_gis.assign_incidents(incidents, plan), plan, plan)
        source = tmp_path / "in.csv"
        source.write_text("lon,lat,occurred_at\n114.9,40.8,2025-01-01\n", "utf-8")
        zjk_gis.assign_batch(source, plan, tmp_path / "out.csv")
        assert built == []


class TestNearTwins:
    def test_a_check_tells_what_grids_and_sections_answer(self, zones, grids, sections, incidents):
        check = zjk_gis.check_assignment(incidents, zones, grids=grids, sections=sections)
        assert check.rows["grid_code"].tolist()[:3] == [
            "130703001001001",
            "130703001001001",
            "130703001001002",
        ]
        assert check.rows["section_code"].tolist()[:2] == ["L", "R"]
        assert "found" not in check.rows

    def test_a_position_does_not_tell_zones_apart_that_are_within_its_accuracy(self, zones):
        """20 m inside A and recorded as B: wrong if it is good to 10 m, not to be told if to 30 m."""
        incidents = layer([Point(X + 80, Y + 50)] * 2, zone_code=["B", "B"], good_to=[10.0, 30.0])
        check = zjk_gis.check_assignment(incidents, zones.drop(columns="valid_to"), accuracy_m="good_to")
        assert check.rows["agreement"].tolist() == ["near", "border"]
        within = 1 - (np.arccos(2 / 3) - 2 / 3 * np.sqrt(5) / 3) / np.pi  # of 30 m, all but the cap beyond 20
        assert check.rows["share"].tolist() == pytest.approx([1.0, within])

    def test_a_check_by_a_plan_is_that_of_its_layers(self, zones, grids, incidents, tmp_path):
        plan = travelled(AssignmentPlan.prepare(zones, grids=grids, accuracy_m=5), tmp_path)
        one = zjk_gis.check_assignment(incidents, plan, versions={"new": zones})
        two = zjk_gis.check_assignment(incidents, zones, grids=grids, accuracy_m=5, versions={"new": zones})
        for name in ("rows", "summary", "suspicions"):
            pd.testing.assert_frame_equal(pd.DataFrame(getattr(one, name)), pd.DataFrame(getattr(two, name)))

    def test_an_explanation_tells_what_grids_and_sections_answer(self, zones, grids, sections, incidents):
        told = zjk_gis.explain_incident(incidents[:1], zones, grids=grids, sections=sections, accuracy_m=20)
        text = told.text("en")
        assert "unit grid: 130703001001001, 0.00 m away (one zone only)" in text
        assert "road section: L, 10.00 m away" in text
        assert "100% of its accuracy circle lies in that zone" in text
        assert "单元网格：130703001001001" in told.text("zh")

    def test_incidents_are_reassigned_by_plans(self, zones, incidents, tmp_path):
        new = zones.set_geometry([square(0, 0, 120), square(120, 0, 80)])
        old_plan, new_plan = AssignmentPlan.prepare(zones), AssignmentPlan.prepare(new)
        assigned = zjk_gis.assign_incidents(incidents, old_plan)
        again = zjk_gis.assign.reassign_incidents(assigned, travelled(old_plan, tmp_path), new_plan)
        pd.testing.assert_frame_equal(
            pd.DataFrame(again), pd.DataFrame(zjk_gis.assign_incidents(incidents, new))
        )
        with pytest.raises(InputError, match="prepare both alike"):
            zjk_gis.assign.reassign_incidents(
                assigned, old_plan, AssignmentPlan.prepare(new, nearest_within_m=9)
            )


class TestFolders:
    @pytest.fixture
    def plan(self, zones, grids, sections):
        return AssignmentPlan.prepare(zones, grids=grids, sections=sections)

    def test_files_go_from_plan_to_plan(self, plan, zones, tmp_path):
        """Grids of an earlier plan do not stay behind in the folder of one without."""
        folder = plan.save(tmp_path / "plan")
        assert sorted(file.name for file in folder.iterdir()) == [
            "grids.idx", "plan.json", "sections.idx", "zones.idx"
        ]  # fmt: skip
        AssignmentPlan.prepare(zones).save(folder)
        assert sorted(file.name for file in folder.iterdir()) == ["plan.json", "zones.idx"]
        assert len(AssignmentPlan.load(folder).tasks) == 1

    def test_the_fingerprint_is_that_of_what_answers(self, plan, zones, grids, sections):
        def of(zones=zones, **options):
            return AssignmentPlan.prepare(zones, grids=grids, sections=sections, **options).fingerprint

        assert of() == plan.fingerprint
        assert of(zones.assign(remark="x")) == plan.fingerprint
        others = [
            of(border_within_m=1), of(at="2025-01-01"), of(accuracy_m=3), of(zones.assign(chief_name="王芳")),
            of(zones.assign(valid_to=None)), of(zones.assign(priority=[2, 1])),
            of(policy=Policy(("lowest_code",))),
            of(zones.set_geometry([square(0, 0, 101), square(101, 0, 99)])), of(zones[::-1]),
        ]  # fmt: skip
        assert len({*others, plan.fingerprint}) == len(others) + 1

    def test_what_is_not_of_a_plan_is_neither_loaded_nor_written_over(self, plan, tmp_path):
        with pytest.raises(FileError, match=r"plan\.json: cannot be read"):
            AssignmentPlan.load(tmp_path / "nowhere")
        (tmp_path / "letters").mkdir()
        (tmp_path / "letters" / "letter.txt").write_text("dear", "utf-8")
        with pytest.raises(FileError, match=r"holds letter\.txt"):
            plan.save(tmp_path / "letters")
        with pytest.raises(FileError, match="cannot be written"):
            plan.save(tmp_path / "letters" / "letter.txt")

    def test_files_of_two_plans_are_told(self, plan, zones, tmp_path):
        folder = plan.save(tmp_path / "plan")
        other = AssignmentPlan.prepare(zones.assign(chief_name="王芳")).save(tmp_path / "other")
        shutil.copy(other / "zones.idx", folder / "zones.idx")
        with pytest.raises(FileError, match="of different plans"):
            AssignmentPlan.load(folder)
        (folder / "zones.idx").unlink()
        with pytest.raises(FileError, match=r"zones\.idx: cannot be read"):
            AssignmentPlan.load(folder)

    @pytest.mark.parametrize("name", ["plan.json", "zones.idx", "grids.idx", "sections.idx"])
    def test_damaged_and_truncated_files_are_told(self, plan, tmp_path, name):
        file = plan.save(tmp_path / "plan") / name
        whole = file.read_bytes()
        rng = np.random.default_rng(1)
        for length in (0, 10, len(whole) // 2, len(whole) - 3):
            file.write_bytes(whole[:length])
            with pytest.raises(FileError, match=r"\.(json|idx)"):
                AssignmentPlan.load(file.parent)
        for at in rng.integers(0, len(whole), 12).tolist():
            damaged = bytearray(whole)
            damaged[at] ^= 0x21
            file.write_bytes(damaged)
            try:  # filling between arrays is read by nobody
                assert AssignmentPlan.load(file.parent).fingerprint == plan.fingerprint
            except FileError:
                continue

    def test_a_plan_made_to_harm_is_refused(self, plan, tmp_path):
        """With the right checksum for what is false."""
        path = plan.save(tmp_path / "plan") / "plan.json"
        told = json.loads(path.read_text("utf-8"))
        del told["checksum"]
        odd = (None, 0, -1, 1e400, float("nan"), "x", [], {}, ["zones"], 2**70, "../../zones")
        false = [told | {key: value} for key in told for value in odd]
        false += [
            told | {"options": told["options"] | {key: value}}
            for key in told["options"]
            for value in odd
            if not (value is None and key in ("at", "accuracy_m"))
        ]
        false += [
            told | {"layers": told["layers"] | {name: {"kind": value}}}
            for name in (*told["layers"], "../zones")
            for value in (*odd, "section index" if name != "sections" else "zone index")
        ]
        for each in false:
            path.write_text(json.dumps(each | {"checksum": checksum_of(each)}), "utf-8")
            if each == told or each.get("made_by") != told["made_by"]:
                continue  # who made it tells nothing
            with pytest.raises(FileError):
                AssignmentPlan.load(path.parent)

    def test_a_section_index_travels(self, sections, tmp_path):
        index = SectionIndex.build(sections)
        loaded = SectionIndex.load(index.save(tmp_path / "sections.idx"))
        rng = np.random.default_rng(4)
        x, y = X + rng.uniform(-50, 250, 500), Y + rng.uniform(-50, 150, 500)
        for name in ("row", "distance_m", "chainage_m", "side"):
            one, two = (getattr(each.nearest(x, y, within_m=60), name) for each in (index, loaded))
            assert np.array_equal(one, two, equal_nan=True)
        assert loaded.codes.tolist() == ["L", "R"]
        assert loaded.layer.geometry.geom_equals(index.layer.geometry, align=False).all()
        with pytest.raises(FileError, match="holds a section index, not a zone index"):
            ZoneIndex.load(tmp_path / "sections.idx")

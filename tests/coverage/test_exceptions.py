"""A fault that somebody has accepted is not reported, until that expires or its shape changes."""

import datetime as dt

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box

from zjk_gis import coverage_gaps, overlapping_zones, read_layer, validate, write_layer
from zjk_gis.coverage import accept_fault, without_accepted
from zjk_gis.errors import CRSError, InputError, MissingColumnError
from zjk_gis.workspace.workspace import Workspace

X, Y = 573000, 4520000
RIVER, YARD = box(X, Y, X + 50, Y + 400), box(X + 200, Y, X + 230, Y + 40)


def gaps(*shapes):
    codes = [f"G{at:03}" for at in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame(
        {"gap_code": codes, "neighbours": "A;B"},
        geometry=list(shapes),
        crs=4547,
        index=range(10, 10 + len(shapes)),
    )


def accepted(layer, code="G001", until="2026-12-31", **more):
    return accept_fault(layer, code, by="李局长", why="河道", until=until, on="2025-01-01", **more)


def test_the_ledger_says_who_why_until_when_and_is_a_layer_of_the_catalogue():
    ledger = accepted(gaps(RIVER, YARD))
    row = ledger.iloc[0]
    assert row[["exception_code", "fault_kind", "fault_code", "concerned_codes"]].tolist() == [
        "E001", "责任空白", "G001", "A;B",
    ]  # fmt: skip
    assert row[["accepted_by", "accepted_why"]].tolist() == ["李局长", "河道"]
    assert (row["valid_from"], row["valid_to"]) == (dt.date(2025, 1, 1), dt.date(2026, 12, 31))
    assert row["area_m2"] == pytest.approx(20000)
    assert validate(ledger, "accepted_faults").ok


@pytest.mark.parametrize("kind", ["空白", "gap", "responsibility gap", " 责任 空白 "])
def test_the_kind_of_fault_may_be_written_otherwise(kind):
    layer = gaps(RIVER, YARD)
    ledger = accepted(layer).assign(fault_kind=kind)
    assert without_accepted(layer, ledger, at="2025-06-01")["gap_code"].tolist() == ["G002"]
    with pytest.raises(InputError, match=r"accepted_faults: no value of fault_kind .* '其他' \(row"):
        without_accepted(layer, ledger.assign(fault_kind="其他"), at="2025-06-01")


def test_an_accepted_fault_is_withheld_up_to_its_last_day():
    layer = gaps(RIVER, YARD)
    ledger = accepted(layer)
    left = without_accepted(layer, ledger, at="2026-12-31")
    assert left.index.tolist() == [11]
    assert left["exception"].tolist() == [""]
    told = left.attrs["exceptions"]
    assert (told["withheld"], told["withheld_codes"]) == (1, ["G001"])
    assert told["withheld_area_m2"] == pytest.approx(20000)

    back = without_accepted(layer, ledger, at="2027-01-01")
    assert back[["gap_code", "exception", "exception_code"]].to_numpy().tolist() == [
        ["G001", "acceptance_expired", "E001"],
        ["G002", "", ""],
    ]
    assert back.attrs["exceptions"]["expired"] == [
        {"fault_code": "G001", "exception_code": "E001", "valid_to": "2026-12-31"}
    ]
    early = without_accepted(layer, ledger, at="2024-12-31")
    assert early["exception"].tolist() == ["", ""]


def test_without_end_is_without_end():
    ledger = accepted(gaps(RIVER), until=None)
    assert len(without_accepted(gaps(RIVER), ledger, at="2999-01-01")) == 0
    longer = accepted(gaps(RIVER, box(X + 200, Y, X + 300, Y + 50)), "G002", ledger=ledger)
    assert longer["valid_to"].tolist() == [None, dt.date(2026, 12, 31)]


@pytest.mark.parametrize(
    ("shape", "is_back"),
    [
        (affinity.translate(RIVER, 0.5, 0), False),  # drawn anew, half a metre beside
        (box(X, Y, X + 51.9, Y + 400), False),  # 3.7 % more, 1.9 m wider
        (box(X, Y, X + 53, Y + 400), True),  # farther than 2 m
        (RIVER.union(box(X + 50, Y, X + 53, Y + 1)), True),  # a small new place, but 3 m away
        (box(X, Y, X + 50, Y + 200), True),  # half of it mended
    ],
)
def test_a_fault_is_back_when_its_shape_has_changed(shape, is_back):
    left = without_accepted(gaps(shape), accepted(gaps(RIVER)), at="2025-06-01")
    assert left["exception"].tolist() == (["shape_changed"] if is_back else [])
    assert len(left.attrs["exceptions"]["changed"]) == is_back


def test_the_tolerances_are_arguments():
    wider, ledger = gaps(box(X, Y, X + 53, Y + 400)), accepted(gaps(RIVER))
    assert len(without_accepted(wider, ledger, at="2025-06-01", within_m=4.0, changed_share=0.06)) == 0
    assert len(without_accepted(wider, ledger, at="2025-06-01", within_m=4.0, changed_share=0.05)) == 1
    told = without_accepted(wider, ledger, at="2025-06-01").attrs["exceptions"]["changed"]
    assert told == [
        {"fault_code": "G001", "exception_code": "E001", "changed_share": round(3 / 53, 6), "distance_m": 3.0}
    ]


def test_a_fault_elsewhere_is_new_and_the_entry_unused():
    left = without_accepted(gaps(YARD), accepted(gaps(RIVER)), at="2025-06-01")
    assert left["exception"].tolist() == [""]
    assert left.attrs["exceptions"]["unused"] == ["E001"]


def test_accepting_again_goes_on():
    layer = gaps(RIVER, YARD)
    ledger = accepted(layer, until="2025-12-31")
    ledger = accepted(layer, ["G001", "G002"], until="2030-12-31", ledger=ledger)
    assert ledger["exception_code"].tolist() == ["E001", "E002", "E003"]
    assert ledger["valid_to"].tolist() == [
        dt.date(2025, 12, 31),
        dt.date(2030, 12, 31),
        dt.date(2030, 12, 31),
    ]
    assert len(without_accepted(layer, ledger, at="2026-06-01")) == 0


def test_an_overlap_is_accepted_for_its_own_zones():
    square = box(X, Y, X + 10, Y + 10)
    zones = gpd.GeoDataFrame({"zone_code": ["A", "B", "C"]}, geometry=[square] * 3, crs=4547)
    overlaps = overlapping_zones(zones)
    code = overlaps.loc[
        (overlaps["first_code"] == "A") & (overlaps["second_code"] == "C"), "overlap_code"
    ].item()
    left = without_accepted(overlaps, accepted(overlaps, code), at="2025-06-01")
    assert left[["first_code", "second_code"]].to_numpy().tolist() == [["A", "B"], ["B", "C"]]


def test_a_gap_entry_serves_no_overlap():
    overlaps = gpd.GeoDataFrame(
        {"overlap_code": ["C001"], "first_code": ["A"], "second_code": ["B"]}, geometry=[RIVER], crs=4547
    )
    assert len(without_accepted(overlaps, accepted(gaps(RIVER)), at="2025-06-01")) == 1


def test_it_is_kept_in_files_and_workspaces(tmp_path):
    layer = gaps(RIVER, YARD).to_crs(4490)
    ledger = accepted(layer)
    write_layer(ledger, tmp_path / "plain.gpkg", layer="accepted_faults")
    with Workspace.open(tmp_path / "kept.gpkg") as workspace:
        workspace.write("accepted_faults", ledger)
        kept = workspace.read("accepted_faults")
    for read in (read_layer(tmp_path / "plain.gpkg", layer="accepted_faults", spec="accepted_faults"), kept):
        left = without_accepted(gaps(RIVER, YARD), read, at="2026-12-31")
        assert left["gap_code"].tolist() == ["G002"]
        more = accepted(layer, "G002", ledger=read)
        assert more["exception_code"].tolist() == ["E001", "E002"]
        assert more["valid_to"].tolist() == [dt.date(2026, 12, 31)] * 2
        assert len(without_accepted(gaps(RIVER, YARD), more, at="2026-12-31")) == 0


def test_empty_layers():
    layer, ledger = gaps(RIVER), accepted(gaps(RIVER))
    assert without_accepted(layer, None, at="2025-06-01")["exception"].tolist() == [""]
    assert without_accepted(layer, ledger.iloc[:0], at="2025-06-01")["exception"].tolist() == [""]
    nothing = without_accepted(layer.iloc[:0], ledger, at="2025-06-01")
    assert len(nothing) == 0
    assert nothing.attrs["exceptions"]["unused"] == ["E001"]


def test_what_cannot_be_entered_is_refused():
    layer = gaps(RIVER)
    with pytest.raises(InputError, match=r"there is no fault 'G009'; there are G001"):
        accepted(layer, "G009")
    with pytest.raises(InputError, match="why is empty"):
        accept_fault(layer, "G001", by="甲", why=" ", until=None)
    with pytest.raises(InputError, match="lies before"):
        accepted(layer, until="2024-12-31")
    with pytest.raises(InputError, match="until must be a date"):
        accepted(layer, until="")
    with pytest.raises(MissingColumnError, match="gap_code or overlap_code"):
        accepted(layer.drop(columns="gap_code"))
    with pytest.raises(MissingColumnError, match="'fault_kind'"):
        without_accepted(layer, accepted(layer).drop(columns="fault_kind"), at="2025-06-01")
    with pytest.raises(MissingColumnError, match="gap_code or overlap_code"):
        without_accepted(layer.drop(columns="gap_code"), None, at="2025-06-01")
    with pytest.raises(CRSError):
        accepted(layer.set_crs(None, allow_override=True))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, 8), st.integers(1, 8)),
        min_size=1,
        max_size=6,
        unique_by=lambda t: t[0],
    ),
    st.sets(st.integers(0, 5)),
    st.randoms(use_true_random=False),
)
def test_whatever_is_accepted_is_withheld_and_nothing_else(holes, chosen, random):
    ground = box(X, Y, X + 100, Y + 20)
    shape = ground
    for place, width, height in holes:
        shape = shape.difference(box(X + 10 * place + 1, Y + 1, X + 10 * place + 1 + width, Y + 1 + height))
    region = gpd.GeoDataFrame(geometry=[ground], crs=4547)
    found = coverage_gaps(region, gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[shape], crs=4547))
    codes = [code for at, code in enumerate(found["gap_code"]) if at in chosen]
    if not codes:
        return
    ledger = accepted(found, codes)
    order = list(range(len(ledger)))
    random.shuffle(order)
    left = without_accepted(found, ledger.iloc[order], at="2025-06-01")
    assert {*left["gap_code"]} == {*found["gap_code"]} - {*codes}
    assert not left["exception"].any()
    assert left.attrs["exceptions"]["unused"] == []

"""`zjk-gis audit` and `zjk-gis accept`: a city with faults, audited as a bureau does it."""

import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from zjk_gis import Workspace, read_layer, write_layer
from zjk_gis.layers import label
from zjk_gis.layers.headings import heading
from zjk_gis.reports.formulas import FORMULAS, formula_told
from zjk_gis.responsibility.chiefs import gini
from zjk_gis.responsibility.findings import FIGURES
from zjk_gis.synth import make_city

DAY = "2025-12-31"
PROMISES = {"every_road", "every_matter", "everyone"}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A small synthetic city in one file, its incidents in another, and a table of duties."""
    folder = tmp_path_factory.mktemp("city")
    made = make_city(grids=300, incidents=1000)
    for name, layer in made.layers.items():
        write_layer(layer, folder / "city.gpkg", layer=name)
    made.incidents.to_csv(folder / "incidents.csv", index=False)
    (folder / "duties.csv").write_text(
        "event_code,department\n01,环境卫生处\n02,综合执法局\n05,综合执法局\n0505,交警支队\n", "utf-8"
    )
    return folder


@pytest.fixture
def audited(run, city, tmp_path):
    def call(*more, file=city / "city.gpkg"):
        folder = tmp_path / "audit"
        given = [
            "--incidents",
            city / "incidents.csv",
            "--duties",
            city / "duties.csv",
            "--at",
            DAY,
            "-o",
            folder,
        ]
        code, out, err = run("audit", file, *given, *more)
        assert code == 0, err
        return folder, out

    return call


WORDS = ("one", "several", "fallback", "idle", "overloaded", "nobody", "ground", "stretches", "matters",
         "assigned", "judged_zones", "chiefs", "every_road", "every_matter", "everyone")  # fmt: skip


def sheet(folder, name, columns):
    """Read a sheet of the workbook back, its headings and words as the library has them."""
    table = pd.read_excel(
        folder / "audit.xlsx", sheet_name=label(name), dtype={0: str}, engine="calamine", header=3
    )
    table = table.rename(columns={heading(column, "zh"): column for column in columns})
    return table.replace({label(word): word for word in WORDS})


def recomputed(rows, amount):
    if amount in ("1", "count"):
        return 1 if amount == "1" else len(rows)
    how, column = re.fullmatch(r"(\w+)\((\w+)\)", amount).groups()
    values = rows[column].dropna()
    return {"count": len, "sum": np.sum, "max": np.max, "gini": gini}[how](values)


def test_every_figure_can_be_recomputed_from_the_files_that_were_written(audited):
    folder, out = audited("--json")
    told = {row["measure"]: row for row in json.loads(out)["figures"]}
    assert len(told) == 18
    measures = {label(name): name for name in told}
    figures = sheet(
        folder, "figures", ["measure", "value", "whole", "share", "layer", "filter", "amount", "whole_amount"]
    )
    assert len(figures) == len(told)
    layers = set(gpd.list_layers(folder / "audit.gpkg")["name"])
    for row in figures.to_dict("records"):
        if row["layer"] in layers:
            table = gpd.read_file(folder / "audit.gpkg", layer=row["layer"])
        else:
            table = sheet(folder, row["layer"], ["answer", "standing", "load"])
        name = measures[row["measure"]]
        own = next(figure for figure in FIGURES if figure.measure == name)
        for column in FORMULAS:  # the book tells in words what is computed
            told_in_words = formula_told(getattr(own, column), "zh")
            assert told_in_words == ("" if pd.isna(row[column]) else str(row[column]))
        chosen = table.query(own.filter) if own.filter else table
        assert recomputed(chosen, own.amount) == pytest.approx(told[name]["value"], rel=1e-9), name
        assert recomputed(table, own.whole_amount) == pytest.approx(told[name]["whole"], rel=1e-9), name
        assert row["value"] == pytest.approx(told[name]["value"], rel=1e-9)
        assert row["share"] == pytest.approx(told[name]["value"] / told[name]["whole"], rel=1e-9)
    gaps = gpd.read_file(folder / "audit.gpkg", layer="gaps")
    assert gaps["area_m2"].sum() == pytest.approx(told["ground_nobody"]["value"], rel=1e-9)


def test_the_ten_worst_of_each_promise_are_printed_by_consequence(audited):
    folder, out = audited("--json")
    told = json.loads(out)
    assert set(told["worst"]) == PROMISES
    findings = gpd.read_file(folder / "audit.gpkg", layer="findings")
    for promise, worst in told["worst"].items():
        rows = findings[findings["promise"] == promise]
        assert [row["finding_code"] for row in worst] == rows["finding_code"].head(10).tolist()
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert len(worst) == min(10, len(rows)) > 0
    roads = findings[findings["promise"] == "every_road"]
    assert roads["consequence"].is_monotonic_decreasing
    # What stands in a finding stands in the layer that it names.
    for layer, column in (("gaps", "gap_code"), ("overlaps", "overlap_code"), ("hot_spots", "spot_code")):
        listed = findings[findings["layer"] == layer].set_index("finding_code")["incidents"]
        rows = gpd.read_file(folder / "audit.gpkg", layer=layer).set_index(column)["incidents"]
        assert listed.sort_index().tolist() == rows.sort_index().tolist()


def test_the_border_sheet_tells_who_got_the_incidents_near_each_border(audited):
    folder, _ = audited()
    borders = gpd.read_file(folder / "audit.gpkg", layer="border_sheet")
    parts = borders[["first_incidents", "second_incidents", "other_incidents", "nobody_incidents"]]
    assert borders["incidents"].sum() > 0
    assert parts.sum(axis=1).tolist() == borders["incidents"].tolist()
    assert (borders["river_share"] <= 1).all()
    assert borders["road_name"].str.len().max() > 0
    in_book = pd.read_excel(
        folder / "audit.xlsx", sheet_name=label("border_sheet"), engine="calamine", header=3
    )
    assert in_book[heading("length_m", "zh")].sum() == pytest.approx(borders["length_m"].sum())


def test_a_person_reads_the_promises_their_sources_and_the_worst(audited):
    _, out = audited()
    assert "ground[answer == 'nobody'] sum(area_m2)" in out
    for word in ("路路有人管", "事事有人管", "人人都管事", "后果最重的", "事项多部门负责", "后果分值"):
        assert word in out
    _, out = audited("--lang", "en", "--most", "2")
    assert out.count("the worst 2:") == 3
    assert "assigned[found != 'none'] count" in out


@pytest.mark.browser
def test_each_finding_can_be_clicked_on_the_map(audited, visit):
    folder, _ = audited("--json")
    seen = visit(folder / "audit.html")
    drawn = seen.page.evaluate(
        "Object.fromEntries(zjk.layers.filter(l => l.shapes).map(l => [l.name, [l.shapes.n, l.tells]]))"
    )
    findings = gpd.read_file(folder / "audit.gpkg", layer="findings")
    for name, kinds in {
        "gaps": ["gap"],
        "overlaps": ["overlap"],
        "unanswered_roads": ["road_nobody", "road_several"],
        "hot_spots": ["hot_spot"],
        "uneven_chiefs": ["chief_idle", "chief_overloaded"],
    }.items():
        assert drawn[label(name)] == [findings["finding"].isin(kinds).sum(), True]
    streets = findings[findings["finding"].str.startswith("matter")]["concerned_codes"].nunique()
    assert drawn[label("open_matters")] == [streets, True]
    assert not seen.errors
    assert not seen.requests


def accept(run, file, *codes, until="2026-12-31", day=DAY):
    return run(
        "accept", file, *codes, "--by", "李局长", "--why", "河道 <b>", "--until", until, "--at", day, "--json"
    )


def test_what_was_accepted_is_not_reported_until_it_expires(run, city, tmp_path):
    file = tmp_path / "city.gpkg"
    file.write_bytes((city / "city.gpkg").read_bytes())
    first = json.loads(run("audit", file, "--at", DAY, "--json")[1])
    worst = [
        row["finding_code"] for row in first["worst"]["every_road"] if row["finding"] in ("gap", "overlap")
    ]
    gap, overlap = (next(code for code in worst if code.startswith(letter)) for letter in "GC")
    code, out, err = accept(run, file, gap, overlap)
    assert code == 0, err
    assert [row["exception_code"] for row in json.loads(out)["entered"]] == ["E001", "E002"]
    ledger = read_layer(file, layer="accepted_faults", spec="accepted_faults")
    assert ledger["fault_kind"].tolist() == ["责任空白", "责任重叠"]
    assert ledger["accepted_why"].tolist() == ["河道 <b>"] * 2

    then = json.loads(run("audit", file, "--at", DAY, "--json")[1])
    left = [row["finding_code"] for row in then["worst"]["every_road"]]
    assert gap not in left
    assert overlap not in left
    assert then["exceptions"]["gaps"]["withheld_codes"] == [gap]
    before, after = ({row["measure"]: row["value"] for row in told["figures"]} for told in (first, then))
    assert after["ground_accepted"] == pytest.approx(ledger["area_m2"].sum(), rel=1e-6)
    assert after["ground_once"] == pytest.approx(before["ground_once"], rel=1e-12)

    code, out, _ = run("audit", file, "--at", "2027-01-01", "--json")
    later = json.loads(out)["exceptions"]
    assert [row["valid_to"] for row in later["gaps"]["expired"]] == ["2026-12-31"]
    assert "到期 1 处" in run("audit", file, "--at", "2027-01-01")[1]

    code, out, err = accept(run, file, gap, until="never")
    assert code == 0, err
    assert json.loads(out)["entries"] == 3


def test_a_workspace_keeps_the_history_of_its_ledger(run, city, tmp_path):
    file = tmp_path / "kept.gpkg"
    with Workspace.open(file) as workspace:
        for name in ("built_up_areas", "responsibility_zones", "rivers"):
            workspace.write(name, read_layer(city / "city.gpkg", layer=name, spec=name), on_problems="keep")
    for day in (DAY, "2026-01-01"):
        code, _, err = accept(run, file, "G001", until="无期限", day=day)
        assert code == 0, err
    with Workspace.open(file) as workspace:
        assert workspace.history("accepted_faults")["rows"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("codes", "until", "words"),
    [
        (["X001"], "2026-12-31", "'X001' is not a code of a gap"),
        (["G999"], "2026-12-31", "there is no fault 'G999'"),
        (["G001"], "soon", "until must be a date"),
        (["G001"], "2020-01-01", "lies before"),
    ],
)
def test_what_cannot_be_accepted_leaves_the_file_as_it_was(run, city, tmp_path, codes, until, words):
    file = tmp_path / "city.gpkg"
    file.write_bytes((city / "city.gpkg").read_bytes())
    code, _, err = accept(run, file, *codes, "--lang", "en", until=until)
    assert code == 2
    assert words in err
    assert file.read_bytes() == (city / "city.gpkg").read_bytes()


def test_accepting_needs_the_layers_that_tell_where_faults_are(run, city, tmp_path):
    file = tmp_path / "zones.gpkg"
    zones = read_layer(city / "city.gpkg", layer="responsibility_zones", spec="responsibility_zones")
    write_layer(zones, file, layer="responsibility_zones")
    code, _, err = accept(run, file, "G001", "--lang", "en")
    assert code == 2
    assert "has no layer built_up_areas" in err

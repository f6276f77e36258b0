"""Text that wants to be more than text: in every field of a page and of a workbook."""

import re
import warnings
import zipfile
from xml.etree import ElementTree

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import Point

from zjk_gis import city_map, write_workbook
from zjk_gis.reports import write_page

HOSTILE = [
    "<script>alert(1)</script>",
    "</script></svg></iframe><img src=x onerror=alert(2)>",
    "\"' onmouseover=alert(3) x='",
    "javascript:alert(4)",
    "\u202eelttil\u2066",
    "长" * 10_000,
    '=HYPERLINK("http://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "＝1+1",
    "@SUM(1)",
    "{{7*7}}{% raw %}",
    "a\x00\x07\x1b\uffff",
    "http://evil.example/a",
    "&amp;&#60;]]>",
]


def everywhere():
    """Put each text into every field of every kind of table that is drawn."""
    points = [Point(114.87 + n / 1000, 40.81) for n in range(len(HOSTILE))]
    n = len(HOSTILE)
    incidents = gpd.GeoDataFrame(
        {
            "incident_code": HOSTILE,
            "event_name": HOSTILE,
            "occurred_at": [f"2025-{1 + k % 6:02}-03 0{k % 9}:30" for k in range(n)],
            "found": HOSTILE,
            "reason": HOSTILE,
            "zone_code": HOSTILE,
            "chief_name": HOSTILE,
            "ambiguous": True,
        },
        geometry=points,
        crs=4490,
    )
    chiefs = pd.DataFrame(
        {"chief_code": HOSTILE, "chief_name": HOSTILE, "incidents": range(n), "standing": HOSTILE}
    )
    roads = pd.DataFrame({"road_class": HOSTILE, "answer": HOSTILE, "length_m": [1.0] * n})
    found = pd.DataFrame({"gap_code": HOSTILE, "kind": HOSTILE, "area_m2": [2.0] * n})
    figures = pd.DataFrame(
        {"promise": HOSTILE, "measure": HOSTILE, "value": [1.0] * n, "whole": [2.0] * n, "unit": HOSTILE}
    )
    tables = {"assigned": incidents, "chiefs": chiefs, "stretches": roads, "gaps": found, "figures": figures}
    tables |= {text: pd.DataFrame({text: HOSTILE, "数": range(n)}) for text in HOSTILE}
    return tables, figures


@pytest.mark.browser
def test_on_a_page_and_on_paper_it_is_text(tmp_path, visit, monkeypatch):
    tables, figures = everywhere()
    zones = tables["assigned"][["zone_code", "geometry"]].set_geometry(
        tables["assigned"].to_crs(4547).buffer(30).to_crs(4490)
    )
    path = write_page(
        tables,
        tmp_path / "report.html",
        summary=figures,
        title=HOSTILE[1],
        source=HOSTILE[0],
        as_of=HOSTILE[2],
        page_map=city_map({"responsibility_zones": zones}, title=HOSTILE[0]),
        map_file="map.html",
    )
    seen = visit(path, ready="document.querySelector('h1') !== null")
    assert seen.page.title().startswith("</script>")
    assert (
        seen.page.evaluate(
            "document.querySelectorAll('main script, main img, main [onmouseover], [onerror]').length"
        )
        == 0
    )
    links = seen.page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert links
    assert all(re.fullmatch(r"#s\d+|map\.html#17/[\d.]+/[\d.]+", link) for link in links)
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 1200  # long words widen their table's own frame, not the page
    printed = seen.page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert "49" not in seen.page.locator("h2").all_inner_texts()
    assert (seen.errors, seen.requests, seen.dialogs) == ([], [], [])


def test_in_a_workbook_it_is_text(tmp_path):
    tables, figures = everywhere()
    path = write_workbook(
        tables, tmp_path / "report.xlsx", summary=figures, title=HOSTILE[6], source=HOSTILE[7],
        as_of=HOSTILE[8], map_file="map.html",
    )  # fmt: skip
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            text = parts.read(name)
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(text)  # noqa: S314  our own
            assert b"<f>" not in text or name.startswith("xl/charts/") or b"dataBar" in text, name
            if name.endswith(".rels"):
                targets = re.findall(rb'Target="([^"]+)" TargetMode="External"', text)
                assert set(targets) <= {b"map.html"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*extension is not supported")
        book = openpyxl.load_workbook(path)
    assert "f" not in {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    names = list(book.sheetnames)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name) <= 31 for name in names)
    for sheet in book:
        for chart in sheet._charts:
            for series in chart.series:
                for reference in (series.val or series.yVal).numRef.f, series.tx.strRef.f:
                    assert re.fullmatch(r"'?[^!]+'?!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?", reference)

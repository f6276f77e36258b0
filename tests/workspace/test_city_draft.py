"""A city file from a folder: what is found is written, reads back the same, and no data gets out of it.

::

    收件/2025-03-07/责任区.shp  (GBK)     收件/街区_20250307.gpkg   收件/案件.xlsx: 案件导出, 说明
    收件/2025-11-03/责任区.shp            收件/街区_20251103.gpkg   收件/窨井普查.geojson, 说明.docx
"""

import zipfile

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import Point, box

from zjk_gis import City, read_city
from zjk_gis.errors import FileError
from zjk_gis.workspace.city_file.draft import draft_city
from zjk_gis.workspace.city_file.quoting import quoted

X, Y = 488_000.0, 4_520_000.0


def boxes(**columns):
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(
        columns, geometry=[box(X + 9 * i, Y, X + 9 * i + 9, Y + 9) for i in range(count)], crs=4547
    )


def points(names, **columns):
    return pd.DataFrame({**columns, names[0]: [114.88, 114.89], names[1]: [40.82, 40.83]})


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    root = tmp_path_factory.mktemp("city")
    for day in ("2025-03-07", "2025-11-03"):
        folder = root / "收件" / day
        folder.mkdir(parents=True)
        zones = boxes(责任区编号=["A", "B"], 路长=["甲", "乙"], 注=[day, day])
        pyogrio.write_dataframe(zones, folder / "责任区.shp", encoding="GBK")
        blocks = boxes(保护范围编码=["1", "2", "3"], 保护范围=["核心区", "缓冲区", "建设控制地带"])
        blocks.to_file(root / "收件" / f"街区_{day.replace('-', '')}.gpkg", layer="范围")
    with pd.ExcelWriter(root / "收件" / "案件.xlsx") as book:
        cases = points(("经度(高德)", "纬度(高德)"), 任务号=["1", "2"], 小类名称=["暴露垃圾", "道路不洁"])
        cases.to_excel(book, sheet_name="案件导出", index=False)
        pd.DataFrame({"说明": ["甲"]}).to_excel(book, sheet_name="说明", index=False)
    wells = gpd.GeoDataFrame({"编号": ["1", "2"]}, geometry=[Point(X, Y), Point(X, Y + 1)], crs=4547)
    wells.to_file(root / "收件" / "窨井普查.geojson", driver="GeoJSON")
    (root / "收件" / "说明.docx").write_bytes(b"PK")
    return root


@pytest.fixture(scope="module")
def draft(sent):
    return draft_city(sent / "收件", sent / "city.toml")


@pytest.fixture(scope="module")
def found(draft):
    return {each.layer: each for each in draft.city.sources}


def test_what_lies_there_becomes_sources_and_the_rest_is_told(draft, found):
    assert sorted(found) == ["historic_blocks", "incidents", "manholes", "responsibility_zones"]
    assert [name for name, _ in draft.unplaced] == ["案件.xlsx:说明", "说明.docx"]
    assert all(why for _, why in draft.unplaced)


def test_it_reads_back_the_same(sent, draft):
    assert City.read(sent / "city.toml") == draft.city


@pytest.mark.parametrize(
    ("layer", "files"),
    [
        ("responsibility_zones", "收件/*/责任区.shp"),
        ("historic_blocks", "收件/街区_*.gpkg"),
        ("incidents", "收件/案件.xlsx"),
    ],
)
def test_days_in_names_of_files_and_folders_are_left_open(draft, found, layer, files):
    assert found[layer].files == (files,)
    assert found[layer].edition == ("file" if layer == "incidents" else "folder")


def test_columns_sheet_table_and_datum_are_found(found):
    assert found["responsibility_zones"].columns == {"zone_code": "责任区编号", "chief_name": "路长"}
    assert found["manholes"].columns == {"manhole_code": "编号"}
    assert (found["incidents"].sheet, found["historic_blocks"].table) == ("案件导出", "范围")
    assert (found["incidents"].datum, found["incidents"].columns["lon"]) == ("gcj02", "经度(高德)")


def test_a_set_that_comes_whole_each_time_is_told_from_one_that_is_added_to(found):
    assert (found["responsibility_zones"].complete, found["incidents"].complete) == (True, False)


def test_a_value_that_is_known_is_translated_and_another_left_to_be_filled_in(sent, found):
    assert found["historic_blocks"].values == {"scope": {"核心区": "核心保护范围"}}  # noqa: PD011 - of a source
    assert '# "缓冲区" = ""' in (sent / "city.toml").read_text("utf-8")


def test_the_layers_are_read_by_what_was_written(draft):
    layers = read_city(draft.city)
    assert sorted(layers) == ["historic_blocks", "incidents", "manholes", "responsibility_zones"]
    assert layers["historic_blocks"]["scope"].tolist() == ["核心保护范围", "缓冲区", "建设控制地带"]
    assert layers["responsibility_zones"]["注"].tolist() == ["2025-11-03"] * 2
    assert {layer.crs.to_epsg() for layer in layers.values()} == {4547}


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "收件").mkdir()
    path = tmp_path / "city.toml"
    path.write_text("[city]\n", encoding="utf-8")
    with pytest.raises(FileError, match="is there already"):
        draft_city(tmp_path / "收件", path)
    assert path.read_text("utf-8") == "[city]\n"
    with pytest.raises(FileError, match="no file in it"):
        draft_city(tmp_path / "收件", path, overwrite=True)
    assert path.read_text("utf-8") == "[city]\n"
    points(("经度", "纬度"), 任务号=["1", "2"]).to_csv(tmp_path / "收件" / "案件.csv", index=False)
    assert len(draft_city(tmp_path / "收件", path, overwrite=True).city.sources) == 1


HOSTILE = [
    'a"]\n[city]\nname = "x',
    "'''",
    '"""',
    "back\\slash",
    "\u202egnp\u2028\x7f\x01",
    "# no comment",
    "{x} %s ${y}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_data_gets_out_of_its_quotation_marks(tmp_path, text):
    import tomllib

    assert tomllib.loads(f"{quoted(text)} = {quoted(text)}") == {text: text}


def test_hostile_columns_values_and_names_read_back_the_same(tmp_path):
    folder = tmp_path / "收 '件[1]*"
    folder.mkdir()
    blocks = boxes(保护范围编码=[str(i) for i in range(8)], 保护范围=["核心区", *HOSTILE]).assign(
        **{'x"] # \n[city]': 1}
    )
    blocks.to_file(folder / "a'\"[b]#.geojson", driver="GeoJSON")
    cases = points(('经度"\n[x]', "纬度'"), 任务号=["1", "2"])
    cases.to_csv(folder / "案件.csv", index=False)
    draft = draft_city(folder, tmp_path / "city.toml")
    assert City.read(tmp_path / "city.toml") == draft.city
    files = [file.name for each in draft.city.sources for file in draft.city.files_of(each)]
    assert files.count("a'\"[b]#.geojson") == 1
    text = (tmp_path / "city.toml").read_text("utf-8")
    assert text.count("\n[city]\n") == 1
    assert "\u202e" not in text


def test_an_archive_with_one_file_is_a_source_and_one_with_several_is_told(tmp_path):
    (tmp_path / "收件").mkdir()
    for name, count in (("路灯.zip", 1), ("几个.zip", 2)):
        with zipfile.ZipFile(tmp_path / "收件" / name, "w") as archive:
            for number in range(count):
                archive.writestr(f"路灯{number}.csv", "路灯编码,x,y\nL1,488000,4520000\n")
    draft = draft_city(tmp_path / "收件", tmp_path / "city.toml")
    assert [each.files for each in draft.city.sources] == [("收件/路灯.zip",)]
    assert len(draft.unplaced) == 2
    assert len(read_city(draft.city)["street_lamps"]) == 1


def test_a_folder_elsewhere_is_allowed_by_the_file_itself(tmp_path):
    (tmp_path / "收件").mkdir()
    points(("经度", "纬度"), 任务号=["1", "2"]).to_csv(tmp_path / "收件" / "案件.csv", index=False)
    (tmp_path / "配置").mkdir()
    draft = draft_city(tmp_path / "收件", tmp_path / "配置" / "city.toml")
    assert draft.city.sources[0].files == ("../收件/案件.csv",)
    assert len(read_city(draft.city)["incidents"]) == 2

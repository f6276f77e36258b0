"""Which encoding the table of a shapefile is in, whatever its .cpg says: the text decides.

Every single-byte code page fits any bytes, so that a .cpg which names one says nothing about Chinese text.
"""

import codecs
import encodings
import encodings.aliases
import pkgutil

import geopandas as gpd
import pyogrio
import pytest
from shapely import Point

from zjk_gis.io import read_layer
from zjk_gis.io.vector.dbf import encoding_of_dbf, read_dbf

NAMES = ["堡子里社区", "大境门外东窑子镇", "清水河左岸井盖", "桥西区明德北街3号路灯"]
TRADITIONAL = ["鐵路橋下", "臺北市信義區", "人行道鋪面", "環境衛生"]
WESTERN = ["Café Zürich", "Malmö Söderväg", "Señor Muñoz", "Straße"]
MODULES = {module.name for module in pkgutil.iter_modules(encodings.__path__)} - {"aliases"}
SPELLINGS = sorted(
    MODULES
    | set(encodings.aliases.aliases)
    | {
        "ISO 8859-1", "ISO-8859-15", "ISO8859_1", "88591", "885915", "8859-1", "Latin-1", "LATIN1",
        "windows-1252", "Windows 1252", "WIN1252", "ANSI 1252", "ANSI1252", "CP1252", "cp-1252", "1250",
        "437", "IBM437", "OEM 437", "850", "KOI8-R", "Macintosh", "mac-roman", "OEM", "ANSI", "SYSTEM",
        "US-ASCII", "UTF-8", "UTF8", "65001", "", "?",
    }
)  # fmt: skip


def table(path, names, encoding, *, cpg=None, column="name"):
    layer = gpd.GeoDataFrame({column: names}, geometry=[Point(i, i) for i in range(len(names))], crs=4547)
    pyogrio.write_dataframe(layer, path, encoding="UTF-8")
    dbf = path.with_suffix(".dbf")
    content = bytearray(dbf.read_bytes())
    begin = int.from_bytes(content[8:10], "little")
    width = int.from_bytes(content[10:12], "little")
    for at, name in enumerate(names):
        value = name.encode(encoding).ljust(width - 1)
        content[begin + at * width + 1 : begin + (at + 1) * width] = value[: width - 1]
    dbf.write_bytes(content)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def test_chinese_in_gbk_is_read_under_every_name_of_an_encoding_that_python_knows(tmp_path):
    found = read_dbf(table(tmp_path / "a.shp", NAMES, "gbk").with_suffix(".dbf"))
    assert len(SPELLINGS) > 400
    wrong = {name: encoding_of_dbf(found, name).name for name in SPELLINGS}
    assert {name: taken for name, taken in wrong.items() if taken != "GB18030"} == {}


@pytest.mark.parametrize(
    "declared",
    ["ISO 8859-1", "windows-1252", "latin-1", "1250", "437", "KOI8-R", "macintosh", "cp1256", "big5"],
)
def test_a_cpg_that_the_text_contradicts_is_told(tmp_path, declared):
    layer = read_layer(table(tmp_path / "a.shp", NAMES, "gbk", cpg=declared))
    report = layer.attrs["report"]
    assert layer["name"].tolist() == NAMES
    assert report.encoding == "GB18030"
    said = f"a.shp: read as GB18030 (.cpg says {declared}, which does not fit; valid GB18030)"
    assert report.remarks[0] == said


@pytest.mark.parametrize("declared", ["ISO-8859-1", "windows-1252", "936", "big5", "KOI8-R"])
def test_chinese_in_utf_8_is_utf_8_and_the_contradiction_is_told(tmp_path, declared):
    layer = read_layer(table(tmp_path / "a.shp", NAMES, "utf-8", cpg=declared))
    assert layer["name"].tolist() == NAMES
    assert f"a.shp: read as UTF-8 (.cpg says {declared}" in layer.attrs["report"].remarks[0]


@pytest.mark.parametrize("declared", ["ISO 8859-1", "ISO-8859-1", "88591", "1252", "windows-1252", "cp1252"])
def test_western_text_is_what_its_cpg_says(tmp_path, declared):
    layer = read_layer(table(tmp_path / "a.shp", WESTERN, "cp1252", cpg=declared))
    assert layer["name"].tolist() == WESTERN
    assert layer.attrs["report"].encoding_found == f".cpg says {declared}"
    assert layer.attrs["report"].remarks[:1] != ["a.shp: read as GB18030"]


@pytest.mark.parametrize(
    ("declared", "encoding", "names"),
    [
        ("850", "cp850", WESTERN),
        ("1251", "cp1251", ["улица Ленина", "проспект Мира", "площадь Свободы"]),
        ("KOI8-R", "koi8-r", ["улица Ленина", "проспект Мира", "площадь Свободы"]),
        ("Big5", "big5", TRADITIONAL),
        ("950", "cp950", TRADITIONAL),
        ("shift_jis", "shift_jis", ["東京都港区の道路", "ゴミ集積所"]),
        ("EUC-KR", "euc_kr", ["서울특별시", "종로구 가로등"]),
        ("GBK", "gbk", ["镕", "龘靐"]),
    ],
)
def test_a_cpg_is_believed_where_the_text_agrees(tmp_path, declared, encoding, names):
    layer = read_layer(table(tmp_path / "a.shp", names, encoding, cpg=declared))
    assert layer["name"].tolist() == names
    assert layer.attrs["report"].encoding_found == f".cpg says {declared}"


def test_western_text_in_utf_8_is_not_taken_for_chinese(tmp_path):
    for declared in (None, "ISO-8859-1"):
        layer = read_layer(table(tmp_path / "a.shp", WESTERN, "utf-8", cpg=declared))
        assert layer["name"].tolist() == WESTERN


def test_a_few_damaged_values_do_not_make_chinese_text_western(tmp_path):
    names = [f"清水河{number}号" for number in range(40)]
    path = table(tmp_path / "a.shp", names, "gbk", cpg="ISO-8859-1")
    dbf = path.with_suffix(".dbf")
    broken = "清水河7号".encode("gbk")
    dbf.write_bytes(dbf.read_bytes().replace(broken, broken[:1] + b" " + broken[2:]))
    layer = read_layer(path)
    assert layer["name"].tolist()[:7] == names[:7]
    assert layer["name"].tolist()[8:] == names[8:]
    assert layer.attrs["report"].encoding == "GB18030"


def test_what_a_long_table_is_in_does_not_depend_on_how_it_is_cut_into_blocks(tmp_path, monkeypatch):
    path = table(tmp_path / "a.shp", [*["plain"] * 500, *NAMES], "gbk", cpg="latin-1")
    whole = encoding_of_dbf(read_dbf(path.with_suffix(".dbf")), "latin-1")
    monkeypatch.setattr("zjk_gis.io.vector.dbf._BLOCK_BYTES", 100)
    assert encoding_of_dbf(read_dbf(path.with_suffix(".dbf")), "latin-1") == whole
    assert codecs.lookup(whole.name).name == "gb18030"

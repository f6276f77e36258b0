"""The city file: what it says is read, and what is wrong in it is named with its line."""

import dataclasses
import re
from pathlib import Path

import pytest

import zjk_gis
from zjk_gis import City
from zjk_gis.errors import CityFileError, FileError
from zjk_gis.words import speaking
from zjk_gis.workspace.city_file.lines import lines_of
from zjk_gis.workspace.city_file.sections import (
    Contact,
    Coordinates,
    Deadline,
    Duty,
    Publish,
    Rules,
    Source,
    Weights,
)

WHOLE = """\
[city]
name = "示例市"
workspace = "工作库.gpkg"
history = "历史"

[coordinates]
store = "EPSG:4490"
measure = "EPSG:4547"
default = "EPSG:4490"
datum = "none"

[[source]]
layer = "责任区"
files = "收件/*/责任区.shp"
encoding = "GBK"
key = "责任区编码"
complete = true
edition_column = "valid_from"
[source.columns]
zone_code = "编号"
"路长" = "负责人"

[[source]]
layer = "historic_blocks"
files = ["保护/*.gpkg", '保护\\旧\\*.gpkg']
table = "范围"
datum = "高德"
[source.values.scope]
"核心区域" = "核心保护范围"

[rules]
older = "keep"
shrink = 0.2

[thresholds]
gap_min_m2 = 2
parking_radius = 500

[deadlines]
"暴露垃圾" = "4工作时"

[weights]
handled_rate = 40
[weights.risk]
"重大" = 9

[duties]
"0102" = ["环卫处", "城管局"]
[duties."堡子里街道"]
"市容环境" = "街道办"

[public_lots]
kinds = ["公共"]
also = ["T9"]

[contacts]
"堡子里街道" = { name = "张三", phone = "0313-1" }

[publish]
folder = "发布"
audience = "公开"
approval_number = "冀S(2025)001号"
"""


def written(folder, text, **how):
    path = folder / "city.toml"
    path.write_bytes(text.encode(how.get("encoding", "utf-8")))
    return path


def faults(folder, text):
    with pytest.raises(CityFileError) as refused:
        City.read(written(folder, text))
    return [(fault.line, fault.where) for fault in refused.value.faults], str(refused.value)


def test_what_a_city_file_says(tmp_path):
    city = City.read(written(tmp_path, WHOLE))
    zones, blocks = city.sources
    assert (city.name, city.workspace, city.history) == (
        "示例市",
        tmp_path / "工作库.gpkg",
        tmp_path / "历史",
    )
    assert (zones.layer, zones.encoding, zones.key) == ("responsibility_zones", "GB18030", ("zone_code",))
    assert zones.columns == {"zone_code": "编号", "chief_name": "负责人"}
    assert zones.complete
    assert zones.line == 12
    assert (zones.edition, zones.edition_column) == ("column", "valid_from")
    assert (blocks.edition, blocks.datum) == ("folder", "gcj02")
    assert blocks.values == {"scope": {"核心区域": "核心保护范围"}}
    assert city.coordinates.datum == ""
    assert city.thresholds == {"gap_min_m2": 2.0, "parking_radius": 500.0}
    assert [(each.event_code, each.amount, each.clock) for each in city.deadlines] == [("0102", 4, "工作时")]
    assert [(duty.event_code, duty.place_code) for duty in city.duties] == [
        ("0102", ""),
        ("0102", ""),
        ("01", "130703005"),
    ]
    assert city.weights.risk == {"重大": 9.0}
    assert city.contacts["130703005"].phone == "0313-1"
    assert (city.publish.audience, city.publish.approval_number) == ("public", "冀S(2025)001号")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_any_editor_of_windows_may_save_it(tmp_path, encoding, ending):
    plain = City.read(written(tmp_path, WHOLE))
    assert City.read(written(tmp_path, WHOLE.replace("\n", ending), encoding=encoding)) == plain


def test_what_is_not_text_is_refused(tmp_path):
    path = tmp_path / "city.toml"
    path.write_bytes(b'[city]\nname = "\xff\xff\x00"\n')
    with pytest.raises(FileError, match="UTF-8"):
        City.read(path)


def test_all_faults_are_told_at_once_each_with_its_line(tmp_path):
    source = '[[source]]\nlayer = "zone"\nfiles = [\n  "a.csv",\n  "../b.csv",\n]\n'
    text = f'[city]\nnam = "甲"\n\n{source}[rules]\nshrink = 2\n'
    found, told = faults(tmp_path, text)
    assert found == [(2, "city.nam"), (5, "source.layer"), (8, "source.files"), (11, "rules.shrink")]
    assert "perhaps name" in told


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('layer = "responsibility_zone"', "perhaps responsibility_zones"),
        ('key = "zone_cod"', "perhaps zone_code"),
        ('[source.columns]\nzone_cod = "编号"', "perhaps zone_code"),
        ('[source.columns]\nzone_code = "编号"\nzone_name = "编号"', "already the column zone_code"),
        ('[source.columns]\nlon = "经度"', "lon and lat"),
        ('sheet = "a"\ntable = "b"', "keep one"),
        ('edition = "column"', "edition_column is missing"),
        ("complete = 1", "true or false"),
        ('crs = "EPSG:1"', "no coordinate reference system"),
        ('datum = "北京"', "not a datum"),
    ],
)
def test_a_fault_of_a_source_says_what_may_be_meant(tmp_path, line, said):
    layer = "" if line.startswith("layer") else 'layer = "责任区"\n'
    assert said in faults(tmp_path, f'[city]\n[[source]]\n{layer}files = "a.shp"\n{line}\n')[1]


def test_a_value_that_is_none_of_the_standard_is_refused(tmp_path):
    values = '[source.values.scope]\n"核心" = "核心保护"\n'
    text = f'[city]\n[[source]]\nlayer = "historic_blocks"\nfiles = "a.shp"\n{values}'
    found, told = faults(tmp_path, text)
    assert found == [(6, "source.values.scope.核心")]
    assert "核心保护范围" in told


@pytest.mark.parametrize(
    "path", ["../a.csv", "/a.csv", "C:\\\\a.csv", "\\\\\\\\server\\\\a.csv", "a/../../b.csv"]
)
def test_files_outside_the_folder_are_read_only_where_that_is_said(tmp_path, path):
    text = f'[city]\n[[source]]\nlayer = "roads"\nfiles = "{path}"\n'
    assert faults(tmp_path, text)[0] == [(4, "source.files")]
    City.read(written(tmp_path, text.replace("[city]", "[city]\noutside = true")))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[city]\nname = “甲”\n", 2, "全角"),
        ("[city]\nname＝\"甲\"\n", 2, "全角"),
        ("[city]\nname = 甲\n", 2, "引号"),
        ("[city]\n名称 = \"甲\"\n", 2, "英文引号"),
        ("[city]\nname = \"甲\"\nname = \"乙\"\n", 3, "两次"),
        ("[city]\nworkspace = \"D:\\数据\"\n", 2, "反斜杠"),
        ("[city]\nname = \"甲\n", 2, "引号没有"),
    ],
)  # fmt: skip
def test_text_that_is_not_toml_is_explained_with_its_line(tmp_path, text, line, said):
    with speaking("zh"):
        found, told = faults(tmp_path, text)
    assert found == [(line, "")]
    assert said in told


def test_lines_are_those_of_the_keys_whatever_the_text_holds():
    text = 'a = """\n[b]\nc = 1\n"""\n"d.e" = { f = [1, # g = 1\n 2] }\n[[s]]\n[s.t]\nu.v = 1979-05-27\n'
    text += "[[s]]\nw = '#'\n"
    found = lines_of(text)
    assert ("b",) not in found
    assert found["d.e", "f", 1] == 6
    assert found["s", 0, "t", "u", "v"] == 9
    assert found["s", 1, "w"] == 11


@pytest.mark.parametrize(("lang", "said"), [("zh", "示例市"), ("en", "2 sources")])
def test_it_prints_its_sources_and_how_many_files_each_has(tmp_path, lang, said):
    city = City.read(written(tmp_path, WHOLE))
    with speaking(lang):
        assert said in repr(city)
        assert "责任区.shp" in city._repr_html_()


@pytest.mark.parametrize("pattern", ["收件/**a.csv", "收件/**", ".", "a\\u0000.csv", " "])
def test_a_pattern_that_matches_no_file_is_refused(tmp_path, pattern):
    found, _ = faults(tmp_path, f'[city]\n[[source]]\nlayer = "roads"\nfiles = ["a.csv", "{pattern}"]\n')
    assert found == [(4, "source.files")]


@pytest.mark.parametrize(
    "said", ["[publish]\nkeep = 3\n", '[publish]\ntables = "csv"\n', '[city]\ncode = "1"\n']
)
def test_what_nothing_would_heed_is_refused(tmp_path, said):
    head = "" if "[city]" in said else "[city]\n"
    assert len(faults(tmp_path, head + said)[0]) == 1


def test_every_setting_is_read_outside_of_the_city_file_s_own_room():
    root = Path(zjk_gis.__file__).parent
    texts = [
        path.read_text(encoding="utf-8")
        for path in root.rglob("*.py")
        if path.parent.name != "city_file"
        or path.name in ("reading.py", "systems.py", "own_tables.py", "city.py")
    ]
    code = "\n".join(texts)
    settings = [
        f"{section.__name__}.{each.name}"
        for section in (Coordinates, Source, Rules, Duty, Deadline, Weights, Contact, Publish)
        for each in dataclasses.fields(section)
        if each.name not in ("line", "street_code")
    ]
    holder = r"\b(coordinates|source|rules?|each|weights|contact|said|publish)"
    unread = [each for each in settings if not re.search(rf"{holder}\.{each.split('.')[1]}\b", code)]
    assert unread == []

"""What a city file says of its sources is done when they are read; and what comes before what."""

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import Point, Polygon, box

import zjk_gis
from zjk_gis import City, Workspace, read_city, read_layer, write_layer
from zjk_gis.errors import FileError, InputError
from zjk_gis.read_report import report_of
from zjk_gis.words import speaking
from zjk_gis.workspace.city_file.reading import read_file

LON, LAT = 114.87835, 40.819114  # in GCJ-02
GROUND = 114.87222


def city_with(folder, text, *, head=""):
    path = folder / "city.toml"
    path.write_text(f'[city]\nname = "甲"\n{head}\n{text}', encoding="utf-8")
    return City.read(path)


def sent(folder, name, rows, *, encoding="utf-8"):
    path = folder / "收件" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pd.DataFrame(rows).to_csv(index=False), encoding=encoding)
    return path


def zones(codes, **more):
    shapes = [box(500_000 + 9 * at, 4_520_000, 500_009 + 9 * at, 4_520_009) for at in range(len(codes))]
    return gpd.GeoDataFrame({"编号": codes, **more}, geometry=shapes, crs=4547)


def test_columns_and_values_of_the_city_file_are_those_of_the_layer(tmp_path):
    folder = tmp_path / "收件" / "2025-03-07"
    folder.mkdir(parents=True)
    blocks = zones(["A", "B"], 范围=["核心区域", "建设控制地带"])
    write_layer(blocks, folder / "街区.gpkg", layer="范围")
    write_layer(zones(["x"]), folder / "街区.gpkg", layer="别的")
    city = city_with(
        tmp_path,
        '[[source]]\nlayer = "历史文化街区"\nfiles = "收件/*/街区.gpkg"\ntable = "范围"\n'
        '[source.columns]\nscope_code = "编号"\nscope = "范围"\n'
        '[source.values.scope]\n"核心区域" = "核心区"\n',
    )
    found = read_city(city)["historic_blocks"]
    assert found[["scope_code", "scope"]].to_numpy().tolist() == [
        ["A", "核心保护范围"],
        ["B", "建设控制地带"],
    ]
    assert list(read_city(city.path)) == ["historic_blocks"]


def test_the_newest_edition_of_a_complete_set_is_read_and_of_another_the_newest_of_each_row(tmp_path):
    for day, codes in (("2025-03-07", ["A", "B"]), ("2025-11-03", ["B", "C"])):
        rows = {"编号": codes, "经度": GROUND, "纬度": LAT, "地址": [f"{day} {code}" for code in codes]}
        sent(tmp_path, f"{day}/案件.csv", rows)
    source = (
        '[[source]]\nlayer = "案件"\nfiles = "收件/*/案件.csv"\n[source.columns]\nincident_code = "编号"\n'
    )
    source += 'description = "地址"\n'
    added = read_city(city_with(tmp_path, source))["incidents"]
    assert added["description"].tolist() == ["2025-03-07 A", "2025-11-03 B", "2025-11-03 C"]
    whole = read_city(city_with(tmp_path, source.replace("[source.c", "complete = true\n[source.c")))[
        "incidents"
    ]
    assert whole["incident_code"].tolist() == ["B", "C"]
    assert any("2025-11-03" in remark for remark in whole.attrs["report"].remarks)


POINTS = '[[source]]\nlayer = "案件"\nfiles = "收件/*.csv"\n'


def longitude(layer):
    return round(float(layer.to_crs(4490).geometry.x.iloc[0]), 5)


def test_an_option_of_the_call_comes_before_the_city_file(tmp_path):
    path = sent(tmp_path, "a.csv", {"案件编号": ["1"], "经度": [LON], "纬度": [LAT]})
    city = city_with(tmp_path, POINTS + 'datum = "高德"\n')
    assert longitude(read_file(city, city.sources[0], path)) == GROUND
    assert longitude(read_file(city, city.sources[0], path, datum="cgcs2000")) == LON


def test_the_city_file_comes_before_what_the_workspace_remembers(tmp_path):
    sent(tmp_path, "a.csv", {"案件编号": ["1"], "经度": [LON], "纬度": [LAT]})
    point = gpd.GeoDataFrame({"code": ["1"]}, geometry=[Point(LON, LAT)], crs=4490)
    with Workspace.open(tmp_path / "city.gpkg") as workspace:
        workspace.write("others", point, source="a.csv", datum="高德")
    assert longitude(read_city(city_with(tmp_path, POINTS))["incidents"]) == GROUND
    said = city_with(tmp_path, POINTS + 'datum = "cgcs2000"\n')
    assert longitude(read_city(said)["incidents"]) == LON


def test_what_the_workspace_remembers_comes_before_the_file_s_own_evidence(tmp_path):
    sent(tmp_path, "a.csv", {"案件编号": ["1"], "bd09经度": [LON], "bd09纬度": [LAT]})
    as_baidu = longitude(read_city(city_with(tmp_path, POINTS))["incidents"])
    point = gpd.GeoDataFrame({"code": ["1"]}, geometry=[Point(LON, LAT)], crs=4490)
    with Workspace.open(tmp_path / "city.gpkg") as workspace:
        workspace.write("others", point, source="a.csv", datum="高德")
    assert as_baidu != GROUND
    assert longitude(read_city(city_with(tmp_path, POINTS))["incidents"]) == GROUND


def test_the_city_s_datum_is_that_of_files_of_which_nothing_else_says_it(tmp_path):
    sent(tmp_path, "a.csv", {"案件编号": ["1"], "经度": [LON], "纬度": [LAT]})
    text = '[coordinates]\ndatum = "gcj02"\n'
    assert longitude(read_city(city_with(tmp_path, text + POINTS))["incidents"]) == GROUND
    own = city_with(tmp_path, text + POINTS + 'datum = "wgs84"\n')
    assert longitude(read_city(own)["incidents"]) == LON


def test_the_city_s_system_is_that_of_files_that_do_not_say(tmp_path):
    rows = {"案件编号": ["1"], "x": [488_000.0], "y": [4_520_000.0]}
    sent(tmp_path, "a.csv", rows)
    text = '[coordinates]\ndefault = "EPSG:4547"\n'
    assert read_city(city_with(tmp_path, text + POINTS))["incidents"].crs.to_epsg() == 4547


def test_layers_come_in_the_system_in_which_the_city_measures(tmp_path):
    sent(tmp_path, "a.csv", {"案件编号": ["1"], "经度": [GROUND], "纬度": [LAT]})
    city = city_with(tmp_path, '[coordinates]\nmeasure = "EPSG:4548"\n' + POINTS)
    assert read_city(city)["incidents"].crs.to_epsg() == 4548


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_the_encoding_that_is_said_is_taken(tmp_path, encoding):
    sent(
        tmp_path,
        "a.csv",
        {"案件编号": ["1"], "经度": [GROUND], "纬度": [LAT], "描述": ["垃圾"]},
        encoding=encoding,
    )
    city = city_with(tmp_path, POINTS + f'encoding = "{encoding}"\n')
    found = read_city(city)["incidents"]
    assert found["description"].tolist() == ["垃圾"]
    assert found.attrs["report"].encoding_found == "as the caller says"


def test_an_encoding_in_which_nothing_is_valid_is_refused(tmp_path):
    path = sent(
        tmp_path,
        "a.csv",
        {"案件编号": ["1"], "经度": [GROUND], "纬度": [LAT], "描述": ["垃圾"]},
        encoding="gbk",
    )
    with pytest.raises(FileError, match="is not in UTF-8"):
        read_layer(path, encoding="utf-8")
    with pytest.raises(InputError, match="UTF-8 or GB18030"):
        read_layer(path, encoding="latin-1")


@pytest.mark.parametrize("written", ["UTF-8", "GBK"])
def test_the_encoding_of_a_shapefile_that_is_said_is_taken_where_it_can_be(tmp_path, written):
    pyogrio.write_dataframe(zones(["中", "国"]), tmp_path / "a.shp", encoding=written)
    if written == "UTF-8":
        found = read_layer(tmp_path / "a.shp", encoding="UTF-8")
        assert (found["编号"].tolist(), found.attrs["report"].encoding_found) == (
            ["中", "国"],
            "as the caller says",
        )
    else:
        with pytest.raises(FileError, match="is not in UTF-8"):
            read_layer(tmp_path / "a.shp", encoding="UTF-8")


def test_a_column_that_the_file_lacks_is_refused_by_name(tmp_path):
    path = sent(tmp_path, "a.csv", {"案件编号": ["1"], "经度": [GROUND], "纬度": [LAT]})
    with pytest.raises(InputError, match="has no column '描写'"):
        read_layer(path, spec="incidents", column_names={"description": "描写"})


def test_a_column_that_is_said_gives_way_to_no_other(tmp_path):
    rows = {"案件编号": ["1"], "description": ["旧"], "地点": ["新"], "经度": [GROUND], "纬度": [LAT]}
    path = sent(tmp_path, "a.csv", rows)
    found = read_layer(path, spec="incidents", column_names={"description": "地点"})
    assert (found["description"].item(), found["description_recorded"].item()) == ("新", "旧")


def test_the_workspace_is_read_where_there_is_one_and_the_files_for_what_it_lacks(tmp_path):
    sent(tmp_path, "a.csv", {"案件编号": ["1"], "经度": [GROUND], "纬度": [LAT]})
    city = city_with(tmp_path, POINTS, head='workspace = "库.gpkg"')
    with Workspace.open(city) as workspace:
        workspace.write("responsibility_zones", zones(["A"]).rename(columns={"编号": "zone_code"}))
    assert list(read_city(city)) == ["responsibility_zones", "incidents"]
    assert list(read_city(tmp_path / "库.gpkg")) == ["responsibility_zones"]
    with Workspace.open(city.path) as workspace:
        assert workspace.list()["layer"].tolist() == ["responsibility_zones"]


def test_a_city_without_workspace_and_files_says_so(tmp_path):
    with speaking("zh"), pytest.raises(FileError, match="既没有工作库"):
        read_city(city_with(tmp_path, POINTS))


def test_a_city_is_taken_where_the_zones_are(tmp_path):
    folder = tmp_path / "收件"
    folder.mkdir()
    write_layer(zones(["A"]), folder / "区.gpkg")
    text = '[[source]]\nlayer = "责任区"\nfiles = "收件/区.gpkg"\n[source.columns]\nzone_code = "编号"\n'
    city = city_with(tmp_path, text)
    assert zjk_gis.workspace.city.read_zones(city)["zone_code"].tolist() == ["A"]
    assert list(zjk_gis.workspace.city.answering_layers(city)) == ["zones"]


def test_a_delivery_need_not_hold_every_layer_but_what_is_not_understood_is_told(tmp_path):
    for day, tables in (("2025-03-07", ["范围", "责任区"]), ("2025-03-14", ["责任区"])):
        folder = tmp_path / "收件" / day
        folder.mkdir(parents=True)
        for table in tables:
            write_layer(zones(["A"]), folder / "全市.gpkg", layer=table)
    text = "".join(
        f'[[source]]\nlayer = "{layer}"\nfiles = "收件/*/全市.gpkg"\ntable = "{table}"\n'
        for layer, table in (("historic_blocks", "范围"), ("responsibility_zones", "责任区"))
    )
    city = city_with(tmp_path, text)
    assert [[path.parent.name for path in city.files_of(each)] for each in city.sources] == [
        ["2025-03-07"],
        ["2025-03-07", "2025-03-14"],
    ]
    write_layer(zones(["A"]), tmp_path / "收件" / "2025-03-14" / "全市.gpkg", layer="范围_新")
    assert [path.parent.name for path in city.files_of(city.sources[0])] == ["2025-03-07", "2025-03-14"]
    with pytest.raises(InputError, match="范围_新"):
        read_city(city)


def test_a_shape_that_measuring_makes_cross_itself_is_mended_and_told(tmp_path):
    ring = [
        (114.87438725370022, 40.827449243473865),
        (114.87439198370387, 40.82744899182512),
        (114.87439164164525, 40.82744528212239),
        (114.87442468115242, 40.827803600899145),
    ]
    kept = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[Polygon(ring)], crs=4490)
    assert kept.geometry.is_valid.all()
    assert not kept.to_crs(4547).geometry.is_valid.any()
    write_layer(kept, tmp_path / "city.gpkg", layer="responsibility_zones")
    city = city_with(tmp_path, '[coordinates]\nmeasure = "EPSG:4547"\n', head='workspace = "city.gpkg"')
    found = read_city(city)["responsibility_zones"]
    assert found.crs == 4547
    assert found.geometry.is_valid.all()
    assert [remark for remark in report_of(found).remarks if "mended" in remark] == [
        "responsibility_zones: 1 shapes that rounding made invalid were mended for the answers"
    ]

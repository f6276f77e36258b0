"""KML as phones, Google Earth and hand-made exports write it."""

import zipfile

import geopandas as gpd
import pytest
from shapely import GeometryCollection, LineString, MultiPoint, Point, Polygon

from zjk_gis.errors import FileError, InputError
from zjk_gis.io import list_layers, read_layer, write_layer

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
POINT = "<Point><coordinates>114.88,40.82</coordinates></Point>"


def kml(tmp_path, body, *, head=HEAD, encoding="utf-8"):
    path = tmp_path / "a.kml"
    path.write_bytes(f"{head}<Document>{body}</Document></kml>".encode(encoding))
    return path


def placed(shape, name="甲"):
    return f"<Placemark><name>{name}</name>{shape}</Placemark>"


LINE = "<LineString><coordinates>1,2 3,4\n5,6</coordinates></LineString>"
TRACK = "<gx:Track><gx:coord>1 2 0</gx:coord><gx:coord>3 4 0</gx:coord></gx:Track>"
OUTER = (
    "<outerBoundaryIs><LinearRing><coordinates>0,0 9,0 9,9 0,0</coordinates></LinearRing></outerBoundaryIs>"
)
INNER = (
    "<innerBoundaryIs><LinearRing><coordinates>5,1 6,1 6,2 5,1</coordinates></LinearRing></innerBoundaryIs>"
)


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        (POINT, Point(114.88, 40.82)),
        ("<Point><coordinates>114.88,40.82,0</coordinates></Point>", Point(114.88, 40.82)),
        ("<Point><coordinates>\n 114.88, 40.82, 700 \n</coordinates></Point>", Point(114.88, 40.82, 700)),
        (LINE, LineString([(1, 2), (3, 4), (5, 6)])),
        (LINE.replace("3,4", "3,4,9"), LineString([(1, 2), (3, 4), (5, 6)])),
        (f"<Polygon>{OUTER}{INNER}</Polygon>", Polygon([(0, 0), (9, 0), (9, 9)], [[(5, 1), (6, 1), (6, 2)]])),
        (f"<MultiGeometry>{POINT}{POINT}</MultiGeometry>", MultiPoint([(114.88, 40.82)] * 2)),
        (
            f"<MultiGeometry>{POINT}{LINE}</MultiGeometry>",
            GeometryCollection([Point(114.88, 40.82), LineString([(1, 2), (3, 4), (5, 6)])]),
        ),
        (TRACK, LineString([(1, 2), (3, 4)])),
    ],
)
def test_every_kind_of_shape(tmp_path, written, shape):
    layer = read_layer(kml(tmp_path, placed(written)))
    assert layer.geometry[0].equals_exact(shape)
    assert layer.geometry[0].has_z == shape.has_z
    assert (layer["name"].tolist(), layer.crs.to_epsg()) == (["甲"], 4326)


def test_data_of_every_kind_become_columns(tmp_path):
    body = (
        "<name>井盖</name><Folder><name>桥东区</name><Folder><name>堡子里</name><Placemark><name>1号</name>"
        "<description><![CDATA[<b>破损</b>]]></description><TimeStamp><when>2025-01-02</when></TimeStamp>"
        '<ExtendedData><Data name="权属"><value>电信</value></Data><SchemaData schemaUrl="#a">'
        f'<SimpleData name="编码">0012</SimpleData></SchemaData></ExtendedData>{POINT}</Placemark></Folder>'
        "</Folder>"
        f"{placed(POINT, '2号')}"
    )
    layer = read_layer(kml(tmp_path, body))
    assert layer.drop(columns="geometry").fillna("").to_dict("records") == [
        {
            "name": "1号",
            "description": "<b>破损</b>",
            "folder": "桥东区/堡子里",
            "when": "2025-01-02",
            "权属": "电信",
            "编码": "0012",
        },
        {"name": "2号", "description": "", "folder": "", "when": "", "权属": "", "编码": ""},
    ]


def test_a_file_without_namespace_or_in_gbk_is_read(tmp_path):
    head = '<?xml version="1.0" encoding="GBK"?><kml>'
    layer = read_layer(kml(tmp_path, placed(POINT), head=head, encoding="gbk"))
    assert (layer["name"].tolist(), layer.attrs["report"].encoding) == (["甲"], "GB18030")


def test_what_cannot_be_read_is_named_and_kept(tmp_path):
    broken = "<Point><coordinates>114.88,北</coordinates></Point>"
    link = "<NetworkLink><Link><href>http://example.org/a.kml</href></Link></NetworkLink>"
    layer = read_layer(kml(tmp_path, placed(POINT) + placed(broken) + placed("") + link))
    assert layer.geometry.isna().tolist() == [False, True, True]
    assert layer.attrs["report"].remarks == [
        "a.kml: the coordinates of 1 placemarks cannot be read (record 2)",
        "a.kml: 1 NetworkLink left out; what they show lies elsewhere",
        "a.kml: 2 rows have no usable geometry",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>', "declares"),
        ('<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml>&b;</kml>', "declares a document type"),
        ("<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>", "is not KML but <OGRVRTDataSource>"),
        ("<gml:FeatureCollection xmlns:gml='gml'/>", "is not KML but <FeatureCollection>"),
        (f"{HEAD}<Document>{placed(POINT)}", "is not sound XML"),
        ("<kml>" * 500_000, "deep in each other"),
        (f"{HEAD}<Placemark>{'<MultiGeometry>' * 90_000}", "deep in each other"),
    ],
    ids=["file", "laughs", "vrt", "gml", "cut", "deep", "nested"],
)  # fmt: skip
def test_what_is_no_plain_kml_is_refused(tmp_path, content, words):
    path = tmp_path / "a.kml"
    path.write_text(content, "utf-8")
    with pytest.raises(FileError, match=words):
        read_layer(path)


def test_a_kmz_is_an_archive_with_one(tmp_path):
    plain = kml(tmp_path, placed(POINT))
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.write(plain, "doc.kml")
        archive.writestr("files/icon.png", b"\x89PNG")
    layer = read_layer(tmp_path / "a.kmz")
    assert layer["name"].tolist() == ["甲"]
    assert layer.attrs["report"].path == f"{tmp_path / 'a.kmz'}/doc.kml"
    assert list_layers(tmp_path / "a.kmz") == ["doc"]


def test_text_that_is_markup_comes_back_as_text_and_is_shown_as_none(tmp_path):
    texts = ["<b>&amp;</b>", "]]><Placemark/>", "<script>alert(1)</script>", "a\tb\nc\rd", "𠮷"]
    points = gpd.points_from_xy([114.8] * 5, [40.8] * 5)
    columns = {"name": texts, "description": texts, '备注"<': texts}
    layer = gpd.GeoDataFrame(columns, geometry=points, crs=4490)
    path = write_layer(layer, tmp_path / "a.kml")
    back = read_layer(path)
    assert back.drop(columns="geometry").to_dict("list") == columns
    assert "<description>" not in path.read_text("utf-8")  # which Google Earth takes for HTML


def test_the_shapes_of_every_kind_come_back(tmp_path):
    polygon = Polygon([(0, 0), (9, 0), (9, 9)], [[(5, 1), (6, 1), (6, 2)]])
    shapes = [
        Point(114.123456789, 40.8), Point(1, 2, 3.5), LineString([(1, 2), (3, 4)]), polygon, None,
        MultiPoint([(1, 2), (3, 4)]), GeometryCollection([Point(1, 2), polygon]),
    ]  # fmt: skip
    back = read_layer(write_layer(gpd.GeoDataFrame(geometry=shapes, crs=4326), tmp_path / "a.kml"))
    assert back.geometry.iloc[4] is None
    for shape, read in zip(shapes, back.geometry, strict=True):
        assert shape is None or read.equals_exact(shape, 1e-9)


def test_gdal_reads_it_too(tmp_path):
    layer = gpd.GeoDataFrame({"name": ["甲"], "编码": ["0012"]}, geometry=[Point(114.8, 40.8)], crs=4490)
    read = gpd.read_file(write_layer(layer, tmp_path / "a.kml", layer="井盖"), layer="井盖")
    assert (read["Name"][0], read.geometry[0].x) == ("甲", 114.8)


def test_control_characters_cannot_stand_in_kml(tmp_path):
    layer = gpd.GeoDataFrame({"note": ["a", "c\x0bd"]}, geometry=[Point(1, 2), Point(3, 4)], crs=4490)
    with pytest.raises(InputError, match=r"a\.kml: 'note' has control characters, .* \(row 1\)"):
        write_layer(layer, tmp_path / "a.kml")
    assert list(tmp_path.iterdir()) == []

"""GeoJSON of any make, a feature a line or documents one behind the other: read whole or refused."""

import json

import pytest

from zjk_gis.errors import ZjkGisError
from zjk_gis.io import list_layers, read_layer
from zjk_gis.io.vector.geojson import one_collection


def feature(number, **properties):
    """A point whose longitude says which it is."""
    where = {"type": "Point", "coordinates": [114 + number / 1000, 40.8]}
    return {"type": "Feature", "properties": {"n": number, **properties}, "geometry": where}


def collection(*numbers, **more):
    return {"type": "FeatureCollection", **more, "features": [feature(number) for number in numbers]}


def dumped(document, **options):
    return json.dumps(document, ensure_ascii=False, **options)


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def numbers_in(path):
    layer = read_layer(path)
    assert [round(1000 * (x - 114)) for x in layer.geometry.x] == layer["n"].tolist()
    return layer["n"].tolist()


@pytest.mark.parametrize("ending", ["geojson", "json", "geojsonl", "geojsons", "ndjson", "jsonl"])
@pytest.mark.parametrize("count", [2, 77, 2000])
def test_a_feature_a_line_is_read_to_the_last(tmp_path, ending, count):
    path = written(tmp_path / f"a.{ending}", "\n".join(dumped(feature(number)) for number in range(count)))
    assert numbers_in(path) == list(range(count))
    assert list_layers(path) == ["a"]


SEQUENCES = {
    "a blank line here and there": "\n\n".join(dumped(feature(number)) for number in range(3)) + "\n\n",
    "lines ended as on Windows": "\r\n".join(dumped(feature(number)) for number in range(3)),
    "a byte order mark": "\ufeff" + "\n".join(dumped(feature(number)) for number in range(3)),
    "record separators": "".join(f"\x1e{dumped(feature(number))}\n" for number in range(3)),
    "record separators and many lines": "".join(f"\x1e{dumped(feature(n), indent=2)}\n" for n in range(3)),
    "a separator and one record": "\x1e" + dumped(collection(0, 1, 2)),
    "one behind the other": "".join(dumped(feature(number)) for number in range(3)),
    "one behind the other over many lines": "\n".join(dumped(feature(n), indent=1) for n in range(3)),
    "collections": dumped(collection(0, 1)) + "\n" + dumped(collection(2)),
    "collections over many lines": dumped(collection(0, 1), indent=1) + dumped(collection(2), indent=1),
    "collections and features": dumped(collection(0, 1)) + "\n" + dumped(feature(2)),
    "an empty collection among others": "\n".join(map(dumped, [collection(), feature(0), collection(1, 2)])),
    "brackets within text": "\n".join(dumped(feature(n, note='}{]["\\')) for n in range(3)),
}


@pytest.mark.parametrize("text", SEQUENCES.values(), ids=SEQUENCES)
def test_several_documents_are_one_layer(tmp_path, text):
    assert numbers_in(written(tmp_path / "a.geojson", text)) == [0, 1, 2]


def test_the_columns_of_all_lines_are_there_and_digits_are_kept(tmp_path):
    lines = [feature(0, 名称="甲", code=130703010100000001), feature(1, 权属="电信"), feature(2, code=None)]
    layer = read_layer(written(tmp_path / "a.geojson", "\n".join(map(dumped, lines)), "gbk"))
    assert layer["名称"].tolist()[0] == "甲"
    assert layer["权属"].tolist()[1] == "电信"
    assert layer["code"].tolist()[0] == 130703010100000001
    assert layer.attrs["report"].encoding == "GB18030"


def test_a_line_in_the_middle_that_is_no_feature_is_left_out_with_its_number(tmp_path):
    lines = [
        dumped(feature(0)),
        dumped(feature(1))[:-9],
        '{"type": "Topology"}',
        dumped(feature(2)),
        dumped(feature(3)),
    ]
    path = written(tmp_path / "a.ndjson", "\n".join(lines))
    assert numbers_in(path) == [0, 2, 3]
    report = read_layer(path).attrs["report"]
    assert "a.ndjson: 2 lines are not GeoJSON features and left out: lines 2, 3" in report.remarks
    assert [(row["row"], row["why"]) for row in report.left_out] == [
        (2, "not valid JSON"), (3, "not a GeoJSON feature"),
    ]  # fmt: skip
    json.dumps(report)


REFUSED = {
    "cut off in the last line": (
        "\n".join(dumped(feature(number)) for number in range(3))[:-5],
        "line 3 is not valid JSON",
    ),
    "lines of something else": ("\n".join(['{"a": 1}'] * 3), "line 3 is not a GeoJSON feature"),
    "something behind the end": (dumped(feature(0)) + "<script>", "the one in line 1 is not GeoJSON"),
    "two systems": (
        dumped(collection(0, crs={"type": "name", "properties": {"name": "EPSG:4547"}}))
        + "\n"
        + dumped(feature(1)),
        "in several systems",
    ),
    "a topology": ('{"type": "Topology", "objects": {}}', "a.geojson"),
    "an array of features": (dumped([feature(0), feature(1)]), "a.geojson"),
    "a shape among the features": (
        dumped({"type": "FeatureCollection", "features": [feature(0), feature(1)["geometry"]]}),
        "of its 2 features only 1 can be read; 1 members are not GeoJSON features (record 2)",
    ),
    "a feature that does not say so": (
        dumped({"type": "FeatureCollection", "features": [feature(0), {"properties": {}, "geometry": None}]}),
        "of its 2 features only 1 can be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_whole_is_refused(tmp_path, text, said):
    path = written(tmp_path / "a.geojson", text)
    with pytest.raises(ZjkGisError) as refused:
        read_layer(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("document", "kinds"),
    [
        (feature(0)["geometry"], ["Point"]),
        ({"type": "GeometryCollection", "geometries": [feature(0)["geometry"]]}, ["GeometryCollection"]),
        (feature(0), ["Point"]),
        (collection(), []),
        ({"type": "FeatureCollection", "features": [{**feature(0), "geometry": None}]}, [None]),
    ],
    ids=["shape", "shapes", "feature", "no features", "no shape"],
)
def test_a_single_document_may_be_any_geojson(tmp_path, document, kinds):
    layer = read_layer(written(tmp_path / "a.geojson", dumped(document)))
    assert [None if kind != kind else kind for kind in layer.geom_type] == kinds


def test_a_bare_shape_a_line_is_a_row_each(tmp_path):
    text = "\n".join(dumped(feature(number)["geometry"]) for number in range(3))
    assert len(read_layer(written(tmp_path / "a.geojson", text))) == 3


def test_one_document_is_handed_on_as_it_is(tmp_path):
    for text in (dumped(collection(0)), dumped(collection(0), indent=1), f"\n {dumped(feature(0))} \n"):
        assert one_collection(text, tmp_path / "a.geojson", {}) is None


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_where_a_document_ends_does_not_depend_on_how_it_is_cut_into_blocks(tmp_path, monkeypatch, step):
    monkeypatch.setattr("zjk_gis.io.vector.geojson._STEP", step)
    note = 'a "quoted\\" } ] \\\\'
    text = dumped(feature(0, note=note)) + dumped(feature(1, note=note))
    joined = json.loads(one_collection(text, tmp_path / "a.geojson", {"remarks": []}))
    assert [each["properties"] for each in joined["features"]] == [{"n": n, "note": note} for n in (0, 1)]


def test_a_line_of_gbk_in_utf8_is_read_as_what_it_is(tmp_path):
    def feature(name):
        about = {"type": "Feature", "properties": {"名称": name}, "geometry": None}
        return json.dumps(about, ensure_ascii=False) + "\n"

    path = tmp_path / "a.geojsonl"
    path.write_bytes(feature("桥西区街道").encode() * 3 + feature("桥东").encode("gbk"))
    assert read_layer(path)["名称"].tolist() == ["桥西区街道"] * 3 + ["桥东"]

"""CAD drawings: layers as a column, Chinese intact, and blocks that cannot unfold without end."""

import fiona
import pytest
from shapely import LineString, Point

from zjk_gis.errors import FileError
from zjk_gis.io import list_layers, read_layer


def dxf(path, *entities, blocks="", encoding="utf-8", page="ANSI_936"):
    """Write a drawing with the given entities, each a list of group codes and values."""
    pairs = [(0, "SECTION"), (2, "HEADER"), (9, "$DWGCODEPAGE"), (3, page), (0, "ENDSEC")]
    if blocks:
        pairs += [(0, "SECTION"), (2, "BLOCKS"), *blocks, (0, "ENDSEC")]
    pairs += [(0, "SECTION"), (2, "ENTITIES"), *(pair for entity in entities for pair in entity)]
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    path.write_bytes("".join(f"{code:>3}\n{value}\n" for code, value in pairs).encode(encoding))
    return path


def point(layer, x=573300.5, y=4520900.25):
    return [(0, "POINT"), (8, layer), (10, x), (20, y), (30, 0.0)]


def text(layer, words):
    return [(0, "TEXT"), (8, layer), (10, 1.0), (20, 2.0), (30, 0.0), (40, 1.0), (1, words)]


def insert(name, *more):
    return [(0, "INSERT"), (8, "0"), (2, name), (10, 5.0), (20, 6.0), (30, 0.0), *more]


def block(name, *entities):
    inside = [pair for entity in entities for pair in entity]
    return [
        (0, "BLOCK"),
        (8, "0"),
        (2, name),
        (70, 0),
        (10, 0.0),
        (20, 0.0),
        (30, 0.0),
        *inside,
        (0, "ENDBLK"),
        (8, "0"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("page", ["ANSI_936", "ANSI_1252", "nonsense"])
def test_chinese_is_read_whatever_the_drawing_says_of_its_code_page(tmp_path, encoding, page):
    line = [(0, "LINE"), (8, "管线"), (10, 0.0), (20, 0.0), (11, 3.0), (21, 4.0)]
    path = dxf(
        tmp_path / "a.dxf", point("雨水井"), line, text("注记", "堡子里街道"), encoding=encoding, page=page
    )
    layer = read_layer(path)
    assert layer["layer"].tolist() == ["雨水井", "管线", "注记"]
    assert layer["text"].fillna("").tolist() == ["", "", "堡子里街道"]
    assert layer.geometry[0].equals(Point(573300.5, 4520900.25))
    assert layer.geometry[1].equals(LineString([(0, 0), (3, 4)]))
    assert layer.crs is None
    assert layer.attrs["report"].encoding == ("UTF-8" if encoding == "utf-8" else "GB18030")
    assert list_layers(path) == ["a"]


def test_characters_written_as_escapes_are_read(tmp_path):
    path = dxf(
        tmp_path / "a.dxf",
        text(r"\U+6CE8\U+8BB0", r"\U+5821子里 \U+D800"),
        encoding="ascii" if False else "utf-8",
    )
    layer = read_layer(path)
    assert (layer["layer"][0], layer["text"][0][:3]) == ("注记", "堡子里")


def test_a_system_can_be_named(tmp_path):
    layer = read_layer(dxf(tmp_path / "a.dxf", point("a")), crs=4547)
    assert (layer.crs.to_epsg(), layer.attrs["report"].crs_from) == (4547, "argument")


def test_blocks_stand_where_they_are_inserted(tmp_path):
    path = dxf(tmp_path / "a.dxf", insert("井"), blocks=block("井", point("井盖", 1.0, 1.0)))
    layer = read_layer(path)
    assert [(shape.x, shape.y) for shape in layer.geometry.explode(index_parts=False)] == [(6.0, 7.0)]


def test_blocks_that_unfold_to_billions_are_refused(tmp_path):
    blocks = block("b0", point("a", 1.0, 1.0))
    for i in range(1, 12):
        blocks += block(f"b{i}", *[insert(f"b{i - 1}")] * 10)
    with pytest.raises(FileError, match="its blocks unfold to over 5,000,000 entities"):
        read_layer(dxf(tmp_path / "a.dxf", insert("b11"), blocks=blocks))


def test_a_block_repeated_in_a_grid_counts_as_often(tmp_path):
    blocks = block("b", point("a", 1.0, 1.0))
    with pytest.raises(FileError, match="unfold"):
        read_layer(dxf(tmp_path / "a.dxf", insert("b", (70, 10000), (71, 10000)), blocks=blocks))


def test_a_block_that_inserts_itself_is_refused(tmp_path):
    with pytest.raises(FileError, match="insert themselves"):
        read_layer(dxf(tmp_path / "a.dxf", insert("b"), blocks=block("b", insert("b"))))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"AutoCAD Binary DXF\r\n\x1a\x00",
            "looks like a binary drawing, which must be saved as DXF in text",
        ),
        (b"AC1032\x00\x00", "looks like a DWG drawing"),
        (b"<OGRVRTDataSource/>\n\n", "line 1 should be a group code"),
        (b"  0\nEOF\n", "has no section ENTITIES"),
        (b"  0\nSECTION\n  2\nENTITIES\n  0\nLINE\n 10\n0\n", "is cut off"),
        (b"  0\nSECTION\n  2\nENTITIES\n  0\nLINE\nLINE\n1\n  0\nEOF\n", "line 7 should be a group code"),
        (b"  0\nSECTION\n  2\nENTITIES\n  0\nSPLINE\n 71\n99\n 72\n9999999\n  0\nEOF\n", "is damaged: line"),
        (b"  0\nSECTION\n" + b" " * 5000 + b"\x00", "there are zero bytes"),
    ],
)
def test_what_is_no_drawing_is_refused(tmp_path, content, words):
    (tmp_path / "a.dxf").write_bytes(content)
    with pytest.raises(FileError, match=words):
        read_layer(tmp_path / "a.dxf")


def test_the_drawing_of_another_program_is_read(tmp_path):
    schema = {"geometry": "LineString", "properties": {"Layer": "str"}}
    with fiona.open(tmp_path / "a.dxf", "w", driver="DXF", schema=schema) as made:
        made.write(
            {
                "geometry": {"type": "LineString", "coordinates": [(0, 0), (1, 1)]},
                "properties": {"Layer": "a"},
            }
        )
    assert read_layer(tmp_path / "a.dxf").geometry[0].equals(LineString([(0, 0), (1, 1)]))

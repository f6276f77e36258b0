"""Tiles of a base map that lie in a folder, an MBTiles or a PMTiles file, read to be put into a page.

What a file says about itself is not believed: a tile is what its first bytes are, sizes are counted before
anything is read, and only pictures that every browser shows are taken.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import need
from zjk_gis.errors import FileError, InputError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    _Box = tuple[int, int, int, int]  # columns from, to; rows from, to

__all__ = ["MOST_MB", "SUFFIXES", "Tiles", "read_tiles"]

MOST_MB = 20.0
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

_MAX_ZOOM = 22
_MAX_LATITUDE = 85.0511287798066
_CANDIDATES = 400_000  # tiles looked for one by one; as pictures they would far exceed any page
# The tiles of an MBTiles file may be a view, which may never end: some minutes of work, then no more.
_STEP, _MOST_STEPS = 1_000_000, 5_000
_DIRECTORY_BYTES = 1 << 24  # a directory of PMTiles unpacked; those that are written hold some 100 kB


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles to be put into a page.

    Attributes
    ----------
    numbers : dict of str to int
        For each tile, named ``z/x/y`` with rows counted from the north, the number of its picture.
    pictures : list of str
        The pictures as data URLs, each once: ground without features is the same picture many times.
    zooms : (int, int)
        The least and the greatest zoom.
    bounds : (float, float, float, float)
        West, south, east, north of what is covered at the greatest zoom, in degrees.
    """

    numbers: dict[str, int]
    pictures: list[str]
    zooms: tuple[int, int]
    bounds: tuple[float, float, float, float]

    @property
    def name(self) -> str:
        """A name that only the same tiles have."""
        digest = hashlib.sha256()
        for key, number in sorted(self.numbers.items()):
            digest.update(f"{key}:".encode())
            digest.update(self.pictures[number].encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Tile:
    z: int
    x: int
    y: int
    size: int
    read: Callable[[], bytes]


def read_tiles(
    path: str | os.PathLike[str],
    *,
    bounds: Sequence[float] | None = None,
    zooms: tuple[int, int] | None = None,
    max_mb: float = MOST_MB,
    tms: bool = False,
) -> Tiles:
    """Read the tiles of a folder ``{z}/{x}/{y}.png``, an .mbtiles or a .pmtiles file.

    Parameters
    ----------
    path : path
    bounds : (west, south, east, north), optional
        Degrees; by default all there is.
    zooms : (int, int), optional
        The least and the greatest zoom wanted; by default all there are.
    max_mb : float, default 20
        What the tiles may add to a page, in megabytes.
    tms : bool, default False
        Whether a folder counts its rows from the south. MBTiles always do, PMTiles never.

    Returns
    -------
    Tiles

    Raises
    ------
    FileError
        If the path is not there or not what its ending says.
    InputError
        If there is no tile in the bounds and zooms, the tiles are no pictures (vector tiles), or they exceed
        `max_mb`: the message says how much each zoom takes.
    MissingExtraError
        If the file is .pmtiles and the package ``pmtiles`` is not installed (extra ``offline-maps``).
    """
    source = Path(path)
    if zooms is not None and not 0 <= zooms[0] <= zooms[1] <= _MAX_ZOOM:
        raise InputError(
            tr(
                "zooms must be two whole numbers from 0 to {max_zoom}, the lesser first, not {zooms}",
                max_zoom=_MAX_ZOOM,
                zooms=zooms,
            )
        )
    low, high = zooms or (0, _MAX_ZOOM)
    wanted = range(low, high + 1)
    if source.is_dir():
        found = list(_folder(source, bounds, wanted, tms=tms))
    elif not source.is_file():
        raise FileError(tr("base map: {source} does not exist", source=source))
    elif source.suffix.lower() == ".mbtiles":
        found = _mbtiles(source, bounds, wanted, max_mb)
    elif source.suffix.lower() == ".pmtiles":
        found = _pmtiles(source, bounds, wanted, max_mb)
    else:
        raise InputError(
            tr(
                "base map: {name} is neither a folder of tiles nor an .mbtiles or .pmtiles file",
                name=source.name,
            )
        )
    if not found:
        raise InputError(
            tr("base map: {name} has no tile {where}", name=source.name, where=_where(bounds, zooms))
        )
    _check_size(source, found, max_mb)
    return _packed(source, sorted(found, key=lambda tile: (tile.z, tile.x, tile.y)), max_mb)


def _packed(source: Path, found: list[_Tile], max_mb: float) -> Tiles:
    numbers: dict[str, int] = {}
    pictures: dict[bytes, int] = {}
    total = 0
    for tile in found:
        try:
            content = tile.read()
        except FileError:
            raise
        except OSError as error:
            raise FileError(
                tr(
                    "base map: {name}, tile {z}/{x}/{y}: {value}",
                    name=source.name,
                    z=tile.z,
                    x=tile.x,
                    y=tile.y,
                    value=error.strerror or error,
                )
            ) from None
        if content not in pictures:
            _kind(source, tile, content)
            total += len(content)
            if total * 4 / 3 > max_mb * 1e6:
                _check_size(source, [tile], 0)
            pictures[content] = len(pictures)
        numbers[f"{tile.z}/{tile.x}/{tile.y}"] = pictures[content]
    high = found[-1].z
    columns = [tile.x for tile in found if tile.z == high]
    rows = [tile.y for tile in found if tile.z == high]
    return Tiles(
        numbers=numbers,
        pictures=[
            f"data:{_kind(source, found[0], content)};base64,{base64.b64encode(content).decode('ascii')}"
            for content in pictures
        ],
        zooms=(found[0].z, high),
        bounds=(
            _longitude(min(columns), high),
            _latitude(max(rows) + 1, high),
            _longitude(max(columns) + 1, high),
            _latitude(min(rows), high),
        ),
    )


def _kind(source: Path, tile: _Tile, content: bytes) -> str:
    """Tell what picture this is by its first bytes."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    name = f"{tile.z}/{tile.x}/{tile.y}"
    if content.startswith(b"\x1f\x8b") or source.suffix.lower() in (".mbtiles", ".pmtiles"):
        raise InputError(
            tr(
                "base map: {file}, tile {tile} is not a picture; vector tiles cannot be shown: "
                "make raster tiles (PNG, JPEG, WebP)",
                file=source.name,
                tile=name,
            )
        )
    raise InputError(
        tr("base map: {file}, tile {tile} is not a PNG, JPEG or WebP", file=source.name, tile=name)
    )


def _check_size(source: Path, found: Sequence[_Tile], max_mb: float) -> None:
    sizes: dict[int, int] = {}
    for tile in found:
        sizes[tile.z] = sizes.get(tile.z, 0) + tile.size * 4 // 3
    if sum(sizes.values()) > max_mb * 1e6:
        told = ", ".join(f"zoom {z}: {size / 1e6:.1f} MB" for z, size in sorted(sizes.items()))
        raise InputError(
            tr(
                "base map: the tiles of {name} would add {sizes:.1f} MB to the page, more than "
                "max_mb={max_mb:g} ({told}); take fewer zooms (zooms=), less ground (bounds=), or "
                "raise max_mb",
                name=source.name,
                sizes=sum(sizes.values()) / 1e6,
                max_mb=max_mb,
                told=told,
            )
        )


def _where(bounds: Sequence[float] | None, zooms: tuple[int, int] | None) -> str:
    told = [] if bounds is None else [f"within {', '.join(f'{v:g}' for v in bounds)}"]
    told += [] if zooms is None else [f"at zooms {zooms[0]} to {zooms[1]}"]
    return " ".join(told) or "at all"


def _folder(source: Path, bounds: Sequence[float] | None, wanted: range, *, tms: bool) -> Iterator[_Tile]:
    for zoom in _numbered(source):
        z = int(zoom.name)
        if z not in wanted or not zoom.is_dir():
            continue
        west, east, north, south = _box(bounds, z)
        for column in _numbered(zoom):
            if not west <= int(column.name) <= east or not column.is_dir():
                continue
            for file in _numbered(column):
                y = 2**z - 1 - int(file.stem) if tms else int(file.stem)
                if file.suffix.lower() in SUFFIXES and north <= y <= south:
                    yield _Tile(z, int(column.name), y, file.stat().st_size, file.read_bytes)


def _numbered(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if re.fullmatch(r"[0-9]{1,8}", entry.stem))


def _mbtiles(source: Path, bounds: Sequence[float] | None, wanted: range, max_mb: float) -> list[_Tile]:
    found: list[_Tile] = []
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            steps = iter(range(_MOST_STEPS))
            database.set_progress_handler(lambda: next(steps, None) is None, _STEP)
            there = [z for (z,) in database.execute("SELECT DISTINCT zoom_level FROM tiles")]
            boxes = [
                (z, west, east, 2**z - 1 - south, 2**z - 1 - north)
                for z in sorted(z for z in there if z in wanted)
                for west, east, north, south in [_box(bounds, z)]
            ]
            place = (
                "FROM tiles WHERE zoom_level = ? AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ?"
            )
            sizes = [
                database.execute(f"SELECT count(*), sum(length(tile_data)) {place}", box).fetchone()
                for box in boxes
            ]
            sums = [
                _Tile(box[0], 0, 0, size or 0, bytes) for box, (_, size) in zip(boxes, sizes, strict=True)
            ]
            _check_size(source, sums, max_mb)
            for box in boxes:
                rows = database.execute(f"SELECT tile_column, tile_row, tile_data {place}", box)
                for column, row, content in rows:
                    data = content if isinstance(content, bytes) else str(content).encode()
                    y = 2 ** box[0] - 1 - int(row)
                    found.append(_Tile(box[0], int(column), y, len(data), partial(bytes, data)))
    except (sqlite3.Error, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise FileError(
            tr("base map: {name} cannot be read as MBTiles: {error}", name=source.name, error=error)
        ) from None
    return found


def _pmtiles(source: Path, bounds: Sequence[float] | None, wanted: range, max_mb: float) -> list[_Tile]:
    format_ = need("pmtiles.tile", extra="offline-maps", purpose="read a .pmtiles file")
    try:
        archive = _Archive(source, format_)
        if archive.header["tile_type"].name in ("MVT", "MLT"):
            raise InputError(
                tr(
                    "base map: {name} holds vector tiles, which cannot be shown: make raster tiles (PNG, "
                    "JPEG, WebP)",
                    name=source.name,
                )
            )
        header = archive.header
        extent = [header[f"{side}_e7"] / 1e7 for side in ("min_lon", "min_lat", "max_lon", "max_lat")]
        found: list[_Tile] = []
        for z in sorted(set(range(header["min_zoom"], header["max_zoom"] + 1)) & set(wanted)):
            first, last = _box(bounds, z), _box(extent, z)
            columns = range(max(first[0], last[0]), min(first[1], last[1]) + 1)
            rows = range(max(first[2], last[2]), min(first[3], last[3]) + 1)
            if len(columns) * len(rows) > _CANDIDATES:
                raise InputError(
                    tr(
                        "base map: {name} has up to {columns_count:,} tiles at zoom {z}, more than a page "
                        "can hold; take fewer zooms (zooms=) or less ground (bounds=)",
                        name=source.name,
                        columns_count=len(columns) * len(rows),
                        z=z,
                    )
                )
            found += [tile for x in columns for y in rows if (tile := archive.tile(z, x, y)) is not None]
            _check_size(source, found, max_mb)
    except (InputError, FileError):
        raise
    except (ValueError, EOFError, OSError, IndexError, KeyError, OverflowError, zlib.error) as error:
        raise FileError(
            tr(
                "base map: {name} cannot be read as PMTiles: {value}",
                name=source.name,
                value=error or type(error).__name__,
            )
        ) from None
    except (format_.MagicNumberNotFound, format_.SpecVersionUnsupported):
        raise FileError(tr("base map: {name} is not a PMTiles file of version 3", name=source.name)) from None
    return found


class _Archive:
    """A PMTiles file whose directories are unpacked once, and no farther than a directory may be."""

    def __init__(self, path: Path, format_: Any) -> None:
        self.path, self.format = path, format_
        self.header: dict[str, Any] = format_.deserialize_header(self._bytes(0, 127))
        self.directories: dict[tuple[int, int], list[Any]] = {}

    def tile(self, z: int, x: int, y: int) -> _Tile | None:
        """Return a tile, if there is one."""
        number = self.format.zxy_to_tileid(z, x, y)
        place = (self.header["root_offset"], self.header["root_length"])
        for _ in range(4):  # as deep as directories may lie in one another
            entry = self.format.find_tile(self._directory(*place), number)
            if entry is None:
                return None
            if entry.run_length:
                start = self.header["tile_data_offset"] + entry.offset
                return _Tile(z, x, y, entry.length, partial(self._bytes, start, entry.length))
            place = (self.header["leaf_directory_offset"] + entry.offset, entry.length)
        return None

    def _directory(self, offset: int, length: int) -> list[Any]:
        if (offset, length) not in self.directories:
            packed = self._bytes(offset, length)
            unpacking = zlib.decompressobj(31)
            unpacking.decompress(packed, _DIRECTORY_BYTES)
            if unpacking.unconsumed_tail:
                raise ValueError(tr("a directory is larger than any should be"))
            self.directories[offset, length] = self.format.deserialize_directory(packed)
        return self.directories[offset, length]

    def _bytes(self, offset: int, length: int) -> bytes:
        if offset + length > self.path.stat().st_size:
            raise FileError(
                tr("base map: {name} cannot be read as PMTiles: it ends early", name=self.path.name)
            )
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


def _box(bounds: Sequence[float] | None, z: int) -> _Box:
    """Return the columns and rows that cover bounds at a zoom."""
    most = 2**z - 1
    if bounds is None:
        return 0, most, 0, most
    west, south, east, north = bounds
    return (
        max(0, math.floor(_column(west, z))),
        min(most, math.ceil(_column(east, z)) - 1),
        max(0, math.floor(_row(north, z))),
        min(most, math.ceil(_row(south, z)) - 1),
    )


def _column(longitude: float, z: int) -> float:
    return (longitude + 180.0) / 360.0 * float(1 << z)


def _row(latitude: float, z: int) -> float:
    kept = math.radians(min(max(latitude, -_MAX_LATITUDE), _MAX_LATITUDE))
    return (1.0 - math.asinh(math.tan(kept)) / math.pi) / 2.0 * float(1 << z)


def _longitude(column: int, z: int) -> float:
    return column / float(1 << z) * 360.0 - 180.0


def _latitude(row: int, z: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * row / float(1 << z)))))

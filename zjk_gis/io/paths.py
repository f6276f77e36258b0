"""Which file is meant and what is in it, before any library opens it.

GDAL takes a name for much more than a file: a URL, an archive, a connection to a database, a piece of text;
and it picks the driver from the content, so that a file named `.geojson` may hold a virtual layer that reads
other files. Here a path is the path of a real file, its ending says the format, and its first bytes must
agree.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError, InputError, ZjkGisError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Format",
    "blamed_on",
    "check_content",
    "check_writable",
    "ending_of",
    "endings_read",
    "existing_file",
    "format_of",
    "gdal_name",
    "is_geodatabase",
    "is_readable",
    "is_remote",
    "pinned_name",
    "reason_of",
    "target_file",
    "workshop",
]

Kind = Literal["vector", "parquet", "text", "workbook", "kml", "drawing", "geodatabase"]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Attributes
    ----------
    title : str
        Its name; for vector formats the name of GDAL's driver.
    kind : {"vector", "parquet", "text", "workbook", "kml", "drawing", "geodatabase"}
        Which library reads it.
    magic : tuple of bytes
        One of these begins the file; empty for text.
    """

    title: str
    kind: Kind
    magic: tuple[bytes, ...] = ()


_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_GEOJSON = Format("GeoJSON", "vector", (b"{", b"["))
_PARQUET = Format("Parquet", "parquet", (b"PAR1",))
_TEXT = Format("CSV", "text")
_FORMATS = {
    ".gpkg": Format("GPKG", "vector", (b"SQLite format 3\x00",)),
    ".shp": Format("ESRI Shapefile", "vector", (b"\x00\x00\x27\x0a",)),
    ".geojson": _GEOJSON,
    ".json": _GEOJSON,
    ".geojsonl": _GEOJSON,
    ".geojsons": _GEOJSON,
    ".ndjson": _GEOJSON,
    ".jsonl": _GEOJSON,
    ".fgb": Format("FlatGeobuf", "vector", (b"fgb\x03",)),
    ".kml": Format("KML", "kml", (b"<", b"\xff\xfe", b"\xfe\xff")),
    ".gdb": Format("OpenFileGDB", "geodatabase"),
    ".dxf": Format("DXF", "drawing"),
    ".parquet": _PARQUET,
    ".geoparquet": _PARQUET,
    ".csv": _TEXT,
    ".tsv": _TEXT,
    ".txt": _TEXT,
    # Excel opens either content under either ending, and so do bureaus' exports.
    ".xlsx": Format("Excel", "workbook", (_ZIP, _OLE)),
    ".xls": Format("Excel", "workbook", (_ZIP, _OLE)),
}
_PACKED = (".gz", ".zst")  # of text
_WRITTEN = (".gpkg", ".shp", ".geojson", ".fgb", ".parquet", ".csv", ".xlsx", ".kml", ".gdb")
_GEODATABASE = ".gdb"
_PAGES = (".html",)
_SHEETS = (".pdf", ".svg", ".png")

# What the first bytes of a file under a wrong name usually are, in the words of the catalogue of sentences.
_KNOWN_CONTENT = (
    (b"SQLite format 3\x00", "an SQLite database such as a GeoPackage"),
    (b"\x00\x00\x27\x0a", "a shapefile"),
    (b"fgb\x03", "a FlatGeobuf file"),
    (b"PAR1", "a Parquet file"),
    (_ZIP, "a ZIP archive or .xlsx workbook"),
    (_OLE, "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"AutoCAD Binary DXF", "a binary drawing, which must be saved as DXF in text"),
    (b"AC10", "a DWG drawing, which must be saved as DXF in text"),
    (b"<", "XML or HTML"),
    (b"{", "JSON"),
)
# «GPKG:a.gpkg», «zip://a.zip», «PG:dbname=x»; a single letter is a drive of Windows.
_CONNECTION = re.compile(r"^[A-Za-z][A-Za-z0-9_+.\- ]+:")
_REMOTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")
_HEAD_BYTES = 4096
_BLANK = b" \t\r\n\x0b\x0c\x1e"  # with the separator of records
_WORKSHOP, _ABANDONED_S = ".zjk-gis-", 86_400


def existing_file(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a real file, or of a File Geodatabase, which is a folder; or refuse.

    Raises
    ------
    FileError
        If there is no such file, or the text names something else: a URL, an archive's inside, one of GDAL's
        virtual file systems, a database connection, a folder or a device.
    """
    plain = _plain_path(path)
    try:
        if plain.is_dir() and not is_geodatabase(plain):
            raise FileError(tr("{plain}: is a folder; name a file in it", plain=plain))
        if not plain.exists():
            raise FileError(
                tr("{plain}: no such file", plain=plain)
                if plain.parent.is_dir()
                else tr("{plain}: no such file, nor its folder", plain=plain)
            )
        if not plain.is_file() and not plain.is_dir():
            raise FileError(tr("{plain}: is not a regular file", plain=plain))
        if plain.is_file() and plain.suffix.lower() == _GEODATABASE:
            raise FileError(
                tr(
                    "{plain}: a File Geodatabase is a folder, and this is a file; copy the whole folder",
                    plain=plain,
                )
            )
        return Path(os.path.abspath(plain))  # noqa: PTH100 - resolve() would follow links away from the sidecars
    except (OSError, ValueError) as error:
        if isinstance(error, ZjkGisError):
            raise
        raise FileError(
            tr("{plain}: cannot be reached: {reason}", plain=plain, reason=reason_of(error))
        ) from error


def target_file(path: str | os.PathLike[str], endings: tuple[str, ...] = _WRITTEN) -> Path:
    """Return the absolute path of a file that can be written, or refuse before any work is done.

    Raises
    ------
    InputError
        If the ending is none of `endings`; the message lists them.
    FileError
        If the folder is missing or cannot be written to, or the path is not a plain one.
    """
    plain = _plain_path(path)
    if plain.suffix.lower() not in endings:
        ending = (
            tr("the ending {suffix!r}", suffix=plain.suffix) if plain.suffix else tr("a name without ending")
        )
        raise InputError(
            tr(
                "{plain}: nothing is written under {ending}; the endings are {endings}",
                plain=plain,
                ending=ending,
                endings=", ".join(endings),
            )
        )
    folder = plain.absolute().parent
    try:
        if not folder.is_dir():
            raise FileError(
                tr("{plain}: the folder {folder} does not exist; create it first", plain=plain, folder=folder)
            )
        if plain.exists() and not plain.is_file() and not is_geodatabase(plain):
            raise FileError(tr("{plain}: is a folder or a device, not a file; name another", plain=plain))
        if not os.access(folder, os.W_OK):
            raise FileError(
                tr("{plain}: the folder {folder} cannot be written to", plain=plain, folder=folder)
            )
    except (OSError, ValueError) as error:
        if isinstance(error, ZjkGisError):
            raise
        raise FileError(
            tr("{plain}: cannot be written: {reason}", plain=plain, reason=reason_of(error))
        ) from error
    return Path(os.path.abspath(plain))  # noqa: PTH100 - a link is replaced, not what it points to


@checked
def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that could not be written, before the work whose result should go there.

    Parameters
    ----------
    path : str or path
        A file of one of the endings that the library writes, map pages (.html) and printed maps included.

    Raises
    ------
    InputError
        If the ending is unknown; the message lists those there are.
    FileError
        If the folder is missing or cannot be written to, or the path is a URL, a folder or a device.

    Examples
    --------
    >>> check_writable("answers.docx")
    Traceback (most recent call last):
    zjk_gis.errors.InputError: answers.docx: nothing is written under the ending '.docx'; the endings are
    .gpkg, .shp, .geojson, .fgb, .parquet, .csv, .xlsx, .kml, .gdb, .html, .pdf, .svg, .png
    """
    target_file(path, _WRITTEN + _PAGES + _SHEETS)


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Tell whether it is an address in a store of files, such as ``s3://bucket/incidents``, and not a path.

    Examples
    --------
    >>> is_remote("s3://bucket/incidents"), is_remote("C://incidents"), is_remote("incidents")
    (True, False, False)
    """
    return _REMOTE.match(os.fspath(path)) is not None


def is_geodatabase(path: Path) -> bool:
    """Tell whether a path is a folder with the ending of a File Geodatabase."""
    return path.suffix.lower() == _GEODATABASE and path.is_dir()


def format_of(path: Path) -> Format:
    """Return the format that a file's ending names.

    Raises
    ------
    InputError
        If the ending is unknown; the message lists those there are.
    """
    found = _FORMATS.get(ending_of(path))
    if found is None:
        raise InputError(
            tr(
                "{path}: the ending {suffix!r} is not a known format; those read are {formats}",
                path=path,
                suffix=path.suffix,
                formats=", ".join(_FORMATS),
            )
        )
    return found


def is_readable(path: Path) -> bool:
    """Tell whether a file's ending is one of those that are read."""
    return ending_of(path) in _FORMATS


def endings_read() -> tuple[str, ...]:
    """Return the endings of the files that are read.

    Examples
    --------
    >>> ".gpkg" in endings_read(), ".docx" in endings_read()
    (True, False)
    """
    return tuple(_FORMATS)


def ending_of(path: Path) -> str:
    """Return the ending that tells the format, without that of the packing: ``.csv`` of ``a.csv.gz``."""
    suffix = path.suffix.lower()
    if suffix in _PACKED:
        inner = Path(path.stem).suffix.lower()
        return inner if _FORMATS.get(inner) is _TEXT else suffix
    return suffix


def check_content(path: Path, expected: Format) -> None:
    """Refuse a file whose first bytes are not those of its ending.

    Raises
    ------
    FileError
        If they are not, or the file is empty; the message says what it looks like.
    """
    if expected.kind == "geodatabase" or path.suffix.lower() in _PACKED:
        return  # what is in it is looked at where it is opened
    with blamed_on(path), path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise FileError(tr("{path}: the file is empty", path=path))
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
    begin = text if expected is _GEOJSON or (expected.kind == "kml" and text.startswith(b"<")) else head
    if expected.magic:
        fits = begin.startswith(expected.magic)
    else:
        utf_16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        fits = utf_16 or (b"\x00" not in head and not head.startswith((_ZIP, b"%PDF", b"PAR1")))
    if fits:
        return
    looks = next((name for magic, name in _KNOWN_CONTENT if text.startswith(magic)), None)
    if looks is None:
        looks = "binary data" if b"\x00" in head else "plain text"
    raise FileError(
        tr(
            "{path}: named {suffix}, but its content looks like {looks}; rename or export it again",
            path=path,
            suffix=path.suffix,
            looks=tr(looks),
        )
    )


def gdal_name(path: Path) -> str:
    """Return the name by which GDAL takes a file literally.

    Raises
    ------
    FileError
        If there is none: pyogrio splits a path at ``!`` into an archive and its inside, and drops what
        follows ``;``.
    """
    name = str(path)
    odd = next((mark for mark in ("!", ";") if mark in name), "/vsi" if name.startswith("/vsi") else None)
    if odd is not None:
        raise FileError(
            tr(
                "{path}: GDAL would misread {odd!r} in this path; rename the file or folder",
                path=path,
                odd=odd,
            )
        )
    return name


def pinned_name(path: Path, driver: str) -> str:
    """Return the name under which GDAL reads a file with this driver and no other.

    Raises
    ------
    FileError
        If GDAL would not take the path literally.
    """
    # GeoJSON is the only text among the formats: without the prefix a virtual layer hidden in a property
    # would be opened in place of the file. The others are bound by their first bytes.
    return f"{driver}:{path}" if driver == _GEOJSON.title else gdal_name(path)


@contextmanager
def blamed_on(path: Path, doing: str = "read") -> Iterator[None]:
    """Turn whatever a library raises over a file into a `FileError` with path and reason."""
    try:
        yield
    except ZjkGisError:
        raise
    except Exception as error:  # GDAL, pyarrow, calamine and csv have no common ancestor but this
        raise FileError(
            tr("{path}: cannot be {doing}: {reason}", path=path, doing=tr(doing), reason=reason_of(error))
        ) from error
    except BaseException as error:
        if (
            type(error).__name__ != "PanicException"
        ):  # what a Rust library raises over bytes it did not expect
            raise
        raise FileError(
            tr("{path}: cannot be {doing}: the file is damaged", path=path, doing=tr(doing))
        ) from error


# What systems and libraries in C say of files, in English; by its number where it has one.
_REASONS = (
    (None, "file is not a database"),
    (None, "database disk image is malformed"),
    (None, "unable to open database file"),
    (None, "database is locked"),
    (None, "attempt to write a readonly database"),
    (None, "File is not a zip file"),
    (errno.EACCES, "Permission denied"),
    (errno.EPERM, "Operation not permitted"),
    (errno.ENOENT, "No such file or directory"),
    (errno.EEXIST, "File exists"),
    (errno.ENOTDIR, "Not a directory"),
    (errno.EISDIR, "Is a directory"),
    (errno.ENOSPC, "No space left on device"),
    (errno.EROFS, "Read-only file system"),
    (errno.ENAMETOOLONG, "File name too long"),
    (None, "Failed to read GeoJSON data"),
)


@contextmanager
def workshop(target: Path, *, blames: bool = True) -> Iterator[Path]:
    """Lend a hidden folder beside a file, in which it is made before it is moved into its place.

    What goes wrong meanwhile is told as a failure to write the file, unless more is done there than that.

    What processes that were killed have left there is removed when nothing in it has changed for a day.
    """
    _sweep(target.parent)
    with (
        blamed_on(target, "written") if blames else nullcontext(),
        tempfile.TemporaryDirectory(prefix=_WORKSHOP, dir=target.parent) as folder,
    ):
        yield Path(folder)


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_WORKSHOP}*"):
        # Its owner may be on another machine, so that its age alone tells; a link is followed nowhere.
        with suppress(OSError):
            if left.is_dir() and not left.is_symlink():
                newest = max(each.lstat().st_mtime for each in (left, *left.rglob("*")))
                if time.time() - newest > _ABANDONED_S:
                    shutil.rmtree(left, ignore_errors=True)


def _plain_path(path: object) -> Path:
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise InputError(tr("a path must be text or a pathlib.Path, not {name}", name=type(path).__name__))
    slashed = text.replace("\\", "/")
    if "\x00" in text or not text.strip():
        raise FileError(tr("{text!r} is not a path", text=text))
    if re.match(r"^/+(?:\./+)*vsi", slashed, re.IGNORECASE) or _CONNECTION.match(slashed) or "://" in slashed:
        raise FileError(
            tr(
                "{text}: is not a plain file; URLs, archives, GDAL's virtual file systems and database "
                "connections are not opened. Fetch or unpack it first and name the file",
                text=text,
            )
        )
    return Path(text)


def reason_of(error: BaseException) -> str:
    """Say in one line why a library failed; Fiona puts GDAL's own words into the cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    number = error.errno if isinstance(error, OSError) else None
    return next(
        (tr(said) for number_, said in _REASONS if said in text or (number and number == number_)), text
    )

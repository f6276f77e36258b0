"""GeoJSON of any make: one document, a feature a line, or documents one behind the other.

GDAL reads the first of several documents and no word of the rest. So that nothing is lost, all are put
together to one collection before GDAL sees them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import FileError, counted, name_rows
from zjk_gis.io.tables.stream import name_lines
from zjk_gis.words import tr

if TYPE_CHECKING:
    from pathlib import Path

    from zjk_gis.read_report import ReadReport

__all__ = ["check_all_read", "one_collection"]

_STEP = 1 << 22
_SEPARATOR = b"\x1e"
_BLANK = b" \t\r\n\x0b\x0c\x1e"
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_SHAPES = frozenset({
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
})  # fmt: skip
_TOLD = 200  # characters of a line that is left out


def one_collection(text: str, source: Path, report: ReadReport) -> str | None:
    """Put the documents of a text together to one collection.

    1. A text of one document is left as it is.
    2. Where the first stands in a line of its own, every line is a document; where record separators stand,
       what lies between them. One that is no GeoJSON is left out and told with its line, but the last one:
       there the file was cut off.
    3. Otherwise the documents stand one behind the other, and all must be GeoJSON.

    Parameters
    ----------
    text : str
    source : Path
    report : ReadReport
        Told in ``left_out`` which lines are none, with ``row``, ``why`` and ``text``.

    Returns
    -------
    str or None
        None where there is but one document.

    Raises
    ------
    FileError
        If a document is no GeoJSON, or the documents are in several systems.
    """
    content = text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    begin = len(content) - len(content.lstrip(_BLANK))
    end = _end_of_value(content, begin)
    if end is None or (not content[end:].strip(_BLANK) and _SEPARATOR not in content[:begin]):
        return None  # what is cut off is for GDAL to refuse
    first = content[begin:end]
    in_lines = b"\n" not in first and content[end:].lstrip(b" \t\r\x1e").startswith(b"\n")
    if _SEPARATOR in content or in_lines:
        mark = _SEPARATOR if _SEPARATOR in content else b"\n"
        features, system = _of_records(content, mark, source, report)
    else:
        features, system = _of_chain(content.decode("utf-8", "surrogatepass"), source)
    head = "" if system is None else f'"crs":{system},'
    return f'{{"type":"FeatureCollection",{head}"features":[{",".join(features)}]}}'


def check_all_read(text: str, rows: int, source: Path) -> None:
    """Refuse a collection with members that GDAL passes over: all that are not features.

    Raises
    ------
    FileError
        If there are such; the message says which.
    """
    counts = [text.count(f'"{word}"') for word in ("Feature", "geometry")]
    if counts == [rows, rows] and text.count('"coordinates"') <= rows:
        return
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):  # GDAL forgives what Python does not, and has read it
        return
    members = document.get("features") if isinstance(document, dict) else None
    if not isinstance(members, list) or len(members) == rows:
        return
    other = [at for at, each in enumerate(members) if not _is_feature(each)]
    raise FileError(
        tr(
            "{source}: of its {members_count} features only {rows} can be read; {other_count} "
            "members are not GeoJSON features ({rows_2}); remove them or export the file again",
            source=source,
            members_count=len(members),
            rows=rows,
            other_count=len(other),
            rows_2=name_rows(other),
        )
    )


def _of_records(
    content: bytes, mark: bytes, source: Path, report: ReadReport
) -> tuple[list[str], str | None]:
    features: list[str] = []
    systems: dict[str | None, None] = {}
    left_out: list[dict[str, Any]] = []
    line, last = 1, 0
    for part in content.split(mark):
        record = part.strip(_BLANK)
        if record:
            last = line + part[: part.index(record)].count(b"\n")
            written = record.decode("utf-8", "surrogatepass")
            try:
                found, system = _features_of(json.loads(written), written)
            except (ValueError, RecursionError) as error:
                why = tr("not a GeoJSON feature") if type(error) is ValueError else tr("not valid JSON")
                left_out.append({"row": last, "why": why, "text": written[:_TOLD]})
            else:
                features += found
                systems |= dict.fromkeys([system] if found else [])
        line += part.count(b"\n") + (mark == b"\n")
    if left_out and (left_out[-1]["row"] == last or len(left_out) > len(features)):
        raise FileError(
            tr(
                "{source}: line {row} is {why}; export the file again",
                source=source,
                row=left_out[-1]["row"],
                why=left_out[-1]["why"],
            )
        )
    if left_out:
        lines = [each["row"] for each in left_out]
        report.left_out = left_out
        report.remarks.append(
            tr(
                "{name}: {counted} not GeoJSON features and left out: {rows}",
                name=source.name,
                counted=counted(len(lines), "line is", "lines are"),
                rows=name_lines(lines),
            )
        )
    return features, _only(systems, source)


def _of_chain(text: str, source: Path) -> tuple[list[str], str | None]:
    decoder, at = json.JSONDecoder(), 0
    features: list[str] = []
    systems: dict[str | None, None] = {}
    blank = _BLANK.decode()
    while True:
        while at < len(text) and text[at] in blank:
            at += 1
        if at == len(text):
            return features, _only(systems, source)
        try:
            document, end = decoder.raw_decode(text, at)
            found, system = _features_of(document, text[at:end])
        except (ValueError, RecursionError):
            line = text.count("\n", 0, at) + 1
            raise FileError(
                tr(
                    "{source}: holds several documents, of which the one in line {line} is not GeoJSON; "
                    "export the file again",
                    source=source,
                    line=line,
                )
            ) from None
        features += found
        systems |= dict.fromkeys([system] if found else [])
        at = end


def _features_of(document: Any, written: str) -> tuple[list[str], str | None]:
    """Return the features of a document as text, and its system; ValueError for what is no GeoJSON."""
    kind = document.get("type") if isinstance(document, dict) else None
    system = document.get("crs") if isinstance(document, dict) else None
    crs = None if system is None else json.dumps(system, sort_keys=True)
    if kind == "Feature":
        return [written], crs
    if kind in _SHAPES:
        return [f'{{"type":"Feature","properties":{{}},"geometry":{written}}}'], crs
    members = document.get("features") if kind == "FeatureCollection" else None
    if not isinstance(members, list) or not all(map(_is_feature, members)):
        raise ValueError(tr("no feature"))
    return [json.dumps(each, ensure_ascii=False) for each in members], crs


def _is_feature(document: Any) -> bool:
    return isinstance(document, dict) and document.get("type") == "Feature"


def _only(systems: dict[str | None, None], source: Path) -> str | None:
    if len(systems) > 1:
        raise FileError(
            tr(
                "{source}: its features are in several systems; export each system to a file of its own",
                source=source,
            )
        )
    return next(iter(systems), None)


def _end_of_value(content: bytes, begin: int) -> int | None:
    """Find where the first object or array ends; None where it does not.

    Examples
    --------
    >>> _end_of_value(b'{"a": "}"} {}', 0)
    10
    """
    depth, inside, escaped = 0, False, False
    for at in range(begin, len(content), _STEP):
        block = content[at : at + _STEP]
        if b"\\" in block or escaped:
            block = _ESCAPED.sub(b"  ", b"\\" + block if escaped else block)
            block = block[1:] if escaped else block
            escaped = block.endswith(b"\\")
        marks = np.frombuffer(block, np.uint8)
        quotes = np.cumsum(marks == ord('"')) + inside
        inside = bool(quotes[-1] & 1)
        outside = (quotes & 1) == 0
        lower = marks | 0x20  # brackets and braces differ by this bit alone
        steps = ((lower == ord("{")) & outside).astype(np.int64) - ((lower == ord("}")) & outside)
        depths = depth + np.cumsum(steps)
        ends = np.flatnonzero((depths <= 0) & (steps < 0))
        if len(ends):
            return at + int(ends[0]) + 1
        depth = int(depths[-1])
    return None

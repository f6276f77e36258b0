"""Where the rows of a batch go, with what was found for them: .csv, .parquet or .gpkg.

Each target has two halves. `encode` turns a batch into what will be written, and runs in any thread;
`write` adds it to the growing file, in the order of the rows.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from zjk_gis._optional import need
from zjk_gis.batch.columns import as_csv, csv_cell, points_as_wkb
from zjk_gis.batch.covering import COVERING, Boxes, covered, of_all_files
from zjk_gis.batch.parquet_target import GeoPackageTarget, ParquetTarget, unused
from zjk_gis.batch.text import Spliced, TextSource, Words
from zjk_gis.crs import CGCS2000, WGS84, require_same_datum
from zjk_gis.layers.headings import names_beside, word
from zjk_gis.layers.labels import label
from zjk_gis.layers.results import CODED

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from zjk_gis.batch.ledger import Ledger
    from zjk_gis.batch.sources import Batch, Source
    from zjk_gis.io.tables.cells import Places
    from zjk_gis.layers.labels import Language

__all__ = ["Coded", "Target", "is_batch_target", "target_for"]

_ENDINGS = (".parquet", ".geoparquet", ".csv", ".gpkg")
_BOM = b"\xef\xbb\xbf"  # by which Excel knows UTF-8
_AT_HAND = 1 << 20  # bytes: what the processor's own memory holds while they are written
_DEGREES = 9  # decimals: a tenth of a millimetre
_GEOMETRY = "geometry"


class Coded(Protocol):
    """A column of text as numbers and the words they stand for; -1 where there is nothing."""

    @property
    def codes(self) -> NDArray[np.integer[Any]]:
        """Positions in `words`."""

    @property
    def words(self) -> NDArray[np.object_]:
        """The distinct words."""


class Target(Protocol):
    """Where rows go."""

    added: frozenset[str]  # the columns that are put behind those of the source

    def encode(
        self, batch: Batch, keep: NDArray[np.bool_], places: Places, answers: Mapping[str, Any]
    ) -> Any:
        """Turn the rows to be kept into what `write` takes."""

    def write(self, encoded: Any) -> None:
        """Add them to the file."""

    def end_part(self) -> None:
        """Bring the file to a state from which it can go on in another process."""

    def finish(self) -> Path | None:
        """Complete the file; return the one that becomes the target, if it is another."""


def is_batch_target(path: str | os.PathLike[str]) -> bool:
    """Tell whether a job writes such a file, by its ending."""
    return Path(path).suffix.lower() in _ENDINGS


def target_for(
    ledger: Ledger,
    source: Source,
    sample: Mapping[str, Any],
    *,
    lang: Language,
) -> Target:
    """Return where the rows of a source go.

    Parameters
    ----------
    ledger : Ledger
        Of the job; the target's ending says the format.
    source : Source
    sample : mapping of str to Coded or ndarray
        The columns that will be added, without rows.
    lang : {"zh", "en"}
        Of what a .csv says of them. A column of the source with their name or heading gives way to them.
    """
    ending = ledger.target.suffix.lower()
    names = _Names.beside(source.schema.names, sample, lang if ending == ".csv" else "en")
    if ending == ".csv" and isinstance(source, TextSource):
        return _TextToText(ledger, source, sample, names)
    columns = Columns(source, sample, names, with_points=ending == ".gpkg", as_degrees=ending == ".csv")
    if ending == ".csv":
        return _ArrowToText(ledger, columns)
    if ending == ".gpkg":
        return GeoPackageTarget(ledger, columns)
    return ParquetTarget(ledger, columns)


@dataclass(frozen=True, slots=True)
class _Names:
    """What stands above and in the columns that are added, and what the source's are kept under."""

    renamed: Mapping[str, str]
    titles: Mapping[str, str]
    lang: Language

    @classmethod
    def beside(cls, columns: list[str], added: Mapping[str, Any], lang: Language) -> _Names:
        """Find names for the columns of a source and for those added to them."""
        return cls(*names_beside(columns, added, lang), lang)

    def words(self, name: str, column: Coded) -> list[str]:
        """Return the distinct words of a column as they are written."""
        words: list[str] = column.words.tolist()
        return [word(each, name) for each in words] if self.lang == "zh" and name in CODED else words

    @property
    def truths(self) -> tuple[str, str]:
        """What is written for False and True."""
        return (label("no"), label("yes")) if self.lang == "zh" else ("False", "True")


class _TextToText:
    """Rows of text as they stand, with words behind them."""

    def __init__(self, ledger: Ledger, source: TextSource, sample: Mapping[str, Any], names: _Names) -> None:
        self._file, self._source = ledger.rows, source
        self.added = frozenset(sample)
        self._bases: dict[str, int] = {}
        # What no column's own words are needed for.
        known = [b"", b"0", *(text.encode() for text in names.truths)]
        for name, column in sample.items():
            if hasattr(column, "codes"):
                self._bases[name] = len(known)
                known += [csv_cell(each, source.delimiter) for each in names.words(name, column)]
        self._text = b"".join(known)
        self._at = np.cumsum([0, *map(len, known)], dtype=np.int64)
        if not self._file.tell():
            own = [names.renamed.get(name, name) for name in source.names]
            header = _joined(own, source.delimiter) if names.renamed else source.header
            added = [csv_cell(names.titles[name], source.delimiter) for name in sample]
            self._file.write(_BOM + source.delimiter.encode().join([header, *added]) + source.line_end)

    def encode(
        self, batch: Batch, keep: NDArray[np.bool_], places: Places, answers: Mapping[str, Any]
    ) -> Any:
        codes = np.zeros((len(answers), batch.rows), dtype=np.int32)
        ends, texts = [self._at], [self._text]
        for row, (name, column) in enumerate(answers.items()):
            if name in self._bases:
                codes[row] = column.codes
                codes[row] = np.where(codes[row] < 0, 0, codes[row] + self._bases[name])
            elif column.dtype == np.bool_:
                codes[row] = np.where(column, 3, 2)
            else:
                said = np.flatnonzero((column != 0) & ~np.isnan(column))
                codes[row] = np.where(column == 0, 1, 0)
                at, text = _numbers_as_text(column[said])
                codes[row, said] = sum(map(len, ends)) - len(ends) + np.arange(len(said))
                ends.append(at + ends[-1][-1])
                texts.append(text)
        at = np.concatenate([ends[0], *(end[1:] for end in ends[1:])])
        words = Words(codes, at, b"".join(texts))
        return Spliced.of(batch, self._source, keep, words, line_end=self._source.line_end)

    def write(self, encoded: Any) -> None:
        for piece in encoded.pieces(_AT_HAND):
            self._file.write(piece)

    def end_part(self) -> None:
        pass

    def finish(self) -> Path | None:
        return None


class Columns:
    """A batch as columns: those of the source and those added."""

    def __init__(
        self,
        source: Source,
        sample: Mapping[str, Any],
        names: _Names,
        *,
        with_points: bool,
        as_degrees: bool,
    ) -> None:
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        self.source = source
        self.added = frozenset(sample)
        self.compression = source.compression
        geometry = source.geometry
        self.geometry = geometry or (unused(_GEOMETRY, source.schema.names) if with_points else None)
        self._makes_points = with_points and geometry is None
        self._as_degrees = as_degrees and geometry is not None
        self._truths = pyarrow.array(names.truths, pyarrow.string()) if names.lang == "zh" else None
        self._words = {
            name: pyarrow.array(names.words(name, column), pyarrow.string())
            for name, column in sample.items()
            if hasattr(column, "codes")
        }
        fields = [
            field.with_name(names.renamed.get(field.name, field.name))
            for field in source.schema
            if not (self._as_degrees and field.name == geometry)
        ]
        if self._as_degrees:
            taken = [field.name for field in fields]
            fields = [
                field.with_name(unused(f"{field.name}_recorded", taken))
                if field.name in ("lon", "lat")
                else field
                for field in fields
            ]
            fields += [pyarrow.field("lon", pyarrow.float64()), pyarrow.field("lat", pyarrow.float64())]
        if self._makes_points:
            fields.append(pyarrow.field(self.geometry, pyarrow.binary()))
        fields += [
            pyarrow.field(names.titles[name], column.type)
            for name, column in zip(sample, self.of_answers(sample), strict=True)
        ]
        self.schema = pyarrow.schema(fields, metadata=self._metadata(names.renamed))
        self.added_schema = pyarrow.schema(fields[-len(sample) :])

    def encode(
        self, batch: Batch, keep: NDArray[np.bool_], places: Places, answers: Mapping[str, Any]
    ) -> pa.RecordBatch:
        """Return the rows to be kept with what was found for them."""
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        rows = self.source.table(batch, keep)
        columns = [
            column
            for name, column in zip(rows.schema.names, rows.columns, strict=True)
            if not (self._as_degrees and name == self.geometry)
        ]
        x, y = places.x[keep], places.y[keep]
        if self._as_degrees:
            columns += [pyarrow.array(values) for values in _degrees(self.source.crs, x, y)]
        if self._makes_points:
            columns.append(points_as_wkb(x, y))
        added = self.of_answers(answers)
        if not keep.all():
            mask = pyarrow.array(keep)
            added = [column.filter(mask) for column in added]
        return pyarrow.RecordBatch.from_arrays([*columns, *added], schema=self.schema)

    def of_answers(self, answers: Mapping[str, Any]) -> list[Any]:
        """Return what was found as columns."""
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        columns = []
        for name, column in answers.items():
            if isinstance(column, Boxes):
                columns.append(column.column())
                continue
            if name not in self._words:
                values = pyarrow.array(column, from_pandas=True)
                if self._truths is not None and column.dtype == np.bool_:
                    values = pyarrow.DictionaryArray.from_arrays(values.cast("int8"), self._truths)
                columns.append(values)
                continue
            codes = pyarrow.array(column.codes, pyarrow.int32(), mask=column.codes < 0)
            columns.append(pyarrow.DictionaryArray.from_arrays(codes, self._words[name]))
        return columns

    def _metadata(self, renamed: Mapping[str, str]) -> dict[bytes, bytes]:
        """Keep what the source says of itself, as far as it is still true."""
        told = dict(self.source.schema.metadata or {})
        if len(self.source.files) > 1:
            told = of_all_files(told)
        if b"pandas" in told:
            about = json.loads(told[b"pandas"])
            # A numbered index would have to count the rows again; pandas does so by itself.
            about["index_columns"] = [name for name in about["index_columns"] if isinstance(name, str)]
            for column in about["columns"]:
                column["name"] = renamed.get(column["name"], column["name"])
                column["field_name"] = renamed.get(column["field_name"], column["field_name"])
            told[b"pandas"] = json.dumps(about).encode()
        if self.geometry is not None and b"geo" not in told and not self._as_degrees:
            column = {
                "encoding": "WKB",
                "geometry_types": ["Point"],
                "crs": self.source.crs.to_json_dict(),
            }
            about = {"version": "1.0.0", "primary_column": self.geometry, "columns": {self.geometry: column}}
            told[b"geo"] = json.dumps(about).encode()
        if COVERING in self.added and self.geometry is not None:
            told[b"geo"] = covered(told[b"geo"], self.geometry)
        if self._as_degrees:
            told.pop(b"geo", None)
        return told


class _ArrowToText:
    """Columns as lines of text."""

    def __init__(self, ledger: Ledger, columns: Columns) -> None:
        self._file, self._columns = ledger.rows, columns
        self.added = columns.added
        if not self._file.tell():
            self._file.write(_BOM + b",".join(map(csv_cell, columns.schema.names)) + b"\r\n")

    def encode(
        self, batch: Batch, keep: NDArray[np.bool_], places: Places, answers: Mapping[str, Any]
    ) -> Any:
        return as_csv(self._columns.encode(batch, keep, places, answers))

    def write(self, encoded: Any) -> None:
        self._file.write(encoded)

    def end_part(self) -> None:
        pass

    def finish(self) -> Path | None:
        return None


def _joined(names: list[str], delimiter: str) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(names)
    return line.getvalue().encode()


def _numbers_as_text(values: NDArray[Any]) -> tuple[NDArray[np.int64], bytes]:
    """Return numbers as one text, and where each ends in it."""
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    texts = pyarrow.array(values).cast(pyarrow.large_string())
    if not len(values):
        return np.zeros(1, dtype=np.int64), b""
    at = np.frombuffer(texts.buffers()[1], dtype=np.int64)[: len(values) + 1]
    return at, memoryview(texts.buffers()[2])[: at[-1]].tobytes()  # the buffer may be longer


def _degrees(
    crs: Any, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positions in CGCS2000 degrees; WGS 84 is the same to a decimetre."""
    if crs.to_epsg() not in (CGCS2000, WGS84):
        from pyproj import CRS, Transformer

        require_same_datum(crs, CRS.from_epsg(CGCS2000), "incidents")
        x, y = Transformer.from_crs(crs, CGCS2000, always_xy=True).transform(x, y)
    return np.round(x, _DEGREES), np.round(y, _DEGREES)

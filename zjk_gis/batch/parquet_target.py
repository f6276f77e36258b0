"""Where rows go as columns: Parquet, and GeoPackages by way of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis._optional import need
from zjk_gis.batch.arrow import ArrowSource
from zjk_gis.batch.columns import for_geopackage
from zjk_gis.batch.covering import COVERING, leaves_of
from zjk_gis.batch.footer import MAGIC, footer_of, footer_of_group, groups_of, joined_footer, statistics
from zjk_gis.io.geopackage_titles import with_titles
from zjk_gis.io.paths import blamed_on, check_content, format_of, gdal_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from zjk_gis.batch.ledger import Ledger
    from zjk_gis.batch.row_groups import RowGroup
    from zjk_gis.batch.sources import Batch
    from zjk_gis.batch.targets import Columns
    from zjk_gis.io.tables.cells import Places

__all__ = ["GeoPackageTarget", "ParquetTarget", "unused"]

_LOOKED_AT = 2048  # rows of a batch
_LONGEST = 4096  # bytes of a text in the statistics, as Arrow has it


class ParquetTarget:
    """Parquet files one behind the other in one growing file, which at last get one footer for all.

    Every batch is made a file of its own in memory, so that several are encoded and compressed at a time. A
    part ends with a footer for its batches, by which another process can go on behind it.

    Of a row group that loses no row only the columns that are added are made; before them stand those of the
    source with the bytes they have.
    """

    def __init__(self, ledger: Ledger, columns: Columns) -> None:
        self._file, self._columns = ledger.rows, columns
        self.added = columns.added
        self._parts, self._batches = _Pieces(), _Pieces()
        begin = 0
        for part in ledger.parts:
            if part.rows_end > begin:  # there may have been nothing but rejects
                self._add_part(begin, part.rows_end)
            begin = part.rows_end
        self._begin = begin
        types = need("pyarrow", extra="parquet", purpose="write a .parquet file").types
        self._boxes = COVERING if COVERING in columns.added else None
        self._is_flat = not any(
            types.is_nested(field.type) for field in columns.schema if field.name != self._boxes
        )
        words = {field.name for field in columns.added_schema if self._is_told(field.type)}
        self._with_statistics = [
            leaf for field in columns.schema if field.name not in words for leaf in leaves_of(field)
        ]
        self._template = footer_of(self._as_file(columns.schema.empty_table()))
        if isinstance(columns.source, ArrowSource):
            columns.source.pass_groups(self._template)

    def encode(
        self, batch: Batch, keep: NDArray[np.bool_], places: Places, answers: Mapping[str, Any]
    ) -> Any:
        """Make a file of the rows to be kept, in memory."""
        pyarrow = need("pyarrow", extra="parquet", purpose="write a .parquet file")
        rows = self._columns.encode(batch, keep, places, answers)
        return self._piece(pyarrow.Table.from_batches([rows])) if rows.num_rows else None

    def encode_beside(self, group: RowGroup, answers: Iterable[Mapping[str, Any]]) -> Any:
        """Turn the answers for a row group, all of whose rows are kept, into what `write` takes."""
        pyarrow = need("pyarrow", extra="parquet", purpose="write a .parquet file")
        schema = self._columns.added_schema
        rows = [
            pyarrow.RecordBatch.from_arrays(self._columns.of_answers(some), schema=schema) for some in answers
        ]
        return self._piece(pyarrow.Table.from_batches(rows), group)

    def write(self, encoded: Any) -> None:
        """Add it to the growing file."""
        if encoded is None:
            return
        made = memoryview(encoded.made)
        footer = footer_of(made)
        passed = None if encoded.group is None else encoded.group.group
        (group,) = groups_of(footer)
        whole = footer_of_group(self._template, passed, group, encoded.told)
        self._batches.add(self._file.tell() - self._begin, whole[:-8])
        self._file.write(MAGIC)
        for block in () if encoded.group is None else encoded.group.blocks():
            self._file.write(block)
        self._file.write(made[len(MAGIC) : -8 - len(footer)])
        self._file.write(whole)

    def end_part(self) -> None:
        """Put one footer behind the batches of a part."""
        if self._batches.footers:
            if len(self._batches.footers) > 1:
                self._file.write(self._batches.joined())
            self._add_part(self._begin, self._file.tell())
            self._batches = _Pieces()
        self._begin = self._file.tell()

    def finish(self) -> Path | None:
        """Put one footer behind all parts."""
        if not self._parts.footers and not self._batches.footers:
            none = self._as_file(self._columns.schema.empty_table())
            self._batches.add(self._file.tell() - self._begin, footer_of(none))
            self._file.write(none)
        self.end_part()
        if len(self._parts.footers) > 1:
            self._file.write(self._parts.joined())
        return None

    def _piece(self, rows: Any, group: RowGroup | None = None) -> _Piece:
        """Make a file of rows, in memory: of whole ones, or of what is put behind a row group."""
        fields = self._columns.added_schema
        told: list[bytes | None] = []
        for field, column in zip(fields, rows.columns[-len(fields) :], strict=True):
            told += [_statistics(column)] if self._is_told(field.type) else [None] * len(leaves_of(field))
        return _Piece(group, self._as_file(rows), told)

    def _is_told(self, kind: Any) -> bool:
        """Tell whether the statistics of a column that is added come from its words.

        pyarrow makes them from the rows, and takes four times as long for it as for all else.
        """
        types = need("pyarrow", extra="parquet", purpose="write a .parquet file").types
        return self._is_flat and types.is_dictionary(kind)

    def _as_file(self, rows: Any) -> Any:
        pyarrow = need("pyarrow", extra="parquet", purpose="write a .parquet file")
        parquet = need("pyarrow.parquet", extra="parquet", purpose="write a .parquet file")
        made = pyarrow.BufferOutputStream()
        with parquet.ParquetWriter(
            made,
            rows.schema,
            compression=self._columns.compression,
            use_dictionary=_worth_a_dictionary(rows, self._boxes),
            write_statistics=self._with_statistics if self._is_flat else True,
        ) as out:
            out.write_table(rows, row_group_size=rows.num_rows or None)
        return made.getvalue()

    def _add_part(self, begin: int, end: int) -> None:
        size = int.from_bytes(self._file.read_back(end - 8, 4), "little")
        self._parts.add(begin, self._file.read_back(end - 8 - size, size))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file in memory, the row group of the source that stands before its columns, and their statistics."""

    group: RowGroup | None
    made: Any
    told: list[bytes | None]


def _statistics(column: Any) -> bytes:
    """Say what is least and most among the words of a column, and how many are missing."""
    from pyarrow import compute

    words = column.chunk(0).dictionary
    seen = np.zeros(len(words) + 1, dtype=bool)
    for chunk in column.chunks:
        seen[chunk.indices.fill_null(len(words)).to_numpy()] = True
    found = compute.min_max(words.take(np.flatnonzero(seen[:-1])).cast("binary")).as_py()
    least, most = found["min"] or b"", found["max"] or b""
    return statistics(column.null_count, least, most if max(len(least), len(most)) <= _LONGEST else b"")


def _worth_a_dictionary(rows: Any, boxes: str | None) -> list[str] | bool:
    """Name the columns whose values come again and again: only for them a dictionary is worth its time."""
    types = need("pyarrow", extra="parquet", purpose="write a .parquet file").types
    if boxes is not None:  # as many as there are points
        rows = rows.drop_columns([boxes])
    if any(types.is_nested(field.type) for field in rows.schema):
        return True
    first = rows.slice(0, _LOOKED_AT).combine_chunks()
    return [
        name
        for name, column in zip(rows.schema.names, first.columns, strict=True)
        if types.is_dictionary(column.type) or 2 * len(column.unique()) < len(column)
    ]


class _Pieces:
    """Parquet files that stand behind one another: where each begins, and its footer."""

    def __init__(self) -> None:
        self.begins: list[int] = []
        self.footers: list[bytes] = []

    def add(self, begin: int, footer: bytes) -> None:
        self.begins.append(begin)
        self.footers.append(footer)

    def joined(self) -> bytes:
        return joined_footer(self.footers, self.begins)


class GeoPackageTarget(ParquetTarget):
    """Parquet on the way, and one layer out of it at the end: SQLite knows no state to go on from."""

    def __init__(self, ledger: Ledger, columns: Columns) -> None:
        super().__init__(ledger, columns)
        self._target, self._made = ledger.target, ledger.workplace()

    def finish(self) -> Path | None:
        """Make a layer of the rows."""
        import pyogrio
        from pyarrow import RecordBatchReader, parquet

        super().finish()
        with blamed_on(self._target, "written"):
            self._made.unlink(missing_ok=True)
            if self._target.exists():  # its other layers stay
                check_content(self._target, format_of(self._target))
                shutil.copyfile(self._target, self._made)
            schema = for_geopackage(self._columns.schema.empty_table()).schema
            taken = {name.casefold() for name in schema.names}
            with parquet.ParquetFile(self._file.path, pre_buffer=False, buffer_size=1 << 22) as content:
                rows = (for_geopackage(batch) for batch in content.iter_batches())
                pyogrio.write_arrow(
                    RecordBatchReader.from_batches(schema, rows),
                    gdal_name(self._made),
                    layer=self._target.stem,
                    driver="GPKG",
                    geometry_name=self._columns.geometry,
                    geometry_type="Point",
                    crs=self._columns.source.crs.to_wkt(),
                    FID=unused("fid", sorted(taken)),
                    GEOMETRY_NAME=unused("geom", sorted(taken - {str(self._columns.geometry).casefold()})),
                )
            with_titles(self._made, self._target.stem)
        return self._made


def unused(name: str, taken: list[str]) -> str:
    """Return a name that is not taken, as near to the one wished as can be."""
    while name in taken:
        name += "_"
    return name

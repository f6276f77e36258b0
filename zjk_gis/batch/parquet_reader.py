"""Parquet files read in batches, whole row groups where they can pass, or only the rows that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis import threads
from zjk_gis._optional import need
from zjk_gis.batch.hive import constant_columns, wanted_rows, with_hive
from zjk_gis.batch.row_groups import passable_groups
from zjk_gis.errors import InputError
from zjk_gis.io.parquet import distinct_schema
from zjk_gis.io.paths import blamed_on, check_content, format_of
from zjk_gis.read_report import ReadReport
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from zjk_gis.batch.row_groups import RowGroup

__all__ = ["ParquetReader"]

_GROUP_BATCHES = 8  # a million rows, as pyarrow makes its row groups


class ParquetReader:
    """Rows of Parquet files of the same columns; see `zjk_gis.batch.arrow.Reader`.

    Parameters
    ----------
    files : sequence of Path
    batch_rows : int
    hive : sequence of mapping of str to str
        What the folders of each file say of its rows; columns of text behind those of the files.
    only : mapping of str to sequence of str
        The values that rows must have; what folders say is not looked at again.

    Raises
    ------
    FileError
        If one is damaged.
    InputError
        If their columns differ, or there is no column of which values are asked for.
    """

    def __init__(
        self,
        files: Sequence[Path],
        batch_rows: int,
        hive: Sequence[Mapping[str, str]],
        only: Mapping[str, Sequence[str]],
    ) -> None:
        parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
        self._files, self._batch_rows = files, batch_rows
        self._passed: dict[int, dict[int, RowGroup]] = {}
        self.rows: list[int] = []
        self.compression = "zstd"
        for file in files:
            check_content(file, format_of(file))
            with blamed_on(file), parquet.ParquetFile(file) as content:
                schema = content.schema_arrow
                self.rows.append(content.metadata.num_rows)
                if content.metadata.num_row_groups and file == files[0]:
                    first = content.metadata.row_group(0)
                    codec = first.column(0).compression.lower() if first.num_columns else "none"
                    self.compression = codec.replace("uncompressed", "none")
            if file == files[0]:
                self.schema = schema
            elif not schema.equals(self.schema):
                raise InputError(
                    tr(
                        "{file}: its columns or their types are not those of {name}",
                        file=file,
                        name=files[0].name,
                    )
                )
        report = ReadReport()
        self.schema = distinct_schema(self.schema, files[0], report)
        self.remarks = report.remarks
        self._own, self._hive = self.schema, hive
        self._wanted = wanted_rows(self.schema, hive, only)
        self.schema = with_hive(self.schema, hive)
        if self._wanted is not None:
            self.rows = [self._counted(file) for file in files]

    def _counted(self, file: Path) -> int:
        from pyarrow import dataset

        with blamed_on(file):
            return int(dataset.dataset(file, format="parquet").count_rows(filter=self._wanted))

    def _selected(self, part: int, at: int, rows: int) -> Iterator[Any]:
        """Read the rows that are wanted, from one on; row groups that have none are passed over."""
        from pyarrow import dataset

        over = at
        for batch in dataset.dataset(self._files[part], format="parquet").to_batches(
            filter=self._wanted, batch_size=rows, use_threads=False
        ):
            rest = batch.slice(min(over, batch.num_rows))
            over -= batch.num_rows - rest.num_rows
            if rest.num_rows:
                yield self._whole(part, rest)

    def _whole(self, part: int, batch: Any) -> Any:
        """Put what the folders say behind the columns of a batch."""
        told = constant_columns(self._hive[part], self.schema, batch.num_rows)
        return type(batch).from_arrays([*batch.columns, *told], schema=self.schema)

    def pass_groups(self, template: bytes) -> None:
        """From now on hand out as a whole the row groups that can stand in another file as they are."""
        if self._wanted is not None or len(self.schema) > len(self._own):
            return
        parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
        sizes = {"least": max(1, self._batch_rows // 2), "most": _GROUP_BATCHES * self._batch_rows}
        for part, file in enumerate(self._files):
            with blamed_on(file):
                self._passed[part] = passable_groups(file, parquet.read_metadata(file), template, **sizes)

    def expected(self, part: int, at: int) -> int:
        """Say about how many batches follow a row."""
        passed = self._passed.get(part, {})
        rest = self.rows[part] - at
        if not passed:
            return -(-rest // self._batch_rows)
        return -(-rest * len(passed) // sum(group.num_rows for group in passed.values()))

    def read(self, part: int, at: int) -> Iterator[pa.RecordBatch | RowGroup]:
        """Read one of the files from a row on."""
        from pyarrow import parquet

        if self._wanted is not None:
            yield from self._selected(part, at, self._batch_rows)
            return
        passed = self._passed.get(part, {})
        # Without pre_buffer a row group is read page by page: a file may be one row group of any size.
        with parquet.ParquetFile(self._files[part], pre_buffer=False, buffer_size=1 << 22) as content:
            groups = [content.metadata.row_group(at).num_rows for at in range(content.num_row_groups)]
            ends = np.cumsum(groups)
            first = int(np.searchsorted(ends, at, side="right"))
            over = at - int(ends[first - 1] if first else 0)
            while first < len(groups):
                if first in passed and not over:
                    yield passed[first]
                    first += 1
                    continue
                last = first + 1  # the next that passes, or the end
                while last < len(groups) and last not in passed:
                    last += 1
                for batch in content.iter_batches(
                    self._batch_rows, row_groups=range(first, last), use_threads=not threads.is_alone()
                ):
                    if over >= batch.num_rows:
                        over -= batch.num_rows
                        continue
                    yield self._whole(part, batch.slice(over))
                    over = 0
                first = last

    def sample(self, rows: int) -> pa.RecordBatch | None:
        """Read the first rows, at most so many; None where there are none."""
        from pyarrow import parquet

        if self._wanted is not None:
            return next(self._selected(0, 0, rows), None)
        with parquet.ParquetFile(self._files[0], pre_buffer=False, buffer_size=1 << 22) as content:
            found = next(content.iter_batches(rows), None)
        return None if found is None else self._whole(0, found)

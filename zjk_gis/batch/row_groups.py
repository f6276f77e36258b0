"""Row groups of Parquet files that can go into another file with the bytes they have.

What a job adds stands in columns of its own; those of the source are the same behind it as before. Where
both files declare them alike and no row is set aside, they need not be decoded, encoded and packed again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zjk_gis._optional import need
from zjk_gis.batch.footer import MAGIC, Group, groups_of, schema_of
from zjk_gis.errors import FileError
from zjk_gis.io.paths import blamed_on
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["RowGroup", "passable_groups", "read_footer"]

_BLOCK = 1 << 22
# Who wrote a file decides how readers take what it says of itself: they mistrust some writers' statistics.
# Behind the job stands the name of the Arrow that runs here, so it has to be one of its kind that wrote.
_WRITER = re.compile(r"parquet-cpp-arrow version (\d+)\.")
_SINCE = 10


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group in its file.

    Attributes
    ----------
    file : Path
    number : int
        Which of the file.
    about : Any
        What pyarrow knows of the file, so that its footer need not be read again.
    group : Group
        What the footer says of it.
    """

    file: Path
    number: int
    about: Any
    group: Group

    @property
    def num_rows(self) -> int:
        """How many rows it has, as of columns in memory."""
        return self.group.rows

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes of its columns, one behind the other.

        Raises
        ------
        FileError
            If the file cannot be read, or is shorter than before.
        """
        with blamed_on(self.file), self.file.open("rb", buffering=0) as content:
            for chunk in self.group.chunks:
                content.seek(chunk.begin)
                rest = chunk.size
                while rest:
                    block = content.read(min(rest, _BLOCK))
                    if not block:
                        raise FileError(
                            tr(
                                "{files}: changed while it was read; run again when it is complete",
                                files=self.file,
                            )
                        )
                    yield block
                    rest -= len(block)

    def read(self, batch_rows: int, columns: Sequence[str] | None) -> Iterator[Any]:
        """Read some of its columns, or all, so many rows at a time."""
        parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
        names = None if columns is None else list(columns)
        with (
            blamed_on(self.file),
            parquet.ParquetFile(
                self.file, metadata=self.about, pre_buffer=False, buffer_size=_BLOCK
            ) as content,
        ):
            for batch in content.iter_batches(
                batch_rows, row_groups=[self.number], columns=names, use_threads=False
            ):
                yield batch if names is None else batch.select(names)


def read_footer(file: Path) -> bytes:
    """Return the footer of a Parquet file, without its length and the magic bytes."""
    with blamed_on(file), file.open("rb") as content:
        end = content.seek(-8, 2)
        size = int.from_bytes(content.read(4), "little")
        content.seek(end - size)
        return content.read(size)


def passable_groups(file: Path, about: Any, template: bytes, *, least: int, most: int) -> dict[int, RowGroup]:
    """Return the row groups of a file whose columns may stand first in another, by their number.

    Parameters
    ----------
    file : Path
    about : pyarrow.parquet.FileMetaData
        Of the file.
    template : bytes
        The footer of a file of the other's columns: those of this one, then more.
    least, most : int
        How many rows a group must have at least, to be worth it, and may have at most.
    """
    writer = _WRITER.match(about.created_by or "")
    if writer is None or int(writer[1]) < _SINCE:
        return {}
    footer = read_footer(file)
    columns = schema_of(footer)
    if columns != schema_of(template)[: len(columns)]:
        return {}
    end = file.stat().st_size - len(footer) - 8
    return {
        number: RowGroup(file, number, about, group)
        for number, group in enumerate(groups_of(footer))
        if least <= group.rows <= most
        and len(group.chunks) == about.num_columns
        and all(chunk.is_whole and len(MAGIC) <= chunk.begin <= end - chunk.size for chunk in group.chunks)
    }

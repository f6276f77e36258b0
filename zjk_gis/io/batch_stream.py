"""A text file of any length as a stream of UTF-8, whatever it is packed with and encoded in."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from zjk_gis._optional import need
from zjk_gis.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = ["Utf8Stream", "first_row_not_utf8", "is_packed"]

_PACKINGS = {".gz": "gzip", ".zst": "zstd"}
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BLOCK = 1 << 24


class Utf8Stream:
    """Read a file as UTF-8: packed as .gz or .zst or not, with a byte order mark or not, perhaps GB18030.

    Text counts as ASCII until the first other byte. The block that holds it decides, by the rule of
    `zjk_gis.io.encoding`: what is valid UTF-8 is hardly ever anything else, and GB18030 comes next.

    Parameters
    ----------
    file : Path

    Attributes
    ----------
    encoding : str or None
        None as long as all was ASCII.
    """

    def __init__(self, file: Path) -> None:
        pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
        self._file = file
        self._raw: Any = pyarrow.input_stream(str(file), compression=_PACKINGS.get(file.suffix.casefold()))
        self.encoding: str | None = None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._head: bytes = self._raw.read(3)  # read, but not yet handed out
        self._spare = b""  # the same, in UTF-8
        for mark, name in _MARKS:
            if self._head.startswith(mark):
                self._head = self._head.removeprefix(mark)
                self._take(name)
                break

    def __enter__(self) -> Self:
        """Lend the stream."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._raw.close()

    def read(self, size: int) -> bytes:
        """Return about so many bytes of UTF-8; none at the end of the file.

        What was taken for UTF-8 is not checked here, as only whole rows can be blamed for damage: see
        `first_row_not_utf8`.

        Raises
        ------
        FileError
            If the text is in neither encoding.
        """
        spare, self._spare = self._spare, b""
        while not spare:
            raw: bytes = self._head + self._raw.read(max(size - len(self._head), 0))
            self._head = b""
            if self.encoding is None and not raw.isascii():
                self._take(self._encoding_of(raw))
            if self._decoder is None:
                return raw
            try:
                spare = self._decoder.decode(raw, final=not raw).encode()
            except UnicodeError:
                message = f"{self._file}: is not valid {self.encoding} throughout; export it again as UTF-8"
                raise FileError(message) from None
            if not raw:
                break
        return spare

    def skip(self, size: int) -> None:
        """Pass over so many bytes of UTF-8; plain files are not read for it."""
        while size > 0:
            if self.encoding == "utf-8" and self._file.suffix.casefold() not in _PACKINGS:
                self._raw.seek(self._raw.tell() - len(self._head) + size)
                self._head = b""
                return
            piece = self.read(min(size, _BLOCK))
            if not piece:
                return
            self._spare = piece[size:]
            size -= len(piece)

    def _take(self, encoding: str) -> None:
        self.encoding = encoding
        if encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)()

    def _encoding_of(self, raw: bytes) -> str:
        for encoding in ("utf-8", "gb18030"):
            try:
                codecs.getincrementaldecoder(encoding)().decode(raw, final=False)
            except UnicodeDecodeError:
                continue
            return encoding
        message = f"{self._file}: neither UTF-8 nor GB18030 is valid; export it again as UTF-8"
        raise FileError(message)


def is_packed(file: Path) -> bool:
    """Tell whether a file is packed, so that its length says little."""
    return file.suffix.casefold() in _PACKINGS


def first_row_not_utf8(text: Any, begin: NDArray[np.int64], end: NDArray[np.int64]) -> int | None:
    r"""Return the first of some rows of text that is no valid UTF-8.

    Examples
    --------
    >>> first_row_not_utf8("a,桥\nb,西\n".encode(), np.array([0, 6]), np.array([5, 11])) is None
    True
    >>> first_row_not_utf8("a,桥\nb,".encode() + b"\xce\n", np.array([0, 6]), np.array([5, 9]))
    1
    """
    pyarrow = need("pyarrow", extra="parquet", purpose="work in batches")
    first, last = int(begin[0]), int(end[-1])
    ends = pyarrow.py_buffer(np.array([first, last], dtype=np.int64))
    whole = pyarrow.Array.from_buffers(pyarrow.large_string(), 1, [None, ends, pyarrow.py_buffer(text)])
    try:
        whole.validate(full=True)
    except pyarrow.ArrowInvalid:
        for row, (left, right) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
            try:
                bytes(text[left:right]).decode()
            except UnicodeDecodeError:
                return row
    return None

"""A text file of any length as a stream of UTF-8, whatever it is packed with and encoded in.

Chinese bureaus exchange UTF-8 and GBK side by side, often without a mark, and now and then paste one below
the other. The rule, which every text file of the library is read by:

1. A byte order mark says it.
2. Text counts as ASCII until the first other byte. From there on the lines of the next megabyte vote: a line
   that is valid UTF-8 is hardly ever anything else; one that is not may be GB18030 (which contains GBK and
   GB 2312). The encoding of most of them is the file's. If none is valid in either, the file is refused.
3. A line that is not valid in the file's encoding, or that is plainly in the other one, is read in that other
   one. What is valid in neither keeps what can be read, with ``�`` for the rest. Both are told.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from zjk_gis._optional import has, need
from zjk_gis.errors import FileError, counted
from zjk_gis.io.encoding import GB18030, UTF_8, Encoding
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = [
    "MixedLines",
    "Utf8Stream",
    "decode_text",
    "first_row_not_utf8",
    "is_packed",
    "line_as_utf8",
    "name_lines",
]

_GZIP, _ZSTD = ".gz", ".zst"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_NAMED = 5  # lines of a remark; the rest is counted
_BLOCK = 1 << 24
_WINDOW = 1 << 20  # whose lines vote
_NOT_ASCII = re.compile(rb"[^\x00-\x7f]")
# Two Chinese characters of UTF-8 in a row: seldom within GBK, and then the line as a whole is asked.
_LIKE_UTF_8 = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf]{2}){2}")


@dataclass(frozen=True, slots=True)
class MixedLines:
    """Lines that were not in their file's encoding.

    Attributes
    ----------
    other : int
        How many were read in the other encoding.
    damaged : int
        How many are valid in neither and were read as far as they can be.
    """

    other: int = 0
    damaged: int = 0

    def __add__(self, more: MixedLines) -> MixedLines:
        return MixedLines(self.other + more.other, self.damaged + more.damaged)

    def said(self, name: str, encoding: str) -> list[str]:
        """Say it of a file in an encoding."""
        told = []
        if self.other:
            told.append(
                tr(
                    "{name}: {lines} in {other}, not in {encoding}; read as such",
                    name=name,
                    lines=counted(self.other, "line is", "lines are"),
                    other=GB18030 if encoding == UTF_8 else UTF_8,
                    encoding=encoding,
                )
            )
        if self.damaged:
            told.append(
                tr(
                    "{name}: {lines} damaged; what cannot be read is shown as �",
                    name=name,
                    lines=counted(self.damaged, "line is", "lines are"),
                )
            )
        return told


@dataclass(slots=True)
class _State:
    """What is known of the text so far."""

    encoding: Encoding | None = None
    is_decided: bool = False
    decoder: codecs.IncrementalDecoder | None = None
    by_line: bool = False
    ended: bool = False
    rest: bytes = b""  # read, but not yet handed out: what may be a part of a line or of a mark
    spare: bytes = b""  # the same, in UTF-8
    mixed: MixedLines = MixedLines()


class Utf8Stream:
    """Read a file as UTF-8: packed as .gz or .zst or not, with a byte order mark or not, perhaps GB18030.

    Parameters
    ----------
    file : Path
    content : bytes, optional
        What is in it, where that is at hand.
    said : str, optional
        The encoding, where the caller knows it; a mark at the beginning of the file comes before it.
    """

    def __init__(self, file: Path, content: bytes | None = None, *, said: str | None = None) -> None:
        self._file = file
        self._raw = _opened(file) if content is None else io.BytesIO(content)
        self._now, self._said = _State(), said
        self._now.rest = self._read_raw(3)
        for mark, codec, name in _MARKS:
            if self._now.rest.startswith(mark):
                self._now.rest = self._now.rest.removeprefix(mark)
                self._now.encoding = Encoding(name, tr("byte order mark"))
                if name != UTF_8:
                    self._now.decoder = codecs.getincrementaldecoder(codec)()
                    self._now.is_decided = True
                break

    def __enter__(self) -> Self:
        """Lend the stream."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._raw.close()

    @property
    def encoding(self) -> Encoding | None:
        """The encoding found; None as long as all was ASCII."""
        return self._now.encoding

    def take_mixed(self) -> MixedLines:
        """Return which lines of a file in GB18030 were in another encoding since this was asked last."""
        mixed, self._now.mixed = self._now.mixed, MixedLines()
        return mixed

    def read(self, size: int) -> bytes:
        """Return about so many bytes of UTF-8; none at the end of the file.

        What was taken for UTF-8 is not checked here, as only whole rows can be mended: see
        `first_row_not_utf8` and `line_as_utf8`.

        Raises
        ------
        FileError
            If the text is in neither encoding.
        """
        now = self._now
        spare, now.spare = now.spare, b""
        while not spare:
            raw = now.rest + self._read_raw(max(size - len(now.rest), 0))
            now.rest = b""
            if not raw and now.ended:
                return b"" if now.decoder is None else self._decoded(b"")  # which ends within a character
            if not now.is_decided and not raw.isascii():
                raw = self._decide(raw)
            if now.decoder is not None:
                spare = self._decoded(raw)
            elif now.by_line:
                spare = self._line_by_line(raw)
            else:
                return raw
            if now.ended and not now.rest:
                break
        return spare

    def skip(self, size: int) -> None:
        """Pass over so many bytes of UTF-8; plain files in UTF-8 are not read for it."""
        now = self._now
        while size > 0:
            is_utf_8 = now.is_decided and now.decoder is None and not now.by_line
            if is_utf_8 and not now.spare and not is_packed(self._file):
                self._raw.seek(self._raw.tell() - len(now.rest) + size)
                now.rest = b""
                return
            piece = self.read(min(size, _BLOCK))
            if not piece:
                return
            now.spare = piece[size:]
            size -= len(piece)

    def _read_raw(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0:  # what is packed comes in pieces
            piece = self._raw.read(size)
            if not piece:
                self._now.ended = True
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _decide(self, raw: bytes) -> bytes:
        """Let the lines from the first that is not ASCII vote; return the bytes with what was read more."""
        first = _NOT_ASCII.search(raw)
        at = (
            0
            if first is None
            else max(raw.rfind(b"\n", 0, first.start()), raw.rfind(b"\r", 0, first.start())) + 1
        )
        lacking = at + _WINDOW - len(raw)
        if lacking > 0:
            raw += self._read_raw(lacking)
        window = raw[at : at + _WINDOW]
        if at + _WINDOW < len(raw) or not self._now.ended:
            window = window[: max(window.rfind(b"\n"), window.rfind(b"\r")) + 1] or window
        votes = {UTF_8: 0, GB18030: 0}
        damaged = 0
        for line in window.splitlines():
            if not line.isascii():
                vote = _vote(line)
                if vote is None:
                    damaged += 1
                else:
                    votes[vote] += 1
        now, marked = self._now, self._now.encoding is not None
        if damaged > votes[UTF_8] + votes[GB18030]:
            raise FileError(_in_neither(self._file, raw, marked=marked))
        now.is_decided = True
        if marked:
            return raw
        if self._said is not None:
            return self._as_said(raw, votes)
        now.by_line = votes[GB18030] > votes[UTF_8]
        name, other = (GB18030, UTF_8) if now.by_line else (UTF_8, GB18030)
        if votes[other] or damaged:
            now.encoding = Encoding(
                name, tr("most of its lines are valid {encoding}", encoding=name), sure=False
            )
        else:
            found = tr("valid {encoding}", encoding=name)
            if now.by_line:
                found = tr("not valid {other}, valid {encoding}", other=other, encoding=name)
            now.encoding = Encoding(name, found, sure=not now.by_line)
        return raw

    def _as_said(self, raw: bytes, votes: dict[str, int]) -> bytes:
        """Take the encoding that the caller says, unless no line is valid in it."""
        name = GB18030 if self._said == GB18030 else UTF_8
        if not votes[name]:
            raise FileError(tr("{file}: is not in {encoding}, as is said", file=self._file, encoding=name))
        self._now.by_line = name == GB18030
        self._now.encoding = Encoding(name, tr("as the caller says"))
        return raw

    def _decoded(self, raw: bytes) -> bytes:
        decoder = self._now.decoder
        assert decoder is not None  # noqa: S101 - for the type checker
        try:
            return decoder.decode(raw, final=self._now.ended).encode()
        except UnicodeError:
            name = self._now.encoding.name if self._now.encoding is not None else ""
            raise FileError(
                tr(
                    "{file}: is not valid {name} throughout; export it again as UTF-8",
                    file=self._file,
                    name=name,
                )
            ) from None

    def _line_by_line(self, raw: bytes) -> bytes:
        """Turn whole lines of GB18030 into UTF-8; what is not a whole line yet waits for the next block."""
        now = self._now
        if not now.ended:
            end = max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1
            if not end:  # one line longer than a block: its end must come first
                now.rest = raw + self._read_raw(_BLOCK)
                return b""
            raw, now.rest = raw[:end], raw[end:]
        if _LIKE_UTF_8.search(raw) is None:
            try:
                return raw.decode("gb18030").encode()
            except UnicodeDecodeError:
                pass
        pieces = []
        for line in raw.splitlines(keepends=True):
            if line.isascii():
                pieces.append(line)
                continue
            told, encoding = line_as_utf8(line, GB18030)
            now.mixed += MixedLines(int(encoding == UTF_8), int(encoding is None))
            pieces.append(told)
        return b"".join(pieces)


def decode_text(content: bytes, path: Path) -> tuple[str, Encoding]:
    """Decode a text file as a whole, by the rule of this module.

    Returns
    -------
    text : str
    encoding : Encoding
        With how many of its lines are in the other encoding or damaged.

    Raises
    ------
    FileError
        If it is in none; the message says at which byte.

    Examples
    --------
    >>> from pathlib import Path
    >>> decode_text("责任区".encode("gbk"), Path("zones.csv"))[1].name
    'GB18030'
    """
    pieces: list[bytes] = []
    with Utf8Stream(path, content) as stream:
        while piece := stream.read(_BLOCK):
            pieces.append(piece)
        encoding, mixed = stream.encoding or Encoding(UTF_8, tr("plain ASCII")), stream.take_mixed()
    whole = b"".join(pieces)
    try:
        text = whole.decode()
    except UnicodeDecodeError:
        lines = [line_as_utf8(line, UTF_8) for line in whole.splitlines(keepends=True)]
        mixed = MixedLines(
            sum(found == GB18030 for _, found in lines), sum(found is None for _, found in lines)
        )
        text = b"".join(line for line, _ in lines).decode()
    return text, replace(encoding, damaged=mixed.other + mixed.damaged)


def name_lines(numbers: Sequence[int]) -> str:
    """Name the first few lines of a file for a remark, as `name_rows` names rows.

    Examples
    --------
    >>> name_lines([3]), name_lines([3, 4])
    ('line 3', 'lines 3, 4')
    """
    named, rest = listed(numbers[:_NAMED]), len(numbers) - _NAMED
    if rest > 0:
        return tr("lines {lines} and {rest} more", lines=named, rest=rest)
    return tr("line {lines}", lines=named) if len(numbers) == 1 else tr("lines {lines}", lines=named)


def _opened(file: Path) -> BinaryIO:
    ending = file.suffix.casefold()
    opened: Any
    if ending == _GZIP:
        opened = gzip.open(file, "rb")  # noqa: SIM115 - whoever made the stream closes it
    elif ending == _ZSTD:
        pyarrow = need("pyarrow", extra="parquet", purpose="unpack a .zst file")
        opened = pyarrow.input_stream(str(file), compression="zstd")
    else:
        opened = file.open("rb", buffering=0)
    return opened  # type: ignore[no-any-return]


def _vote(line: bytes) -> str | None:
    for name in (UTF_8, GB18030):
        try:
            line.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return None


def _in_neither(file: Path, raw: bytes, *, marked: bool) -> str:
    places = []
    for name in (UTF_8, GB18030):
        try:
            codecs.getincrementaldecoder(name)().decode(raw, final=False)
        except UnicodeDecodeError as error:
            if marked:
                return tr(
                    "{file}: begins as utf-8-sig but is not valid at byte {byte}; export it again",
                    file=file,
                    byte=error.start + 3,
                )
            places.append(tr("{encoding} (byte {byte})", encoding=name, byte=error.start))
    return tr(
        "{file}: neither {places} is valid; export it again as UTF-8",
        file=file,
        places=tr(" nor ").join(places),
    )


def line_as_utf8(line: bytes, usual: str) -> tuple[bytes, str | None]:
    r"""Return a line of text as UTF-8, and the encoding it was in; None where it is damaged.

    Parameters
    ----------
    line : bytes
        Of a file in UTF-8 or GB18030.
    usual : str
        The encoding of the file.

    Examples
    --------
    >>> line_as_utf8("桥西".encode("gbk"), "UTF-8")[0].decode(), line_as_utf8("桥西".encode(), "GB18030")[1]
    ('桥西', 'UTF-8')
    >>> line_as_utf8("桥西区".encode()[:-1] + b",1", "UTF-8")[0].decode()
    '桥西�,1'
    """
    try:
        line.decode(UTF_8)
    except UnicodeDecodeError:
        pass
    else:
        # Short text may be valid in both by chance; two Chinese characters of UTF-8 in a row hardly ever are.
        if usual == UTF_8 or _LIKE_UTF_8.search(line) or not _is_gb18030(line):
            return line, UTF_8
    replaced = line.decode(UTF_8, "replace")
    kept = sum(len(character.encode()) for character in replaced if character > "\x7f" and character != "�")
    is_mostly_utf_8 = usual == UTF_8 and 2 * kept > len(line) - sum(byte < 0x80 for byte in line)
    if not is_mostly_utf_8 and _is_gb18030(line):
        return line.decode("gb18030").encode(), GB18030
    text = replaced if usual == UTF_8 else line.decode("gb18030", "replace")
    return text.encode(), None


def _is_gb18030(line: bytes) -> bool:
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def is_packed(file: Path) -> bool:
    """Tell whether a file is packed, so that its length says little."""
    return file.suffix.casefold() in (_GZIP, _ZSTD)


def first_row_not_utf8(text: Any, begin: NDArray[np.int64], end: NDArray[np.int64]) -> int | None:
    r"""Return the first of some rows of text that is not valid UTF-8.

    Examples
    --------
    >>> first_row_not_utf8("a,桥\nb,西\n".encode(), np.array([0, 6]), np.array([5, 11])) is None
    True
    >>> first_row_not_utf8("a,桥\nb,".encode() + b"\xce\n", np.array([0, 6]), np.array([5, 9]))
    1
    """
    if not len(begin):
        return None
    first, last = int(begin[0]), int(end[-1])
    if has("pyarrow"):  # which checks without making a text of it
        import pyarrow

        ends = pyarrow.py_buffer(np.array([first, last], dtype=np.int64))
        whole = pyarrow.Array.from_buffers(pyarrow.large_string(), 1, [None, ends, pyarrow.py_buffer(text)])
        try:
            whole.validate(full=True)
        except pyarrow.ArrowInvalid:
            pass
        else:
            return None
    piece = bytes(text[first:last])
    try:
        piece.decode()
    except UnicodeDecodeError as error:
        return int(np.searchsorted(begin, first + error.start, side="right")) - 1
    return None

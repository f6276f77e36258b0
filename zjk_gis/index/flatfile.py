"""Named arrays in one flat file, to be mapped into memory by as many processes as like.

The file begins with 8 bytes that name the format, the length of a directory, the directory's checksum, and
the directory itself: JSON with what the arrays are, where they stand, and a checksum of each. Nothing in it
is ever executed or unpickled. Arrays begin at multiples of 64 bytes, little-endian.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import tempfile
import zlib
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.errors import FileError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["packed", "read_arrays", "unpacked", "write_arrays"]

_MAGIC = b"ZJKGISIX"
_VERSION = 4
_ALIGNED = 64
_HEAD = len(_MAGIC) + 8 + 4 + 4  # magic, length of the directory, its checksum, version
_MOST_DIRECTORY = 1 << 26
_DTYPES = frozenset({"<f8", "<f4", "<u4", "<u1", "<i8", "<i4", "|u1", "|i1", "|b1"})


def write_arrays(
    path: str | os.PathLike[str], kind: str, arrays: dict[str, NDArray[Any]], about: dict[str, Any]
) -> Path:
    """Write arrays and some facts about them; the file appears under its name only when it is whole.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    path = Path(path)
    entries: dict[str, dict[str, Any]] = {}
    at = 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array)
        data = data.astype(data.dtype.newbyteorder("<"), copy=False)
        at = -(-at // _ALIGNED) * _ALIGNED
        entries[name] = {
            "dtype": data.dtype.str,
            "shape": list(data.shape),
            "at": at,
            "crc32": zlib.crc32(_as_bytes(data)),
        }
        at += data.nbytes
    directory = json.dumps(
        {"kind": kind, "about": about, "arrays": entries, "bytes": at}, ensure_ascii=False
    ).encode()
    head = _MAGIC + len(directory).to_bytes(8, "little") + zlib.crc32(directory).to_bytes(4, "little")
    head += _VERSION.to_bytes(4, "little")
    first = -(-(_HEAD + len(directory)) // _ALIGNED) * _ALIGNED
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(head + directory)
                for name, entry in entries.items():
                    file.seek(first + entry["at"])
                    file.write(_as_bytes(np.ascontiguousarray(arrays[name])))
                file.truncate(first + at)
                file.flush()
                os.fsync(file.fileno())
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FileError(
            tr("{path}: cannot be written ({value})", path=path, value=error.strerror or error)
        ) from error
    return path


def read_arrays(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Map the arrays of a file into memory, after making sure that it is whole.

    The pages are shared by all processes that read the file, until one writes to them, which stays its own.

    Raises
    ------
    FileError
        If the file is missing, of another format, kind or version, truncated or damaged.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEAD)
            length = int.from_bytes(head[8:16], "little")
            if head[:8] != _MAGIC or len(head) < _HEAD:
                raise _refusal(
                    path, tr("is not a saved index (it does not begin with {begin})", begin=_MAGIC.decode())
                )
            if int.from_bytes(head[20:24], "little") != _VERSION:
                raise _refusal(
                    path, tr("was saved by another version of zjk_gis; build the index again and save it")
                )
            if length > min(size - _HEAD, _MOST_DIRECTORY):
                raise _refusal(path, tr("is truncated; save the index again"))
            directory = file.read(length)
            if zlib.crc32(directory) != int.from_bytes(head[16:20], "little"):
                raise _refusal(
                    path, tr("is damaged (the checksum of its directory is wrong); save the index again")
                )
            about = _told(path, directory)
            first = -(-(_HEAD + length) // _ALIGNED) * _ALIGNED
            if about["kind"] != kind:
                raise _refusal(
                    path, tr("holds a {other}, not a {kind}", other=tr(about["kind"]), kind=tr(kind))
                )
            if size != first + about["bytes"]:
                raise _refusal(
                    path,
                    tr(
                        "has {size} bytes and should have {wanted}; save the index again",
                        size=size,
                        wanted=first + about["bytes"],
                    ),
                )
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            tr("{path}: cannot be read ({value})", path=path, value=error.strerror or error)
        ) from error
    arrays = {}
    for name, entry in about["arrays"].items():
        count = _count_of(path, name, entry, about["bytes"])
        array = np.frombuffer(mapped, entry["dtype"], count, first + entry["at"]).reshape(entry["shape"])
        if zlib.crc32(_as_bytes(array)) != entry["crc32"]:
            raise _refusal(
                path, tr("is damaged (the checksum of {name} is wrong); save the index again", name=name)
            )
        arrays[name] = array
    return arrays, about["about"]


def packed(name: str, texts: Iterable[bytes]) -> dict[str, NDArray[Any]]:
    """Return texts as two arrays: themselves, one behind the other, and their lengths.

    Examples
    --------
    >>> two = packed("words", [b"ab", b"", b"c"])
    >>> {name: array.tolist() for name, array in two.items()}
    {'words': [97, 98, 99], 'words_lengths': [2, 0, 1]}
    >>> unpacked(two, "words")
    [b'ab', b'', b'c']
    """
    texts = list(texts)
    return {
        name: np.frombuffer(b"".join(texts), np.uint8),
        f"{name}_lengths": np.array([len(each) for each in texts], np.int64),
    }


def unpacked(arrays: Mapping[str, NDArray[Any]], name: str) -> list[bytes]:
    """Return what `packed` was given.

    Raises
    ------
    KeyError
        If there are no such arrays.
    ValueError
        If they are not texts and their lengths.
    """
    text, lengths = arrays[name], arrays[f"{name}_lengths"]
    if text.dtype != np.uint8 or lengths.dtype != np.int64 or text.ndim != 1 or lengths.ndim != 1:
        raise ValueError(tr("words are of another kind"))
    sizes = lengths.tolist()
    if min(sizes, default=0) < 0 or sum(sizes) != len(text):
        raise ValueError(tr("words begin or end where no text is"))
    whole, ends = text.tobytes(), accumulate(sizes)
    return [whole[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _told(path: Path, directory: bytes) -> dict[str, Any]:
    """Return what a directory says, if it is one: a checksum can be made for anything."""
    try:
        told = json.loads(directory)
    except (ValueError, RecursionError) as error:
        raise _refusal(path, tr("is damaged (its directory cannot be read); save the index again")) from error
    kinds = {"kind": str, "bytes": int, "arrays": dict, "about": dict}
    if not isinstance(told, dict) or any(type(told.get(key)) is not kind for key, kind in kinds.items()):
        raise _refusal(path, tr("is damaged (its directory is not one); save the index again"))
    return told


def _count_of(path: Path, name: str, entry: Any, size: int) -> int:
    """Return how many items an array has that lies within so many bytes; refuse any other."""
    wanted = {"dtype": str, "shape": list, "at": int, "crc32": int}
    if not isinstance(entry, dict) or any(type(entry.get(key)) is not kind for key, kind in wanted.items()):
        raise _refusal(
            path, tr("is damaged (its directory does not describe {name}); save the index again", name=name)
        )
    if entry["dtype"] not in _DTYPES:
        raise _refusal(path, tr("has an array of the unknown type {dtype!r}", dtype=entry["dtype"]))
    shape, at = entry["shape"], entry["at"]
    if not (1 <= len(shape) <= 2 and all(type(each) is int and 0 <= each <= size for each in shape)):
        raise _refusal(path, tr("is damaged ({name} has no such shape); save the index again", name=name))
    count = math.prod(shape)
    if at < 0 or at % _ALIGNED or count * np.dtype(entry["dtype"]).itemsize + at > size:
        raise _refusal(path, tr("is damaged (an array reaches beyond its end); save the index again"))
    return count


def _as_bytes(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _refusal(path: Path, why: str) -> FileError:
    return FileError(f"{path}: {why}")

"""Folders anywhere: on a disk, in an object store, on a cluster; a path or an address that pyarrow knows.

What is written appears under its name whole or not at all. On a disk and on file systems of clusters a file
is written beside and renamed; an object store shows an object once all of it has arrived.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from zjk_gis._optional import need
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import is_remote
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "Folder", "open_folder"]

_SECRET = re.compile(r"//[^/@]*@")
_QUERY = re.compile(r"\?.*$")
_STORES = ("s3", "gcs", "abfs")
_BLOCK = 1 << 23


class Entry(NamedTuple):
    """A file in a folder.

    Attributes
    ----------
    name : str
        Its path in the folder, with ``/``.
    size : int
    stamp : int
        When it was last written, in nanoseconds.
    """

    name: str
    size: int
    stamp: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that may be anywhere; workers elsewhere are sent it.

    Attributes
    ----------
    title : str
        What it is called in messages: its address without user, password and options.
    path : str
        In its file system.
    files : pyarrow.fs.FileSystem
    """

    title: str
    path: str
    files: Any

    @property
    def is_local(self) -> bool:
        """Whether it is on a disk of this machine, or mounted like one."""
        return bool(self.files.type_name == "local")

    def at(self, name: str) -> str:
        """Return the path of a file in it."""
        return f"{self.path}/{name}" if name else self.path

    def entries(self) -> list[Entry]:
        """Return all files in it and below, by name; none where it does not exist.

        Raises
        ------
        FileError
            If it cannot be read.
        """
        from pyarrow import fs

        with _blamed(self.title):
            found = self.files.get_file_info(fs.FileSelector(self.path, allow_not_found=True, recursive=True))
        start = len(self.path) + 1
        return sorted(
            Entry(each.path[start:], int(each.size or 0), int(each.mtime_ns or 0))
            for each in found
            if each.type == fs.FileType.File
        )

    def read(self, name: str, most: int | None = None) -> bytes | None:
        """Return what stands in a file; None where there is none."""
        with _blamed(f"{self.title}/{name}"):
            try:
                with self.files.open_input_stream(self.at(name)) as file:
                    content: bytes = file.read(most)
            except FileNotFoundError:
                return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write a small file, in the place of one that may be there."""
        with _blamed(f"{self.title}/{name}"), _fresh_file(self, self.at(name)) as file:
            file.write(content)

    def put(self, source: Path, name: str, *, moves: bool = False) -> None:
        """Copy a file of this machine, in the place of one that may be there.

        Parameters
        ----------
        source : Path
        name : str
        moves : bool, default False
            Whether it may be moved instead, as it lies in the same file system.
        """
        with _blamed(f"{self.title}/{name}"):
            if moves and self.is_local:
                self.files.create_dir(self.at(name).rpartition("/")[0], recursive=True)
                source.replace(self.at(name))
                return
            with source.open("rb") as content, _fresh_file(self, self.at(name)) as file:
                while block := content.read(_BLOCK):
                    file.write(block)

    def ends(self, name: str, size: int) -> str:
        """Return a digest of the first and the last bytes of a file."""
        with _blamed(f"{self.title}/{name}"), self.files.open_input_file(self.at(name)) as file:
            first = file.read(size)
            file.seek(max(0, file.size() - size))
            return hashlib.blake2b(first + file.read(size), digest_size=16).hexdigest()

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file to this machine."""
        with (
            _blamed(f"{self.title}/{name}"),
            self.files.open_input_stream(self.at(name)) as content,
            target.open("xb") as file,
        ):
            while block := content.read(_BLOCK):
                file.write(block)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with _blamed(f"{self.title}/{name}"):
            try:
                self.files.delete_file(self.at(name))
            except FileNotFoundError:
                return

    def remove_folder(self, name: str) -> None:
        """Remove a folder of which nothing is wanted, if it is there."""
        from pyarrow import fs

        with _blamed(f"{self.title}/{name}"):
            if self.files.get_file_info(self.at(name)).type == fs.FileType.Directory:
                self.files.delete_dir(self.at(name))


def open_folder(path: str | os.PathLike[str]) -> Folder:
    """Return the folder at a path or an address.

    Parameters
    ----------
    path : str or path
        A path, or what pyarrow's file systems take: ``s3://``, ``gs://``, ``abfs://``, ``hdfs://``,
        ``file://``. Options of the store stand behind ``?``, as in
        ``s3://bucket/incidents?region=cn-north-1&endpoint_override=10.0.0.5:9000&scheme=http``. Keys are best
        left to the environment, where every worker finds its own.

    Raises
    ------
    InputError
        If pyarrow knows no such file system, or an option of it.
    FileError
        If it cannot be reached.

    Examples
    --------
    >>> open_folder("s3://user:secret@bucket/incidents?region=cn-north-1").title
    's3://bucket/incidents'
    """
    fs = need("pyarrow.fs", extra="cluster", purpose="work on a cluster")
    if not is_remote(path):
        here = Path(path).absolute()
        return Folder(str(here), here.as_posix(), fs.LocalFileSystem())
    address = os.fspath(path)
    title = _QUERY.sub("", _SECRET.sub("//", address)).rstrip("/")
    try:
        files, within = fs.FileSystem.from_uri(address)
    except (ValueError, NotImplementedError) as error:
        why = _SECRET.sub("//", str(error))
        raise InputError(tr("{title}: is not an address of a folder: {why}", title=title, why=why)) from error
    except OSError as error:
        raise FileError(tr("{title}: cannot be reached: {why}", title=title, why=_short(error))) from error
    return Folder(title, str(within).rstrip("/"), files)


@contextmanager
def _fresh_file(folder: Folder, path: str) -> Iterator[Any]:
    """Lend a file that takes the place of an earlier one once it is whole."""
    above, _, name = path.rpartition("/")
    is_store = folder.files.type_name in _STORES
    made = path if is_store else f"{above}/.{name}.{uuid.uuid4().hex}.tmp"
    if not is_store:
        folder.files.create_dir(above, recursive=True)
    file: Any = Path(made).open("xb") if folder.is_local else folder.files.open_output_stream(made)  # noqa: SIM115
    try:
        yield file
        if folder.is_local:
            file.flush()
            os.fsync(file.fileno())
        file.close()
    except BaseException:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            folder.files.delete_file(made)
        raise
    if folder.is_local:
        Path(made).replace(path)
    elif not is_store:  # a file system of a cluster does not rename onto a file
        if folder.files.get_file_info(path).is_file:
            folder.files.delete_file(path)
        folder.files.move(made, path)


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Say in one line which file cannot be read or written."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise FileError(
            tr("{title}: cannot be read or written: {why}", title=what, why=_short(error))
        ) from error


def _short(error: BaseException) -> str:
    return _SECRET.sub("//", str(getattr(error, "strerror", None) or error).splitlines()[0])[:300]

"""A lock that the system takes back if its holder dies, and files that are opened as ours and no others.

Batch jobs and the weekly run of a city hold the same kind of lock. On a network share the system asks the
server for it, as for the locks of SQLite: Linux turns it into a lock of bytes on NFS and SMB, and Windows has
no other. Beyond these it tells who holds it, and follows no link that somebody laid under its name.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from zjk_gis.errors import FileError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["locked", "opened", "told_why"]

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_WAIT_S = 0.2
_HOLDER = "process "  # how what stands in a lock begins


@contextmanager
def locked(
    path: Path, *, waits: bool = False, busy: Callable[[Path, str], Exception] | None = None
) -> Iterator[str]:
    """Hold a lock that the system takes back if this process dies; yield who left an abandoned one.

    `busy` makes the error of a lock that another holds, of its path and its holder.
    """
    with told_why(path):
        file = _take_lock(path)
        while file is None and waits:
            time.sleep(_WAIT_S)
            file = _take_lock(path)
    if file is None:
        holder = ""
        with suppress(OSError):
            holder = path.read_text("utf-8", errors="replace").strip()
        if busy is not None:
            raise busy(path, holder.removeprefix(_HOLDER))
        who = holder or tr("unknown")
        raise FileError(
            tr(
                "{path}: is being made by another run ({who}); wait for it to end",
                path=path.with_suffix(""),
                who=who,
            )
        )
    ours = False
    try:
        left_by = file.read().decode(errors="replace").strip()
        if left_by and not left_by.startswith(_HOLDER):
            raise _not_a_lock(path)
        ours = True
        file.seek(0)
        file.truncate()
        file.write(f"{_HOLDER}{os.getpid()} on {socket.gethostname()}\n".encode())
        file.flush()
        yield left_by
    finally:
        if not ours:
            file.close()
        elif os.name == "nt":  # where an open file cannot be removed
            file.close()
            with suppress(OSError):
                path.unlink()
        else:
            path.unlink(missing_ok=True)
            file.close()


def _take_lock(path: Path) -> BinaryIO | None:
    while True:
        try:
            file = opened(path)  # closing it gives the lock back
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise _not_a_lock(path) from error
            raise
        try:
            _lock(file)
        except OSError:
            file.close()
            return None
        # Whoever held it may have removed the file between opening and locking: then it locks nothing.
        with suppress(OSError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.seek(0)
                return file
        file.close()


def opened(path: Path) -> BinaryIO:
    """Open a file of ours to read and write, made if it is missing, and nothing else that has its name.

    A link, or a file that has a second name, was put there by somebody, who would have us write elsewhere.
    """
    flags = os.O_RDWR | os.O_CREAT
    for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
        flags |= getattr(os, flag, 0)
    if path.is_symlink():  # where the system has no such flag
        raise OSError(errno.ELOOP, tr("is a link"))
    number = os.open(path, flags, 0o666)
    facts = os.fstat(number)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(number)
        raise OSError(errno.EMLINK, tr("is not a file of its own"))
    return os.fdopen(number, "r+b", buffering=0)


def _not_a_lock(path: Path) -> FileError:
    return FileError(
        tr("{path}: is not the lock of a run, though it has that name; move or remove it", path=path)
    )


def _lock(file: BinaryIO) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(1 << 20)  # beyond what is written in it, which others must be able to read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def told_why(path: Path) -> Iterator[None]:
    """Say in one line why a file cannot be written."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise FileError(
                tr(
                    "{path}: the disk is full; what is done so far is kept: free some space and run it again",
                    path=path,
                )
            ) from error
        raise FileError(
            tr("{path}: cannot be written: {why}", path=path, why=error.strerror or error)
        ) from error

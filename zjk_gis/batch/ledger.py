"""What a long job has done so far, so that it can be killed at any moment and go on later.

Beside the target stands a folder, ``<target>.parts``. Two files in it grow, one of rows and one of rejects;
a manifest says how far they are whole. A part counts once its bytes are on the disk and the manifest that
names it has taken the place of the one before. What lies beyond is cut off when the job goes on. The target
itself appears at the end, by one renaming.

What an earlier run left is believed if it is as that run left it: the manifest has a checksum, and so have
the bytes of each part. Nothing is written through a link that somebody put where the job writes.
"""

from __future__ import annotations

import json
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from zjk_gis.assign.plan_files import checksum_of
from zjk_gis.batch.lock import locked, opened, told_why
from zjk_gis.batch.sources import Place
from zjk_gis.errors import FileError
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

__all__ = ["GrowingFile", "Ledger", "Part", "open_ledger"]

_VERSION = 2
_MANIFEST, _ROWS, _REJECTS, _MADE = "manifest.json", "rows", "rejects.csv", "made.gpkg"
_OURS = {_MANIFEST, _MANIFEST + ".new", _ROWS, _REJECTS}
_BLOCK = 1 << 23
_ON_THE_WAY = 1 << 26  # bytes that are written before the disk is set to work


@dataclass(frozen=True, slots=True)
class Part:
    """Some finished rows.

    Attributes
    ----------
    place : Place
        Where the source goes on behind them.
    rows_end, rejects_end : int
        How long the two files are with them.
    rows_crc, rejects_crc : int
        Of the bytes that this part added.
    tally : dict
        What was counted in the whole job so far.
    """

    place: Place
    rows_end: int
    rejects_end: int
    rows_crc: int
    rejects_crc: int
    tally: dict[str, Any]


class GrowingFile:
    """A file that only grows, and knows the checksum of what was added since the last part.

    Parameters
    ----------
    path : Path
    size : int
        What lies beyond is cut off.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._file = opened(path)
        self._file.truncate(size)
        self._file.seek(size)
        self._at = self._sent = size
        self._disk = ThreadPoolExecutor(1)
        self._sending: Future[None] | None = None
        self.crc = 0

    @property
    def closed(self) -> bool:
        """Whether it takes no more."""
        return self._file.closed

    def write(self, content: Any) -> int:
        """Add bytes; once it is closed they are dropped, as a writer given up still ends what it began.

        Raises
        ------
        FileError
            If the disk is full.
        """
        rest = memoryview(content).cast("B")
        size = len(rest)
        if self.closed:
            return size
        with told_why(self.path):
            while len(rest):
                done = self._file.write(rest)
                self.crc = zlib.crc32(rest[:done], self.crc)
                rest = rest[done:]
        self._at += size
        if self._at - self._sent >= _ON_THE_WAY:
            self._send()
        return size

    def _send(self) -> None:
        """Let the disk take what there is while more is made: little is left for the end of a part."""
        self._sent_so_far()
        self._sending, self._sent = self._disk.submit(os.fsync, self._file.fileno()), self._at

    def _sent_so_far(self) -> None:
        """Wait for the disk; what it could not take is said once only, to whoever asked."""
        sending, self._sending = self._sending, None
        if sending is not None:
            with told_why(self.path):
                sending.result()

    def tell(self) -> int:
        """Return how long it is."""
        return self._at

    def flush(self) -> None:
        """Do nothing: no byte is held back."""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def read_back(self, at: int, size: int) -> bytes:
        """Return bytes written earlier."""
        self._file.seek(at)
        content = self._file.read(size)
        self._file.seek(self._at)
        return content

    def sync(self) -> None:
        """Have all bytes on the disk, and begin a new part."""
        self._sent_so_far()
        with told_why(self.path):
            os.fsync(self._file.fileno())
        self.crc, self._sent = 0, self._at

    def close(self) -> None:
        """Take no more."""
        self._disk.shutdown()
        self._file.close()


class Ledger:
    """The state of a job, on disk; see the module.

    Attributes
    ----------
    target : Path
    rows, rejects : GrowingFile
    parts : list of Part
    remarks : list of str
        What a person should know of how the job began.
    """

    def __init__(self, target: Path, fingerprint: Mapping[str, str], *, resume: bool) -> None:
        self.target = target
        self.folder = target.with_name(target.name + ".parts")
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise FileError(
                tr(
                    "{folder}: is not a folder, where the parts of this job would lie; move or remove it",
                    folder=self.folder,
                )
            )
        self.remarks: list[str] = []
        self._fingerprint = dict(fingerprint)
        self.parts = self._earlier_parts(resume=resume)
        if not self.parts:
            self._clear()
        last = self.parts[-1] if self.parts else Part(Place(), 0, 0, 0, 0, {})
        with ExitStack() as undo, told_why(self.target):
            self.folder.mkdir(exist_ok=True)
            self.rows = undo.enter_context(closing(GrowingFile(self.folder / _ROWS, last.rows_end)))
            self.rejects = undo.enter_context(closing(GrowingFile(self.folder / _REJECTS, last.rejects_end)))
            if not self.parts:
                self._write_manifest()
            undo.pop_all()

    @property
    def place(self) -> Place:
        """Where the source goes on."""
        return self.parts[-1].place if self.parts else Place()

    def commit(self, place: Place, tally: Mapping[str, Any]) -> None:
        """Count all rows added so far as done."""
        part = Part(
            place, self.rows.tell(), self.rejects.tell(), self.rows.crc, self.rejects.crc, dict(tally)
        )
        self.rows.sync()
        self.rejects.sync()
        self.parts.append(part)
        self._write_manifest()

    def publish(self, rejects_path: Path, *, made: Path | None = None) -> None:
        """Move what was made to where it belongs, the target last; then nothing of the job is left.

        Parameters
        ----------
        rejects_path : Path
            An earlier run's is removed if there are none now.
        made : Path, optional
            What becomes the target, if not the rows as they are.
        """
        has_rejects = self.rejects.tell() > 0
        self.rows.sync()
        self.close()
        with told_why(self.target):
            if has_rejects:
                (self.folder / _REJECTS).replace(rejects_path)
            else:
                rejects_path.unlink(missing_ok=True)
            (made or self.folder / _ROWS).replace(self.target)
            _sync_folder(self.target.parent)
        self._clear()

    def workplace(self) -> Path:
        """Return where something may be made out of the rows."""
        return self.folder / _MADE

    def close(self) -> None:
        """Close the files; the parts stay."""
        self.rows.close()
        self.rejects.close()

    def _earlier_parts(self, *, resume: bool) -> list[Part]:
        """Return the parts of an earlier run that can be used, and say why if they cannot."""
        told = self._read_manifest()
        if told is None:
            return []
        if not resume:
            self.remarks.append(
                tr("{name}: the parts of an earlier run are thrown away, as asked", name=self.target.name)
            )
            return []
        theirs = told["fingerprint"]
        differing = sorted(
            key for key in {*theirs, *self._fingerprint} if theirs.get(key) != self._fingerprint.get(key)
        )
        if differing:
            self.remarks.append(
                tr(
                    "{name}: begun again, as {differing} differ from those of the run that left {name_2}",
                    name=self.target.name,
                    differing=", ".join(differing),
                    name_2=self.folder.name,
                )
            )
            return []
        parts: list[Part] = told["parts"]
        whole = self._count_whole(parts)
        if whole < len(parts):
            self.remarks.append(
                tr(
                    "{name}: {parts_count} of {parts_count_2} parts of an earlier run are damaged and "
                    "done again",
                    name=self.target.name,
                    parts_count=len(parts) - whole,
                    parts_count_2=len(parts),
                )
            )
        if whole:
            self.remarks.append(
                tr(
                    "{name}: goes on after row {rows:,}",
                    name=self.target.name,
                    rows=parts[whole - 1].place.rows,
                )
            )
        return parts[:whole]

    def _read_manifest(self) -> dict[str, Any] | None:
        """Return what an earlier run left, with its parts; None where there is nothing to go on from."""
        try:
            told = json.loads((self.folder / _MANIFEST).read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            told = {"version": _VERSION}
        if isinstance(told, dict) and told.get("version") != _VERSION:
            self.remarks.append(
                tr("{name}: begun again, as an earlier run was of another version", name=self.target.name)
            )
            return None
        with suppress(KeyError, TypeError, AttributeError):
            parts = [Part(**{**part, "place": Place(**part["place"])}) for part in told["parts"]]
            if told.pop("checksum") == checksum_of(told) and _agree(parts):
                return {"fingerprint": dict(told["fingerprint"]), "parts": parts}
        self.remarks.append(
            tr("{name}: begun again, as the record of an earlier run is damaged", name=self.target.name)
        )
        return None

    def _count_whole(self, parts: list[Part]) -> int:
        """Count the parts whose bytes are those that were written."""
        whole = len(parts)
        for name, ends, sums in (
            (_ROWS, [part.rows_end for part in parts], [part.rows_crc for part in parts]),
            (_REJECTS, [part.rejects_end for part in parts], [part.rejects_crc for part in parts]),
        ):
            begin = 0
            try:
                with (self.folder / name).open("rb") as file:
                    for number, (end, crc) in enumerate(zip(ends, sums, strict=True)):
                        if _crc_of(file, end - begin) != crc:
                            whole = min(whole, number)
                        begin = end
            except OSError:
                whole = 0
        return whole

    def _write_manifest(self) -> None:
        told = {
            "version": _VERSION,
            "fingerprint": self._fingerprint,
            "parts": [
                {
                    "place": part.place.as_dict(),
                    "rows_end": part.rows_end,
                    "rejects_end": part.rejects_end,
                    "rows_crc": part.rows_crc,
                    "rejects_crc": part.rejects_crc,
                    "tally": part.tally,
                }
                for part in self.parts
            ],
        }
        told["checksum"] = checksum_of(told)
        fresh = self.folder / (_MANIFEST + ".new")
        with told_why(self.target):
            fresh.unlink(missing_ok=True)
            with fresh.open("x", encoding="utf-8") as file:
                json.dump(told, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.folder / _MANIFEST)
            _sync_folder(self.folder)

    def _clear(self) -> None:
        """Remove the folder, if nothing but ours is in it."""
        if not self.folder.exists():
            return
        there = {entry.name for entry in self.folder.iterdir()}
        made = {name for name in there if name.startswith(_MADE)}  # GDAL puts files of its own beside it
        strange = sorted(there - _OURS - made)
        if strange:
            raise FileError(
                tr(
                    "{folder}: holds {strange}, which is not this job's; move or remove that folder",
                    folder=self.folder,
                    strange=strange[0],
                )
            )
        for name in (
            _MANIFEST,
            *sorted((_OURS | made) - {_MANIFEST}),
        ):  # without its manifest the rest is nothing
            (self.folder / name).unlink(missing_ok=True)
        self.folder.rmdir()


@contextmanager
def open_ledger(target: Path, fingerprint: Mapping[str, str], *, resume: bool) -> Iterator[Ledger]:
    """Lend the state of the job that makes a target, to one process at a time.

    Parameters
    ----------
    target : Path
    fingerprint : mapping of str to str
        What the result depends on. Parts of an earlier run count only if theirs was the same.
    resume : bool
        Whether they count at all.

    Raises
    ------
    FileError
        If another process is making the same target, or the folder cannot be written to.
    """
    with locked(target.with_name(target.name + ".lock")) as left_by:
        ledger = Ledger(target, fingerprint, resume=resume)
        if left_by:
            ledger.remarks.insert(
                0,
                tr(
                    "{name}: an earlier run ({left_by}) did not end by itself",
                    name=target.name,
                    left_by=left_by,
                ),
            )
        try:
            yield ledger
        finally:
            ledger.close()


def _agree(parts: list[Part]) -> bool:
    """Tell whether the parts of a manifest follow one another, and count what they say."""
    before = Part(Place(), 0, 0, 0, 0, {})
    for part in parts:
        one, other = before.place, part.place
        numbers = (other.part, other.at, other.rows, part.rows_end, part.rejects_end, *part.tally.values())
        if not all(type(each) is int and each >= 0 for each in numbers):
            return False
        if part.tally.get("rows", other.rows) != other.rows:
            return False
        follows = (one.part, one.at) <= (other.part, other.at) and one.rows <= other.rows
        if not (follows and before.rows_end <= part.rows_end and before.rejects_end <= part.rejects_end):
            return False
        before = part
    return True


def _crc_of(file: BinaryIO, size: int) -> int | None:
    crc = 0
    while size:
        piece = file.read(min(size, _BLOCK))
        if not piece:
            return None
        crc = zlib.crc32(piece, crc)
        size -= len(piece)
    return crc


def _sync_folder(folder: Path) -> None:
    """Have a renaming on the disk."""
    if os.name != "nt":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

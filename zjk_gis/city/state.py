"""What a city remembers of its runs: beside its layers, in the same file, so that the two never disagree.

Two tables in the GeoPackage of the workspace: one row a run with what it did and what is known after it, and
one a row of a source with the edition it came from. An undone run is a run of its own that has the state of
the one before.
"""

# ruff: noqa: S608 - every name in a query is a constant, every value bound

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zjk_gis.batch.lock import locked
from zjk_gis.city.editions import EditionRecord
from zjk_gis.errors import BusyError, WorkspaceError
from zjk_gis.io.paths import blamed_on, check_content, format_of, workshop
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "CityState",
    "RowState",
    "alone",
    "load_rows",
    "load_runs",
    "load_state",
    "save_run",
    "transaction",
]

_RUNS, _ROWS = "zjk_city_runs", "zjk_city_rows"
_KEPT_STATES = 12  # of so many runs the whole state is kept, which is how many can be undone
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class RowState:
    """The row of a source with one key, as it was taken last.

    Attributes
    ----------
    day : str
        Of its edition.
    digest : str
        As `row_digests` has it.
    is_gone : bool
        Whether it was withdrawn.
    """

    day: str
    digest: str
    is_gone: bool = False


@dataclass(slots=True)
class CityState:
    """What is known after a run.

    Attributes
    ----------
    run : int
        The last run; 0 before any.
    editions : dict of str to list of EditionRecord
        By source, in the order taken.
    read_as : dict of str to dict
        By source, what its files were last time: ``columns``, ``crs`` and ``datum``.
    aside : dict of str to dict
        The rows set aside, by a digest of each.
    corrections : dict of str to dict
        What people wrote in the workbook of rows set aside, by the same digest: it holds whenever the same
        row comes again.
    undone : list of str
        Digests of files that came in a run which was undone.
    """

    run: int = 0
    editions: dict[str, list[EditionRecord]] = field(default_factory=dict)
    read_as: dict[str, dict[str, Any]] = field(default_factory=dict)
    aside: dict[str, dict[str, Any]] = field(default_factory=dict)
    corrections: dict[str, dict[str, Any]] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the state as text; the same state gives the same text."""
        told = {
            "editions": {name: [each.as_dict() for each in rows] for name, rows in self.editions.items()},
            "read_as": self.read_as, "aside": self.aside, "corrections": self.corrections,
            "undone": sorted(set(self.undone)),
        }  # fmt: skip
        return json.dumps(told, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, run: int, text: str) -> CityState:
        """Return the state that `to_json` told."""
        told = json.loads(text)
        editions = {
            name: [EditionRecord.from_dict(each) for each in rows] for name, rows in told["editions"].items()
        }
        return cls(run=run, **{**told, "editions": editions})


def load_runs(path: Path) -> list[dict[str, Any]]:
    """Return the record of each run, oldest first."""
    with _reading(path) as database:
        if database is None:
            return []
        found = database.execute(f"SELECT record FROM {_RUNS} ORDER BY run").fetchall()
    with _damage_told(path):
        return [dict(json.loads(record).items()) for (record,) in found]


def load_state(path: Path, run: int | None = None) -> CityState:
    """Return what was known after a run, by default the last.

    Raises
    ------
    WorkspaceError
        If it is not known any more.
    """
    with _reading(path) as database:
        if database is None:
            return CityState()
        asked = "" if run is None else "WHERE run = ?"
        query = f"SELECT run, state FROM {_RUNS} {asked} ORDER BY run DESC LIMIT 1"
        row = database.execute(query, [] if run is None else [run]).fetchone()
    if row is None:
        return CityState()
    if row[1] is None:
        raise WorkspaceError(
            tr(
                "run {run}: what was known then is not kept any more; {kept} runs are",
                run=run,
                kept=_KEPT_STATES,
            )
        )
    with _damage_told(path):
        return CityState.from_json(*row)


def load_rows(path: Path, source: str) -> dict[str, RowState]:
    """Return the rows of a source by key."""
    with _reading(path) as database:
        if database is None:
            return {}
        query = f"SELECT row_key, day, digest, gone, max(run) FROM {_ROWS} WHERE source = ? GROUP BY row_key"
        return {
            key: RowState(day, digest, bool(gone))
            for key, day, digest, gone, _ in database.execute(query, [source])
        }


def save_run(
    path: Path,
    state: CityState,
    record: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, RowState]],
    *,
    forget_run: int | None = None,
) -> None:
    """Enter a run: its record, the state after it, and the rows that it took, by source and key.

    With `forget_run` the rows of that run are forgotten, as if it had not been.
    """
    with blamed_on(path, "written"), closing(sqlite3.connect(path)) as database, database:
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {_RUNS} (run INTEGER PRIMARY KEY, record TEXT NOT NULL, state TEXT)"
        )
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {_ROWS} (source TEXT, row_key TEXT, run INTEGER, day TEXT, "
            "digest TEXT, gone INTEGER, PRIMARY KEY (source, row_key, run)) WITHOUT ROWID"
        )
        if forget_run is not None:
            database.execute(f"DELETE FROM {_ROWS} WHERE run = ?", [forget_run])
        told = json.dumps(dict(record), ensure_ascii=False, sort_keys=True)
        database.execute(f"INSERT INTO {_RUNS} VALUES (?, ?, ?)", [state.run, told, state.to_json()])
        database.execute(f"UPDATE {_RUNS} SET state = NULL WHERE run <= ?", [state.run - _KEPT_STATES])
        database.executemany(
            f"INSERT INTO {_ROWS} VALUES (?, ?, ?, ?, ?, ?)",
            [
                (source, key, state.run, each.day, each.digest, int(each.is_gone))
                for source, those in rows.items()
                for key, each in those.items()
            ],
        )


@contextmanager
def transaction(path: Path, *, wait_s: float = _WAIT_S) -> Iterator[Path]:
    """Lend a copy of a GeoPackage; at the end it takes the place of the file, whole or not at all.

    The file is replaced from within, page by page in one transaction of SQLite: a process that is killed
    leaves a journal, by which the next one to open the file restores it, and programs that have it open go
    on.

    Parameters
    ----------
    path : Path
        A GeoPackage, or where one is to be.
    wait_s : float
        How long to wait for another program that is writing.

    Raises
    ------
    WorkspaceError
        If others changed the file meanwhile, or hold it: then nothing is written.
    """
    with workshop(path) as folder, blamed_on(path, "written"), closing(sqlite3.connect(path)) as original:
        original.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
        copy = folder / path.name
        if path.stat().st_size:
            check_content(path, format_of(path))
            with closing(sqlite3.connect(copy)) as made:
                original.backup(made)
        before = _version_of(original)
        yield copy
        if not copy.exists():
            return
        if _version_of(original) != before:
            raise WorkspaceError(
                tr(
                    "{path}: was changed by another program meanwhile; nothing was taken, run it again",
                    path=path,
                )
            )
        with closing(sqlite3.connect(copy)) as made:
            made.backup(original, progress=_patience(path, wait_s))


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a city alone, so that two runs do not meet; the system lets go of it whenever the process ends.

    Raises
    ------
    BusyError
        If another run is at work.
    """
    with locked(path, busy=_busy):
        yield


def _busy(path: Path, holder: str) -> BusyError:
    return BusyError(
        tr(
            "{path}: another run of this city is at work ({who}); wait until it has ended",
            path=path,
            who=holder or tr("unknown"),
        )
    )


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open a workspace to be read; None where no run has been."""
    if not path.exists() or not path.stat().st_size:
        yield None
        return
    with blamed_on(path), closing(sqlite3.connect(path, timeout=_WAIT_S)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        known = database.execute("SELECT 1 FROM sqlite_master WHERE name = ? AND type = 'table'", [_RUNS])
        yield database if known.fetchone() else None


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Say so where somebody has changed what a city remembers."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WorkspaceError(
            tr(
                "{path}: what it holds of earlier runs is damaged; put a copy of the file of an earlier day "
                "in its place",
                path=path,
            )
        ) from error


def _version_of(database: sqlite3.Connection) -> int:
    """Return a number that is another one when others have changed the file."""
    (found,) = database.execute("PRAGMA data_version").fetchone()
    return int(found)


def _patience(path: Path, wait_s: float) -> Callable[[int, int, int], None]:
    began = time.monotonic()

    def check(status: int, remaining: int, total: int) -> None:
        if status not in (0, 101) and time.monotonic() - began > wait_s:  # neither done nor on the way: busy
            raise WorkspaceError(
                tr("{path}: another program is writing to it, or holds it open; try again later", path=path)
            )

    return check

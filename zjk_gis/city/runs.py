"""The runs of a city: their records, their folders, their log."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.city.editions import SET_ASIDE
from zjk_gis.city.state import load_runs
from zjk_gis.errors import FileError, InputError
from zjk_gis.io.paths import blamed_on
from zjk_gis.layers.catalogue import layer_name
from zjk_gis.layers.columns.times import BEIJING
from zjk_gis.presentation import Presentation, presented
from zjk_gis.reports.dossier import ready_folder
from zjk_gis.words import language, tr
from zjk_gis.workspace.addresses import is_address
from zjk_gis.workspace.city_file import City
from zjk_gis.workspace.city_file.city import ASIDE_BOOK

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from zjk_gis.city.answers import Answered

__all__ = ["Log", "Refreshed", "Run", "opened_city", "ready_city", "runs_of", "source_title", "taken_table"]

_LOCK = "run.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a city, as it is recorded.

    Attributes
    ----------
    number : int
        From 1.
    at : str
        The day that it judged, ISO 8601.
    kind : {"refresh", "undo"}
    undoes : int or None
        Which run this one undid.
    taken : list of dict
        What became of each edition; see `zjk_gis.city.plan.Taken`.
    versions : dict of str to int
        Of each layer after the run.
    rules : str
        A digest of the city file and of this program, with which it was answered.
    """

    number: int
    at: str
    kind: str = "refresh"
    undoes: int | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    rules: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can keep them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def folder(self, city: City) -> Path:
        """Return where its answers are kept."""
        return city.history / f"{self.number:04d}_{self.at}"


@presented
@checked
@dataclass(slots=True, kw_only=True)
class Refreshed:
    """What a run did.

    Attributes
    ----------
    run : int
        Its number; that of the last run, where there was nothing new.
    at : str
        The day that was judged.
    taken : DataFrame
        One row an edition that was looked at: ``source``, ``day``, ``verdict``, ``takes``, ``sentence``
        (why), ``added``, ``changed``, ``restored``, ``withdrawn`` and ``aside`` (how many rows), ``version``
        of the layer and ``files``.
    rows : DataFrame
        One row a difference, see `compare_rows`, with ``layer`` and ``day``.
    answered : list of Answered
        The questions asked of the city.
    changes : CityChanges or None
        What is another answer than last time; None without an earlier run.
    aside : int
        How many rows are set aside.
    workbook : Path or None
        Where they can be corrected.
    published : Path or None
        The folder with what was published.
    remarks : list of str
    stops : list of str
        Why a run would stop; of a dry run alone, since another one is refused then.
    is_dry : bool
        Whether it only told what it would take.
    """

    run: int
    at: str
    taken: pd.DataFrame
    rows: pd.DataFrame
    answered: list[Answered] = field(default_factory=list)
    changes: Any = None
    aside: int = 0
    workbook: Path | None = None
    published: Path | None = None
    remarks: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    is_dry: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left for a person to do: nothing set aside, nothing refused, all answered."""
        refused = self.taken["verdict"].isin(["older", "old_again", "undone", *SET_ASIDE]).any()
        answered = all(each.outcome != "refused" for each in self.answered)
        return not (self.aside or self.stops or refused) and answered

    def _presentation(self) -> Presentation:
        count = int((self.taken["takes"] != "nothing").sum())
        sentence = (
            tr("This run would stop: {why}", why=self.stops[0])
            if self.stops
            else tr("This run would take {count:,} editions.", count=count)
            if self.is_dry
            else tr("Run {run} of {at}: {count:,} editions taken.", run=self.run, at=self.at, count=count)
        )
        told = tr("{told} Rows set aside: {aside:,}.", told=sentence, aside=self.aside)
        columns = ["source", "day", "sentence", "added", "changed", "withdrawn", "aside"]
        shown = self.taken[columns]
        return Presentation(
            told, [tr(name) for name in columns], shown.head(6).to_numpy().tolist(), len(shown)
        )


class Log:
    """A log in the history folder, a file a day; each sentence is told to the caller, too."""

    def __init__(self, city: City, tell: Any) -> None:
        self._folder, self._tell = city.history / "log", tell

    def say(self, sentence: str) -> None:
        """Write a sentence with the time in Beijing, and tell it."""
        now = dt.datetime.now(ZoneInfo(BEIJING))
        path = self._folder / f"{now.date().isoformat()}.log"
        plain = " ".join(sentence.split())
        with blamed_on(path, "written"):
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{now:%H:%M:%S} {plain}\n")
        if self._tell is not None:
            self._tell(sentence)


def opened_city(city: City | str | os.PathLike[str]) -> City:
    """Return a city, read from its file if need be."""
    return city if isinstance(city, City) else City.read(city)


def ready_city(city: City) -> tuple[Path, Path, Path]:
    """Return the workspace, the lock and the workbook of rows set aside; make the history folder.

    Raises
    ------
    InputError
        If the workspace is in a database.
    FileError
        If one of them would lie outside the city's folder.
    """
    if is_address(city.workspace):
        raise InputError(
            tr(
                "{path}: a weekly run keeps what it knows in the workspace, which is to be a GeoPackage, "
                'such as workspace = "工作库.gpkg"',
                path=city.path,
            )
        )
    workspace = Path(city.workspace)
    folder = city.folder.resolve()
    for place in (workspace, city.history):
        if not place.resolve().is_relative_to(folder):
            raise FileError(
                tr("{place}: lies outside the city's folder {folder}, where nothing is written", place=place,
                   folder=folder)
            )  # fmt: skip
    ready_folder(city.history)
    return workspace, city.history / _LOCK, city.folder / ASIDE_BOOK


def last_told(city: City) -> int:
    """Return the highest number of a run in the history folder; 0 without one.

    A workspace that was deleted, or put back from a copy, knows fewer runs than have been; the next run must
    not take their answers for its own.
    """
    found = [re.fullmatch(r"(\d{4,9})_.*", each.name, re.ASCII) for each in city.history.glob("[0-9]*_*")]
    return max((int(each[1]) for each in found if each), default=0)


def runs_of(workspace: Path) -> list[Run]:
    """Return the runs that count, oldest first: without those that were undone, and those that undid them."""
    runs = [Run(**each) for each in load_runs(workspace)]
    undone = {each.undoes for each in runs}
    return [each for each in runs if each.kind == "refresh" and each.number not in undone]


def source_title(source: str) -> str:
    """Return what people call a source: by its layer, with its files where several send the same.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("zh"):
    ...     source_title("manholes"), source_title("manholes: 热力/*.csv")
    ('窨井', '窨井: 热力/*.csv')
    """
    layer, *files = source.split(": ", 1)
    return ": ".join([layer_name(layer, language()), *files])


def taken_table(taken: list[Mapping[str, Any]]) -> pd.DataFrame:
    """Return what became of each edition as a table."""
    columns = [
        "source", "layer", "day", "verdict", "takes", "sentence", "added", "changed", "restored", "withdrawn",
        "aside", "version", "files",
    ]  # fmt: skip
    table = pd.DataFrame([dict(each) for each in taken], columns=columns)
    table["files"] = ["; ".join(each) for each in table["files"]]
    table["version"] = table["version"].astype("Int64")
    numbers = dict.fromkeys(("added", "changed", "restored", "withdrawn", "aside"), "int64")
    texts = dict.fromkeys(("source", "layer", "day", "verdict", "takes", "sentence", "files"), "str")
    return table.astype({**numbers, **texts})

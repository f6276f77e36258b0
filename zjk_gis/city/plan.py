"""What a run would take, and why: worked out whole before anything is written.

What cannot be judged is set aside, and everything else goes on: a file that cannot be read (with the others
of its day, where they are a complete set only together), an edition dated after the day of the run, and files
of one day most of whose rows say different things.

Guards stop a run (rule 6 of `zjk_gis.city.editions`): a complete set that has shrunk, most rows to be set
aside, columns gone, another coordinate system or datum than last time. All that is wrong is told at once.
"""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.city.aside import corrected, faults_of, rebuilt, told_aside
from zjk_gis.city.digests import set_digest
from zjk_gis.city.editions import SET_ASIDE, EditionRecord, judge_edition, judge_files, judge_part
from zjk_gis.city.merging import adopted_rows, merge_rows
from zjk_gis.city.rows import keys_of
from zjk_gis.city.runs import source_title
from zjk_gis.city.sending import (
    batches_of,
    content_of,
    is_same_system,
    key_of,
    named_sources,
    put_together,
    read_files,
    strangers_in,
    way_of,
)
from zjk_gis.city.state import RowState, load_rows
from zjk_gis.errors import InputError, ZjkGisError
from zjk_gis.layers.labels import label
from zjk_gis.progress import track
from zjk_gis.words import language, listed, tr
from zjk_gis.workspace.city_file.editions import latest_day
from zjk_gis.workspace.city_file.reading import shown_path
from zjk_gis.workspace.city_file.systems import converted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from zjk_gis.city.editions import Judgement
    from zjk_gis.city.sending import Batch, Sent
    from zjk_gis.city.state import CityState
    from zjk_gis.workspace.city_file import City, Source

__all__ = ["Plan", "Step", "Taken", "plan_of"]

_MOST_ASIDE = 0.5
_FEW_ASIDE = 5  # rows of which nobody need be asked before the run, however few have come
_MOST_GONE = 0.5  # of the rows of a complete set, where others have come in their place
_FEW_THERE = 20  # rows: a set of fewer may well be another one after some months
_MOST_TOLD = 5  # files
_OLD_NEWS = ("unchanged", "missing", "undone", "empty", *SET_ASIDE)
_COUNTS = {"added": 0, "changed": 0, "restored": 0, "withdrawn": 0}


@dataclass(slots=True, kw_only=True)
class Taken:
    """What became of one edition of a source.

    Attributes
    ----------
    source, layer, day : str
    files : tuple of str
    verdict, takes : str
        See `Judgement`; the verdict ``corrected`` is that of rows that people corrected in the workbook,
        ``undone`` that of files which came in a run that was undone, and ``empty`` that of files without
        rows. What is set aside as a whole is ``unreadable``, ``future`` or ``disputed``.
    sentence : str
    added, changed, restored, withdrawn, aside : int
        How many rows.
    version : int or None
        Of the layer in the workspace.
    """

    source: str
    layer: str
    day: str
    files: tuple[str, ...] = ()
    verdict: str = ""
    takes: str = "nothing"
    sentence: str = ""
    added: int = 0
    changed: int = 0
    restored: int = 0
    withdrawn: int = 0
    aside: int = 0
    version: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can keep them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(slots=True, kw_only=True)
class _Ready:
    """The rows of an edition with what people corrected, and what is still wrong with them."""

    rows: gpd.GeoDataFrame
    ids: pd.Series
    origin: pd.DataFrame
    key: tuple[str, ...]
    keys: pd.Series
    known: dict[str, RowState]
    faults: dict[Any, list[str]]


@dataclass(slots=True, kw_only=True)
class Step:
    """One version of a layer to be written: all of it, or rows to be added to it."""

    layer: str
    rows: gpd.GeoDataFrame
    adds: bool
    source: str
    note: str
    taken: Taken


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a run would take.

    Attributes
    ----------
    taken : list of Taken
    steps : list of Step
        In the order in which they are written.
    state : CityState
        As it is after the run.
    rows : dict of str to dict of str to RowState
        By source and key, those whose state is another one.
    changes : list of DataFrame
        The rows that differ, with ``layer``.
    stops : list of str
        Why the run must stop; then nothing is written.
    remarks : list of str
    """

    state: CityState
    taken: list[Taken] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    rows: dict[str, dict[str, RowState]] = field(default_factory=dict)
    changes: list[pd.DataFrame] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        """Whether anything has come that was not seen before."""
        return any(each.verdict not in _OLD_NEWS for each in self.taken)

    def told_changes(self) -> pd.DataFrame:
        """Return the rows that differ, of all layers."""
        columns = ["layer", "day", "row_key", "change", "columns", "moved_m"]
        return (
            pd.concat(self.changes, ignore_index=True)[columns]
            if self.changes
            else pd.DataFrame(columns=columns)
        )


def plan_of(
    city: City,
    state: CityState,
    workspace: Path,
    read_current: Callable[[str], gpd.GeoDataFrame | None],
    *,
    at: str,
    corrections: Mapping[str, Mapping[str, Any]],
    even_so: Collection[str] = (),
    again: bool = False,
    show: bool | None = None,
) -> Plan:
    """Work out what a run would take.

    Parameters
    ----------
    city : City
    state : CityState
        As it is.
    workspace : Path
        Where the states of rows are kept.
    read_current : callable
        Returns a layer of the workspace as it is now; None where there is none.
    at : str
        The day of the run, ISO 8601.
    corrections : mapping of str to mapping
        What people wrote in the workbook since the last run.
    even_so : collection of str
        Layers whose guards are not asked.
    again : bool, default False
        Whether files of a run that was undone are taken again.
    show : bool, optional
        See `track`.

    Returns
    -------
    Plan
    """
    planner = _Planner(city, deepcopy(state), workspace, read_current, at, even_so, again)
    for id_, told in corrections.items():
        before = planner.plan.state.corrections.get(id_, {"values": {}})
        planner.plan.state.corrections[id_] = {
            **before, **told, "values": {**before["values"], **told["values"]},
        }  # fmt: skip
    sources = planner.sources
    for name in track(list(sources), title=tr("looking at what has come"), show=show):
        try:
            planner.take_corrected(name, corrections)
            planner.take_source(name)
        except ZjkGisError as error:
            why = str(error)
            planner.plan.stops.append(
                why if name in why else tr("{source}: {why}", source=source_title(name), why=why)
            )
    strangers = [] if planner.plan.stops else strangers_in(city)
    if strangers:
        planner.plan.remarks.append(
            tr(
                "files that are of no source of {path} were not looked at, {count:,}: {files}",
                count=len(strangers),
                path=city.path.name,
                files=listed(strangers[:_MOST_TOLD]) + (" …" if len(strangers) > _MOST_TOLD else ""),
            )
        )
    return planner.plan


class _Planner:
    def __init__(
        self,
        city: City,
        state: CityState,
        workspace: Path,
        read_current: Callable[[str], gpd.GeoDataFrame | None],
        at: str,
        even_so: Collection[str],
        again: bool,
    ) -> None:
        self.city, self.plan = city, Plan(state=state)
        self.sources = named_sources(city)
        self._workspace, self._read, self._again = workspace, read_current, again
        self._even_so = frozenset(even_so)
        self._layers: dict[str, gpd.GeoDataFrame | None] = {}
        self._known: dict[str, dict[str, RowState]] = {}
        self._digests: dict[Path, str] = {}
        self._latest, self._at = latest_day(dt.date.fromisoformat(at)).isoformat(), at
        self._undone = frozenset(() if again else map(content_of, state.undone))
        if again:
            state.undone = []

    def take_corrected(self, name: str, corrections: Mapping[str, Mapping[str, Any]]) -> None:
        """Take rows that were set aside and that people have corrected."""
        state, source = self.plan.state, self.sources[name]
        own = {id_: each for id_, each in state.aside.items() if each["source"] == name}
        keys = {own[id_]["key"] for id_ in own if id_ in corrections} - {""}
        fed = [id_ for id_, each in own.items() if id_ in corrections or each["key"] in keys]
        by_day: dict[str, list[str]] = {}
        for id_ in sorted(fed):
            by_day.setdefault(state.aside[id_]["day"], []).append(id_)
        for day, ids in sorted(by_day.items()):
            entries = [state.aside[id_] for id_ in ids]
            origin = pd.DataFrame([{"file": each["file"], "row": each["row"]} for each in entries])
            told = Taken(source=name, layer=source.layer, day=day, verdict="corrected", takes="current")
            told.files = tuple(sorted(set(origin["file"])))
            for id_ in ids:
                del state.aside[id_]
            ready = self._ready(name, rebuilt(entries), pd.Series(ids, dtype="str"), origin, day)
            self._put(name, ready, told, complete=False)
            self.plan.taken.append(told)
            told.sentence = tr(
                "{count:,} rows that were corrected in the workbook; {aside:,} of them are still set aside",
                count=len(ids),
                aside=told.aside,
            )

    def take_source(self, name: str) -> None:
        """Look at all editions of a source, the oldest first."""
        source, state = self.sources[name], self.plan.state
        days = state.read_as.setdefault(name, {}).setdefault("days", {})
        batches = batches_of(self.city, source, days, self._digests)
        way = way_of(self.city, source)
        if not batches:
            self._note(name, None, "missing", tr("no files: {files}", files=listed(source.files)))
        for batch in batches:
            if not self._take_batch(name, batch, way):
                return  # what comes after it would be compared with what was not taken

    def _take_batch(self, name: str, batch: Batch, way: str) -> bool:
        """Take an edition, or say why not; return whether those that come after it can be judged."""
        source, state = self.sources[name], self.plan.state
        known = state.editions.setdefault(name, [])
        if self._undone & set(map(content_of, batch.digests)):
            self._note(
                name, batch, "undone",
                tr("came in a run that was undone; refused until it is asked for with --again (again=True in "
                   "Python)"),
            )  # fmt: skip
            return True
        if not batch.refused and self._is_known(name, batch, way):
            return True
        if batch.day > self._latest:
            self._note(name, batch, "future", self._of_the_future(batch))
            return True
        batch, sent = self._read_batch(name, batch, way)
        if sent is None:
            return True
        self.plan.remarks += [each for each in sent.remarks if each not in self.plan.remarks]
        seen = replace(self._seen(batch, way), rows=set_digest(sent.ids))
        if not len(sent.rows) and not (source.complete and self._has_rows(name)):
            self._note(name, batch, "empty", tr("no rows under the headings: nothing new"))
            known.append(replace(seen, current=False))
            return True
        judged = self._judged(seen, known, source)
        stops, ready = [], None
        if judged.takes == "current":
            stops = self._guard_reading(name, sent) if len(sent.rows) else []
            if not stops or self._is_forced(name):
                ready = self._ready(name, sent.rows, sent.ids, sent.origin, batch.day)
                stops += self._guard_rows(name, ready, shown_path(self.city, batch.paths[0]))
        if stops and not self._is_forced(name):
            self.plan.stops += stops
            return False
        taken = self._note(name, batch, judged.verdict, judged.sentence)
        taken.takes = judged.takes
        known.append(replace(seen, current=judged.takes == "current"))
        if judged.takes == "history":
            self._keep_as_history(name, sent, taken)
        elif ready is not None:
            state.read_as[name] |= sent.read_as
            # Rows of it that were set aside before were judged anew.
            for id_ in [id_ for id_, each in state.aside.items() if each["source"] == name]:
                if source.complete or id_ in set(sent.ids):
                    del state.aside[id_]
            self._put(name, ready, taken, complete=source.complete)
        return True

    def _seen(self, batch: Batch, way: str) -> EditionRecord:
        return EditionRecord(
            day=batch.day, files=batch.digests, way=way, how=batch.how, run=self.plan.state.run + 1
        )

    def _is_known(self, name: str, batch: Batch, way: str) -> bool:
        """Tell whether these files are known to bring nothing, and say so."""
        source, known = self.sources[name], self.plan.state.editions[name]
        seen = self._seen(batch, way)
        judged = judge_files(seen, known, older=self.city.rules.older, complete=source.complete)
        if judged is None or (judged.verdict != "unchanged" and self._is_forced(name)):
            return False
        self._note(name, batch, judged.verdict, judged.sentence)
        if judged.verdict != "unchanged":
            known.append(replace(seen, current=False))
        return True

    def _read_batch(self, name: str, batch: Batch, way: str) -> tuple[Batch, Sent | None]:
        """Read the files of an edition; what cannot be read, or is not clear, is set aside.

        Returns
        -------
        batch : Batch
            Without the files that cannot be read.
        sent : Sent or None
            None where nothing of it can be taken.
        """
        source, known = self.sources[name], self.plan.state.editions[name]
        arrived: dict[str, int] = {}
        for each in known:
            for digest in each.files if each.current else ():
                arrived.setdefault(digest, each.run)
        # Those that were read before come last: if none but damaged ones are new, they need not be read.
        fresh = [path for path, digest in batch.files.items() if digest not in arrived]
        read, refused = read_files(self.city, source, fresh)
        refused = batch.refused | refused
        rest = batch.without(refused)
        if refused and not source.complete and rest.files and self._is_known(name, rest, way):
            rest = rest.without(rest.files)
        more, others = read_files(self.city, source, [path for path in rest.files if path not in read])
        read |= more
        refused |= others
        rest = rest.without(others)
        for path, why in refused.items():
            alone = replace(batch, files={path: ""}, refused={})
            self._note(name, alone, "unreadable", tr("set aside: {why}", why=why))
        if refused and source.complete and rest.files:
            self._note(
                name, rest, "unreadable",
                tr("set aside: a complete set only together with {files}, which cannot be read",
                   files=listed(shown_path(self.city, path) for path in sorted(refused))),
            )  # fmt: skip
        if not rest.files or (refused and source.complete):
            return rest, None
        try:
            sent = put_together(self.city, source, rest, read, arrived)
        except InputError as error:
            self._note(name, rest, "disputed", tr("set aside: {why}", why=str(error)))
            return rest, None
        if sent.disputes > _MOST_ASIDE * len(sent.rows):
            self._note(
                name, rest, "disputed",
                tr("set aside: {files} are of one day and differ in {count:,} of the same rows; remove those "
                   "that do not count, or end the name of the right one with _更正",
                   files=listed(sent.disputed), count=sent.disputes),
            )  # fmt: skip
            return rest, None
        return rest, sent

    def _of_the_future(self, batch: Batch) -> str:
        where = {
            "folder": tr("correct the day in the name of the file or its folder"),
            "column": tr("correct the newest day in its column of dates"),
            "file": tr("correct the time of the file, or write the day into its name"),
        }
        return tr(
            "set aside: it is of {day}, and the run is of {at}; {what}, or run it with a later day",
            day=batch.day,
            at=self._at,
            what=where[batch.how],
        )

    def _has_rows(self, name: str) -> bool:
        """Tell whether rows of a source are there."""
        if any(not each.is_gone for each in self._known.get(name, {}).values()):
            return True
        return any(not each.is_gone for each in load_rows(self._workspace, name).values())

    def _is_forced(self, name: str) -> bool:
        return bool({name, self.sources[name].layer} & self._even_so)

    def _judged(self, seen: EditionRecord, known: list[EditionRecord], source: Source) -> Judgement:
        if not source.complete:
            return judge_part(seen, known)
        rules = self.city.rules
        judged = judge_edition(seen, known, older=rules.older, correction_days=rules.correction_days)
        if judged.verdict == "old_again" and {source.layer} & self._even_so:
            current = [each for each in known if each.current][-1:]
            return judge_edition(seen, current, correction_days=rules.correction_days)
        return judged

    def _ready(
        self, name: str, rows: gpd.GeoDataFrame, ids: pd.Series, origin: pd.DataFrame, day: str
    ) -> _Ready:
        """Bring rows into the system of their layer, with what people corrected, and find what is wrong."""
        source = self.sources[name]
        layer = self._layer(source.layer)
        if layer is not None and rows.crs != layer.crs:
            rows = converted(rows, layer.crs, source.layer)
        rows, left_out = corrected(rows, ids, self.plan.state.corrections, source.layer)
        rows = gpd.GeoDataFrame(rows[~left_out])
        key = key_of(source, list(rows.columns))
        keys = keys_of(rows, key)
        known = self._states_of(name, layer, key, rows)
        faults = faults_of(rows, source, key, language(), origin["file"])
        newer = {each for each, there in known.items() if day and there.day > day}
        faults = {row: why for row, why in faults.items() if keys[row] not in newer}
        for row in keys.index[keys.isin(self._keys_of_others(name))]:
            faults.setdefault(row, []).append(
                tr("{value} comes from another source, too; take it out of one", value=keys[row])
            )
        return _Ready(rows=rows, ids=ids, origin=origin, key=key, keys=keys, known=known, faults=faults)

    def _put(self, name: str, ready: _Ready, taken: Taken, *, complete: bool) -> None:
        """Put the good rows into the layer, and the others aside."""
        source, state, faults = self.sources[name], self.plan.state, ready.faults
        layer, bad = self._layer(source.layer), list(ready.faults)
        merged = merge_rows(
            layer, gpd.GeoDataFrame(ready.rows.drop(index=bad)), ready.known, name=source.layer,
            key=ready.key, day=taken.day, complete=complete, set_aside=set(ready.keys[bad]) - {""},
            measure=self.city.coordinates.measure or None,
            tolerance_m=self.city.rules.geometry_tolerance_m,
        )  # fmt: skip
        # A row that has come right since leaves the workbook.
        right = set(ready.keys) - set(ready.keys[bad])
        for id_ in [id_ for id_, each in state.aside.items() if each["source"] == name]:
            if state.aside[id_]["key"] in right and state.aside[id_]["day"] <= taken.day:
                del state.aside[id_]
        if faults:
            state.aside |= told_aside(
                ready.rows, faults, ready.ids, ready.origin, source=name, layer=source.layer, key=ready.key,
                day=taken.day,
            )  # fmt: skip
        taken.aside = len(faults)
        counts = _COUNTS | merged.changes["change"].value_counts().to_dict()
        for what, count in counts.items():
            setattr(taken, str(what), int(count))
        ready.known.update(merged.states)
        self.plan.rows.setdefault(name, {}).update(merged.states)
        if not len(merged.changes) and not faults and taken.verdict != "corrected":
            taken.verdict, taken.takes = "same_rows", "nothing"
            taken.sentence = tr("{why}: no row differs from what is there", why=taken.sentence)
        if len(merged.changes) or layer is None:
            self.plan.changes.append(merged.changes.assign(layer=source.layer, day=taken.day))
            self._layers[source.layer] = merged.layer
            self._write(taken, merged.added_only, merged.layer)

    def _write(self, taken: Taken, added: gpd.GeoDataFrame | None, whole: gpd.GeoDataFrame) -> None:
        rows = whole if added is None else added
        source = f"{taken.source} {taken.day}".strip()
        self.plan.steps.append(
            Step(layer=taken.layer, rows=rows, adds=added is not None, source=source,
                 note=taken.sentence, taken=taken)
        )  # fmt: skip

    def _keep_as_history(self, name: str, sent: Sent, taken: Taken) -> None:
        """Write an old edition and, behind it, what is current."""
        layer = self._layer(self.sources[name].layer)
        self._write(taken, None, sent.rows)
        if layer is not None:
            self._write(taken, None, layer)

    def _states_of(
        self, name: str, layer: gpd.GeoDataFrame | None, key: tuple[str, ...], rows: gpd.GeoDataFrame
    ) -> dict[str, RowState]:
        """Return the rows of a source as they were taken last, with those that nobody had sent before."""
        if name not in self._known:
            self._known[name] = load_rows(self._workspace, name)
            is_only = [each.layer for each in self.sources.values()].count(self.sources[name].layer) == 1
            if not self._known[name] and is_only and layer is not None:
                columns = [str(each) for each in rows.columns if each != "geometry"]
                self._known[name] = adopted_rows(layer, key, columns)
        known = self._known[name]
        if layer is not None and set(key) <= set(layer.columns):
            there = keys_of(layer, key)
            stray = set(there) & set(keys_of(rows, key)) - set(known) - self._keys_of_others(name) - {""}
            if stray:
                known |= adopted_rows(
                    gpd.GeoDataFrame(layer[there.isin(stray)]), key,
                    [str(each) for each in rows.columns if each != "geometry"],
                )  # fmt: skip
        return known

    def _keys_of_others(self, name: str) -> set[str]:
        """Return the keys that other sources of the same layer have sent."""
        layer, found = self.sources[name].layer, set()
        for other, source in self.sources.items():
            if other != name and source.layer == layer:
                if other not in self._known:
                    self._known[other] = load_rows(self._workspace, other)
                found |= {key for key, each in self._known[other].items() if not each.is_gone}
        return found

    def _layer(self, layer: str) -> gpd.GeoDataFrame | None:
        if layer not in self._layers:
            self._layers[layer] = self._read(layer)
        return self._layers[layer]

    def _note(self, name: str, batch: Batch | None, verdict: str, sentence: str) -> Taken:
        source = self.sources[name]
        files = () if batch is None else tuple(shown_path(self.city, path) for path in batch.paths)
        taken = Taken(
            source=name, layer=source.layer, day="" if batch is None else batch.day, files=files,
            verdict=verdict, sentence=sentence,
        )  # fmt: skip
        self.plan.taken.append(taken)
        return taken

    def _guard_rows(self, name: str, ready: _Ready, file: str) -> list[str]:
        """Say why the rows of an edition must not be taken unasked; nothing where they may."""
        found, source, shrink = [], self.sources[name], self.city.rules.shrink
        before = sum(not each.is_gone for each in ready.known.values())
        if source.complete and len(ready.rows) < before * (1 - shrink):
            found.append(
                tr(
                    "{source}, {file}: a complete set with {count:,} rows, and {before:,} are there: "
                    "{share:.0%} fewer, more than shrink = {shrink:g} allows; was all of it exported?",
                    source=name,
                    file=file,
                    count=len(ready.rows),
                    before=before,
                    share=1 - len(ready.rows) / before,
                    shrink=shrink,
                )
            )
        there = {key for key, each in ready.known.items() if not each.is_gone}
        gone = len(there - set(ready.keys))
        if source.complete and not found and gone > max(_MOST_GONE * before, _FEW_THERE):
            found.append(
                tr(
                    "{source}, {file}: {gone:,} of the {before:,} rows that are there are not in it, and "
                    "{new:,} others are new; is {key} still the column by which rows are known?",
                    source=name,
                    file=file,
                    gone=gone,
                    before=before,
                    new=len(set(ready.keys) - there),
                    key=label(ready.key[0], language()),
                )
            )
        if len(ready.faults) > max(_MOST_ASIDE * len(ready.rows), _FEW_ASIDE):
            first = next(iter(ready.faults.values()))[0]
            found.append(
                tr("{source}, {file}: {count:,} of {rows:,} rows cannot be taken; the first: {first}",
                   source=name, file=file, count=len(ready.faults), rows=len(ready.rows), first=first)
            )  # fmt: skip
        return found

    def _guard_reading(self, name: str, sent: Sent) -> list[str]:
        """Say in what the files of an edition are other than those of the last."""
        found = []
        before = self.plan.state.read_as.get(name, {})
        gone = sorted(set(before.get("columns", ())) - set(sent.read_as["columns"]))
        if gone:
            found.append(
                tr(
                    "{source}: the columns {columns} are gone since last time",
                    source=name,
                    columns=listed(gone),
                )
            )
        for what, title in (("crs", tr("coordinate system")), ("datum", tr("datum"))):
            if what in before and not is_same_system(before[what], sent.read_as[what]):
                found.append(
                    tr(
                        "{source}: the {what} is {now}, and last time it was {before}",
                        source=name,
                        what=title,
                        now=sent.read_as[what] or tr("none"),
                        before=before[what] or tr("none"),
                    )
                )
        return found

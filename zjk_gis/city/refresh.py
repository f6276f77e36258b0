"""The weekly run of a city: take what is new, ask what there is to ask, tell what changed; and undo it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zjk_gis._version import __version__
from zjk_gis.arguments import checked
from zjk_gis.city.answers import STEPS, Answered, answer_all, measurable
from zjk_gis.city.aside import read_workbook_of_corrections, write_aside
from zjk_gis.city.differences import compare_runs
from zjk_gis.city.digests import file_digest
from zjk_gis.city.editions import SET_ASIDE
from zjk_gis.city.plan import plan_of
from zjk_gis.city.publish import publish_city
from zjk_gis.city.publish.settings import folder_said
from zjk_gis.city.runs import (
    Log,
    Refreshed,
    Run,
    last_told,
    opened_city,
    ready_city,
    runs_of,
    source_title,
    taken_table,
)
from zjk_gis.city.sending import named_sources
from zjk_gis.city.state import CityState, alone, load_runs, load_state, save_run, transaction
from zjk_gis.errors import FileError, InputError, MissingExtraError, RefreshError
from zjk_gis.io.paths import reason_of
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.times import time_of
from zjk_gis.progress import track
from zjk_gis.standards.rules import own_tables
from zjk_gis.words import language, listed, tr
from zjk_gis.workspace import Workspace, read_city

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from zjk_gis.city.plan import Plan
    from zjk_gis.workspace.city_file import City

__all__ = ["refresh_city", "stopped_by", "undo_refresh"]

_FINISHED = "finished.txt"


@checked
def refresh_city(
    city: City | str | os.PathLike[str],
    *,
    at: str | dt.date | None = None,
    dry_run: bool = False,
    even_so: Collection[str] = (),
    again: bool = False,
    tell: Callable[[str], None] | None = None,
    show: bool | None = None,
) -> Refreshed:
    r"""Run a city: take what is new, by content; ask all that its layers can answer; tell what changed.

    Parameters
    ----------
    city : City, str or path
        A city, or its file.
    at : date or str, optional
        The day that is judged; by default today in Beijing.
    dry_run : bool, default False
        Only tell what would be taken, and why; nothing is written. Where the run would stop, ``stops`` of the
        answer says why.
    even_so : collection of str
        Layers that are taken although a guard would stop the run, and although the same rows were there
        before.
    again : bool, default False
        Take files again that came in a run which was undone.
    tell : callable, optional
        Is told each sentence of the log.
    show : bool, optional
        Whether to draw a bar; by default only if standard error is a terminal or a notebook runs.

    Returns
    -------
    Refreshed

    Raises
    ------
    RefreshError
        If a guard stops the run; the message lists all that is wrong, and nothing is written. A dry run
        tells it in its answer.
    BusyError
        If another run of the city is at work.
    CityFileError, InputError, FileError, WorkspaceError
        If the city file or the workspace cannot be used.

    Notes
    -----
    All sources are taken or none: the workspace changes in one transaction, with what the run knows beside
    it. A run that was killed before has changed nothing; one that was killed behind it goes on with its
    questions when it is called again.

    A file that cannot be read, one that is dated after the run, and files of one day that contradict each
    other in most rows are set aside, and all others are taken. Of files of one day the one whose name ends
    with ``_更正``, ``_v2`` or ``(1)`` corrects the other, or else the one that came in a later run.

    Rows that cannot be taken are in ``待改正.xlsx`` beside the city file. Corrected there, they are taken by
    the next run, and the correction holds whenever the same row comes again. Rows that somebody corrected in
    the workspace stay as they are until their source sends something else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> text = '''
    ... [city]
    ... name = "示例市"
    ... [[source]]
    ... layer = "shelters"
    ... files = "*/避难场所.csv"
    ... complete = true
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     week = Path(folder, "2025-11-03")
    ...     week.mkdir()
    ...     _ = Path(folder, "city.toml").write_text(text, encoding="utf-8")
    ...     rows = "避难场所编码,避难场所名称,经度,纬度\nS1,一中,114.88,40.82\nS2,公园,114.89,40.82\n"
    ...     _ = (week / "避难场所.csv").write_text(rows, encoding="utf-8")
    ...     first = refresh_city(Path(folder, "city.toml"), at="2025-11-04")
    ...     second = refresh_city(Path(folder, "city.toml"), at="2025-11-04")
    >>> first.taken[["verdict", "added"]].to_numpy().tolist(), second.taken["verdict"].tolist()
    ([['first', 2]], ['unchanged'])
    """
    known = opened_city(city)
    workspace, lock, workbook = ready_city(known)
    day = _day(at)
    with alone(lock):
        log = Log(known, tell)
        state = load_state(workspace)
        state.run = max(state.run, last_told(known))
        if not dry_run:
            log.say(tr("refresh of {city}, {day}", city=known.name or known.path.name, day=day))
        corrections, remarks = read_workbook_of_corrections(workbook, state.aside)
        seen = file_digest(workbook) if workbook.exists() else ""
        how = {"at": day, "even_so": _layers_meant(known, even_so), "again": again, "show": show}
        plan = _plan(known, state, workspace, corrections, **how)
        plan.remarks = [*remarks, *plan.remarks]
        if dry_run:
            if not plan.stops:
                _refuse_nothing(known, workspace, plan)
            return _told(plan, Refreshed(run=state.run, at=day, **_tables(plan), is_dry=True))
        for each in plan.taken:
            log.say(
                tr("{source} {day}: {why}", source=source_title(each.source), day=each.day, why=each.sentence)
            )
        for remark in plan.remarks:
            log.say(remark)
        if plan.stops:
            for stop in plan.stops:
                log.say(tr("stopped: {why}", why=stop))
            raise stopped_by(known.path.name, plan.stops)
        _refuse_nothing(known, workspace, plan)
        run = _take(known, workspace, plan, day, corrections=bool(corrections), show=show)
        result = Refreshed(run=run.number, at=run.at, **_tables(plan))
        _told(plan, result)
        result.workbook = _hand_out(known, plan, workbook, seen, log, unread=bool(remarks))
        _finish(known, workspace, run, result, log, show)
        return result


@checked
def undo_refresh(city: City | str | os.PathLike[str], *, tell: Callable[[str], None] | None = None) -> Run:
    r"""Undo the last run of a city: its layers and what is known of them are as before it.

    Parameters
    ----------
    city : City, str or path
        A city, or its file.
    tell : callable, optional
        Is told each sentence of the log.

    Returns
    -------
    Run
        The run that undid it. Nothing is lost: the undone versions of the layers stay in the workspace, and
        the answers in the history folder. The files of the undone run are not taken again until
        ``refresh_city(..., again=True)``; files that were corrected are.

    Raises
    ------
    InputError
        If there is no run to be undone, or somebody has changed a layer since.
    BusyError
        If a run of the city is at work.
    CityFileError, FileError, WorkspaceError
        If the city file or the workspace cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> text = "[city]\nname = '示例市'\n[[source]]\nlayer = 'shelters'\nfiles = '*.csv'\n"
    >>> rows = "避难场所编码,避难场所名称,经度,纬度\nS1,一中,114.88,40.82\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     city = Path(folder, "city.toml")
    ...     _ = city.write_text(text, encoding="utf-8")
    ...     _ = Path(folder, "2025-11-03.csv").write_text(rows, encoding="utf-8")
    ...     _ = refresh_city(city, at="2025-11-03")
    ...     undone = undo_refresh(city)
    ...     again = refresh_city(city, at="2025-11-03")
    >>> undone.undoes, again.taken["sentence"].tolist()
    (1, ['came in a run that was undone; refused until it is asked for with --again (again=True in Python)'])
    """
    known = opened_city(city)
    workspace, lock, workbook = ready_city(known)
    with alone(lock):
        runs = runs_of(workspace)
        if not runs:
            raise InputError(tr("{path}: there is no run to be undone", path=known.path))
        last = runs[-1]
        before = runs[-2].versions if len(runs) > 1 else {}
        state, latest = _state_before(workspace, last), load_state(workspace)
        state.run = latest.run + 1
        state.undone = sorted({*latest.undone, *_files_of(latest, last)})
        undone = Run(number=state.run, at=last.at, kind="undo", undoes=last.number, rules=last.rules)
        with transaction(workspace) as copy, Workspace.open(copy) as layers:
            now = _versions(layers)
            _refuse_changed(now, last, load_runs(workspace)[-1]["versions"])
            note = tr("run {number} undone", number=last.number)
            for layer, version in last.versions.items():
                if layer not in before and any(each["layer"] == layer for each in last.taken):
                    layers.delete(layer, note=note)
                elif layer in before and before[layer] != version:
                    rows = layers.read(layer, version=before[layer])
                    rows.attrs = {}
                    layers.write(layer, rows, note=note, on_problems="keep", based_on=now[layer])
            undone = replace(undone, versions=_versions(layers))
            save_run(copy, state, undone.as_dict(), {}, forget_run=last.number)
        log = Log(known, tell)
        log.say(tr("run {number} of {at} was undone", number=last.number, at=last.at))
        _rewrite(known, state, workbook, log, keeps=True)
    return undone


def _plan(
    city: City,
    state: CityState,
    workspace: Path,
    corrections: dict[str, dict[str, Any]],
    **how: Any,
) -> Plan:
    """Work out what is to be taken, from the layers as they are now."""
    if not workspace.exists():
        return plan_of(city, state, workspace, lambda _: None, corrections=corrections, **how)
    with Workspace.open(workspace) as layers:
        there = set(layers.list()["layer"])

        def read(layer: str) -> gpd.GeoDataFrame | None:
            if layer not in there:
                return None
            rows = layers.read(layer)
            rows.attrs = {}
            return rows if rows.active_geometry_name == "geometry" else rows.rename_geometry("geometry")

        return plan_of(city, state, workspace, read, corrections=corrections, **how)


def _layers_meant(city: City, asked: Collection[str]) -> set[str]:
    """Return the layers whose guards are not asked, by their English names."""
    sources = named_sources(city)
    meant = {each if each in sources else spec_of(each).name for each in asked}
    unknown = sorted(meant - set(sources) - {each.layer for each in sources.values()})
    if unknown:
        raise InputError(
            tr("even_so: no source sends {layer}; the sources are {sources}", layer=unknown[0],
               sources=listed(sources))
        )  # fmt: skip
    return meant


def stopped_by(city: str, stops: list[str]) -> RefreshError:
    """Return the error of a run that guards stop; `city` is the name of its file."""
    return RefreshError(
        "\n  ".join(
            [
                tr("{path}: nothing was taken, for", path=city),
                *stops,
                tr(
                    "after it was looked at, --even-so (even_so= in Python) with the layer takes it all the "
                    "same"
                ),
            ]
        )
    )


def _refuse_nothing(city: City, workspace: Path, plan: Plan) -> None:
    """Refuse a first run to which nothing has come."""
    if plan.steps or workspace.exists():
        return
    told = [
        tr("{source} {day}: {why}", source=source_title(each.source), day=each.day, why=each.sentence)
        for each in plan.taken
    ]
    raise InputError("\n  ".join([tr("{path}: nothing has come that could be taken", path=city.path), *told]))


def _take(city: City, workspace: Path, plan: Plan, day: str, *, corrections: bool, show: bool | None) -> Run:
    """Write what is new, all of it or nothing, and return the run; without news the last one."""
    runs = runs_of(workspace)
    rules = _rules_of(city)
    news = plan.has_news or corrections
    if not news and runs and (runs[-1].at, runs[-1].rules) == (day, rules):
        return runs[-1]
    plan.state.run += 1
    run = Run(number=plan.state.run, at=day, rules=rules)
    with transaction(workspace) as copy:
        with Workspace.open(copy) as layers:
            for step in track(plan.steps, title=tr("taking"), show=show):
                how: dict[str, Any] = {"source": step.source, "note": step.note, "on_problems": "keep"}
                write = layers.append if step.adds else layers.write
                step.taken.version = write(step.layer, step.rows, **how)
            run = replace(run, taken=[each.as_dict() for each in plan.taken], versions=_versions(layers))
        save_run(copy, plan.state, run.as_dict(), plan.rows)
    return run


def _finish(city: City, workspace: Path, run: Run, result: Refreshed, log: Log, show: bool | None) -> None:
    """Ask what a run has not answered yet, and tell what is another answer than last time."""
    folder = run.folder(city)
    folder.mkdir(parents=True, exist_ok=True)
    is_finished = (folder / _FINISHED).is_file()
    layers: dict[str, gpd.GeoDataFrame] = {}
    if is_finished:
        log.say(tr("nothing new since run {number}", number=run.number))
    else:
        layers = measurable(city, read_city(workspace), log.say) if run.versions else {}
        with own_tables(city.tables):
            result.answered = answer_all(city, layers, folder, at=run.at, tell=log.say, show=show)
    runs = runs_of(workspace)
    at = [each.number for each in runs].index(run.number)
    if at:
        earlier = runs[at - 2] if at > 1 else None
        result.changes = compare_runs(city, workspace, runs[at - 1], run, earlier)
        if not is_finished:
            for sentence in result.changes.sentences:
                log.say(tr("since run {before}: {what}", before=runs[at - 1].number, what=sentence))
    if not is_finished:
        published = _published(city, layers, run)
        if published is not None:
            result.answered.append(published)
            log.say(published.sentence)
            if published.outcome == "refused":
                return  # the next run tries again
            result.published = city.publish.folder
        (folder / _FINISHED).write_text("\n".join(STEPS), encoding="utf-8")
        log.say(tr("run {number} is finished", number=run.number))


def _published(city: City, layers: Mapping[str, gpd.GeoDataFrame], run: Run) -> Answered | None:
    """Publish a run, where the city file names a folder for that; what cannot be published is told."""
    if not layers:
        return None
    try:
        folder = folder_said(city)
        if folder is None:
            return None
        publish_city(layers, folder, settings=city, at=run.at)
    except (InputError, FileError, MissingExtraError) as error:
        return Answered(step="publish", outcome="refused", sentence=tr("not published: {error}", error=error))
    return Answered(step="publish", outcome="done", sentence=tr("published to {folder}", folder=folder))


def _hand_out(city: City, plan: Plan, workbook: Path, seen: str, log: Log, *, unread: bool) -> Path | None:
    """Write the workbook of rows set aside, unless somebody has saved it since it was read.

    One of which something could not be read is kept, so that nobody writes it all again.
    """
    now = file_digest(workbook) if workbook.exists() else ""
    if now != seen:
        log.say(tr("{path}: was saved during the run and is left as it is; run again", path=workbook.name))
        return workbook
    files = [
        (file, each.layer, each.day, each.sentence)
        for each in plan.taken
        if each.verdict in SET_ASIDE
        for file in each.files
    ]
    _rewrite(city, plan.state, workbook, log, files, keeps=unread)
    if plan.state.aside:
        log.say(
            tr("{count:,} rows are set aside; correct them in {path} and run again",
               count=len(plan.state.aside), path=workbook.name)
        )  # fmt: skip
    return workbook if plan.state.aside or files else None


def _rewrite(
    city: City, state: CityState, workbook: Path, log: Log, files: Sequence[Any] = (), *, keeps: bool
) -> None:
    """Write the workbook of what is set aside anew; what people wrote in it that no run has read is kept."""
    try:
        if keeps and workbook.exists():
            kept = city.history / f"{file_digest(workbook)[:12]}_{workbook.name}"
            shutil.copyfile(workbook, kept)
            log.say(tr("{path}: as it was it is kept in {kept}", path=workbook.name, kept=kept))
        write_aside(state.aside, workbook, language(), files=files)
    except FileError as error:
        log.say(str(error))
    except OSError as error:
        log.say(f"{workbook.name}: {reason_of(error)}")


def _tables(plan: Plan) -> dict[str, Any]:
    return {"taken": taken_table([each.as_dict() for each in plan.taken]), "rows": plan.told_changes()}


def _told(plan: Plan, result: Refreshed) -> Refreshed:
    result.aside, result.remarks, result.stops = len(plan.state.aside), plan.remarks, plan.stops
    return result


def _state_before(workspace: Path, run: Run) -> CityState:
    """Return what was known before a run."""
    numbers = [each["number"] for each in load_runs(workspace) if each["number"] < run.number]
    return load_state(workspace, numbers[-1]) if numbers else CityState()


def _files_of(state: CityState, run: Run) -> set[str]:
    """Return the digests of the files that came in a run."""
    return {
        digest
        for editions in state.editions.values()
        for each in editions
        if each.run == run.number
        for digest in each.files
    }


def _refuse_changed(now: dict[str, int], run: Run, left: dict[str, int]) -> None:
    touched = {each["layer"] for each in run.taken if each["version"] is not None}
    changed = [layer for layer in sorted(touched) if now.get(layer) != left.get(layer)]
    if changed:
        raise InputError(
            tr(
                "{layer}: was changed since run {number} (version {now}, the run left {then}); that would be "
                "lost, so export it first, and write version {then} again",
                layer=changed[0],
                number=run.number,
                now=now.get(changed[0], tr("none")),
                then=left.get(changed[0], tr("none")),
            )
        )


def _versions(layers: Workspace) -> dict[str, int]:
    known = layers.list()
    return {str(layer): int(version) for layer, version in zip(known["layer"], known["version"], strict=True)}


def _rules_of(city: City) -> str:
    """Return a digest of the city file and this program: with others the questions are asked anew."""
    return hashlib.blake2b(city.path.read_bytes() + __version__.encode(), digest_size=16).hexdigest()


def _day(at: str | dt.date | None) -> str:
    if at is None:
        return today().isoformat()
    return str(time_of(at, "at")[0].date())

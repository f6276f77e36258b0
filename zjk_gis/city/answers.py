"""What a run asks of the city that it has taken: one step after the other, each kept when it is done.

A step whose layers are lacking is left out, with a sentence that says which. One that was finished is not
asked again: a run that was stopped goes on behind it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from zjk_gis.assess import deadlines, indicators
from zjk_gis.assign import assign_incidents
from zjk_gis.errors import FileError, InputError
from zjk_gis.io import list_layers, read_layer, read_table, write_layer, write_table
from zjk_gis.io.paths import workshop
from zjk_gis.layers.labels import label
from zjk_gis.progress import track
from zjk_gis.read_report import report_of
from zjk_gis.reports import audit_city, survey_city
from zjk_gis.words import language, listed, speaking, tr
from zjk_gis.workspace.city_file.systems import measured
from zjk_gis.workspace.city_file.thresholds import assignment_limits, fault_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from zjk_gis.workspace.city_file import City

__all__ = ["STEPS", "Answered", "answer_all", "is_answered", "measurable", "read_answers"]

_LAYERS, _DONE = "answers.gpkg", "done.txt"
_AUDIT_TABLES = (
    "figures", "gaps", "overlaps", "findings", "unanswered_roads", "road_totals", "chiefs", "matters",
)  # fmt: skip
_PIPES = (
    "manholes_outside_zones", "orphan_manholes", "misconnections", "unjoined_ends", "unregistered_outfalls",
    "unfed_pipes",
)  # fmt: skip
_ACCESS = ("parking_gaps", "parking_coverage", "dead_ends", "missing_links")
_PROTECTION = ("pipelines_in_core",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one step.

    Attributes
    ----------
    step : str
    outcome : {"done", "kept", "left_out", "refused"}
        ``kept`` was done before the run was stopped; ``refused`` where a layer does not allow it.
    sentence : str
    """

    step: str
    outcome: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A question: which layers it needs at least, and what answers it."""

    needs: tuple[str, ...]
    ask: Callable[[_Asked], Mapping[str, pd.DataFrame]]


@dataclass(slots=True)
class _Asked:
    """What a step is given."""

    city: City
    layers: Mapping[str, gpd.GeoDataFrame]
    at: str
    folder: Path
    refused: dict[str, InputError]

    def answers(self, step: str) -> dict[str, pd.DataFrame]:
        return read_answers(self.folder, step)


def answer_all(
    city: City,
    layers: Mapping[str, gpd.GeoDataFrame],
    folder: Path,
    *,
    at: str,
    tell: Callable[[str], None],
    show: bool | None = None,
) -> list[Answered]:
    """Ask all that the layers of a city can answer, and keep each answer in a folder of its own.

    Parameters
    ----------
    city : City
    layers : mapping of str to GeoDataFrame
        See `measurable`.
    folder : Path
        Of the run.
    at : str
        The day that is judged.
    tell : callable
        Is told a sentence of each step.
    show : bool, optional
        See `track`.

    Returns
    -------
    list of Answered
    """
    found = []
    for name in track(list(STEPS), title=tr("answering"), show=show):
        answered = _answer(name, _Asked(city, layers, at, folder, {}))
        tell(answered.sentence)
        found.append(answered)
    return found


def measurable(
    city: City, layers: Mapping[str, gpd.GeoDataFrame], tell: Callable[[str], None]
) -> dict[str, gpd.GeoDataFrame]:
    """Return layers in the system in which the city measures, and tell what of them was mended."""
    found = {name: measured(layer, city, name) for name, layer in layers.items()}
    for name, layer in found.items():
        for remark in report_of(layer).remarks[len(report_of(layers[name]).remarks) :]:
            tell(remark)
    return found


def read_answers(folder: Path, step: str) -> dict[str, pd.DataFrame]:
    """Return what a step has found; nothing where it was not asked.

    Tables without shapes come back as text.
    """
    into = folder / step
    if not is_answered(folder, step):
        return {}
    found: dict[str, pd.DataFrame] = {}
    if (into / _LAYERS).is_file():
        for name in list_layers(into / _LAYERS):
            found[name] = read_layer(into / _LAYERS, layer=name)
    for path in sorted(into.glob("*.csv")):
        found[path.stem] = read_table(path)
    return found


def is_answered(folder: Path, step: str) -> bool:
    """Tell whether a step of a run was finished."""
    return (folder / step / _DONE).is_file()


def _answer(name: str, asked: _Asked) -> Answered:
    title, step, into = label(name, language()), STEPS[name], asked.folder / name
    if is_answered(asked.folder, name):
        return Answered(step=name, outcome="kept", sentence=tr("{step}: was done before", step=title))
    lacking = [each for each in step.needs if each not in asked.layers]
    if lacking:
        titles = listed(label(each, language()) for each in lacking)
        return Answered(
            step=name, outcome="left_out",
            sentence=tr("{step}: left out, there is no layer {layers}", step=title, layers=titles),
        )  # fmt: skip
    try:
        tables = step.ask(asked)
    except InputError as error:
        return Answered(
            step=name,
            outcome="refused",
            sentence=tr("{step}: not answered: {error}", step=title, error=error),
        )
    _keep(tables, into)
    counts = listed(
        tr("{name} {count:,}", name=label(each, language()), count=len(rows)) for each, rows in tables.items()
    )
    told = tr("{step}: {counts}", step=title, counts=counts or tr("nothing to ask"))
    for question, why in asked.refused.items():
        what = label(question, language())
        what = label(question, language())
        told = tr("{told}; not answered: {question}: {error}", told=told, question=what, error=why)
    return Answered(step=name, outcome="refused" if asked.refused else "done", sentence=told)


def _keep(tables: Mapping[str, pd.DataFrame], into: Path) -> None:
    """Write the tables of a step to a folder, whole or not at all."""
    with speaking("en"), workshop(into) as place:
        made = place / into.name
        made.mkdir()
        for name, rows in tables.items():
            if isinstance(rows, gpd.GeoDataFrame) and rows.active_geometry_name is not None:
                write_layer(rows, made / _LAYERS, layer=name)
            else:
                write_table(rows, made / f"{name}.csv", headings="en")
        (made / _DONE).write_text("\n".join(tables), encoding="utf-8")
        shutil.rmtree(into, ignore_errors=True)  # of a step that was stopped while it was moved
        try:
            made.replace(into)
        except OSError as error:
            raise FileError(tr("{path}: cannot be written: {error}", path=into, error=error)) from error


def _assigned(asked: _Asked) -> dict[str, pd.DataFrame]:
    how = assignment_limits(asked.city.thresholds)
    layers = asked.layers
    assigned = assign_incidents(
        layers["incidents"], layers["responsibility_zones"], grids=layers.get("unit_grids"),
        sections=layers.get("road_sections"), **how,
    )  # fmt: skip
    return {"assigned": assigned}


def _audited(asked: _Asked) -> dict[str, pd.DataFrame]:
    assigned = asked.answers("assignment").get("assigned")
    audit = audit_city(
        asked.layers,
        assigned=assigned,
        duties=asked.city.duty_table,
        at=asked.at,
        name=asked.city.name or asked.city.path.name,
        **fault_limits(asked.city.thresholds),
    )
    tables = {name: getattr(audit, name) for name in _AUDIT_TABLES}
    return {name: rows for name, rows in tables.items() if rows is not None and len(rows)}


def _surveyed(*questions: str) -> Callable[[_Asked], Mapping[str, pd.DataFrame]]:
    def ask(asked: _Asked) -> Mapping[str, pd.DataFrame]:
        return survey_city(
            asked.layers,
            at=asked.at,
            asked=questions,
            unanswered=asked.refused,
            public_lots=asked.city.public_lots,
            thresholds=asked.city.thresholds,
        )

    return ask


def _assessed(asked: _Asked) -> dict[str, pd.DataFrame]:
    incidents = asked.layers["incidents"]
    how: dict[str, Any] = {"as_of": asked.at, "tables": asked.city.tables}
    told = {"indicators": indicators(incidents, **how)}
    if "district_code" in incidents:
        told["indicators_by_district"] = indicators(incidents, by="district_code", **how)
    due = deadlines(incidents, **how)
    return {**told, "overdue": due[(due["deadline_state"] == "overdue") & ~due["is_handled"]]}


STEPS: dict[str, _Step] = {
    "assignment": _Step(("incidents", "responsibility_zones"), _assigned),
    "audit": _Step(("built_up_areas", "responsibility_zones"), _audited),
    "pipes": _Step(("manholes", "pipelines"), _surveyed(*_PIPES)),
    "access": _Step(("roads",), _surveyed(*_ACCESS)),
    "protection": _Step(("historic_blocks", "pipelines"), _surveyed(*_PROTECTION)),
    "assessment": _Step(("incidents",), _assessed),
}

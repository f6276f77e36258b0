"""Layers made ready to answer: checked and compiled once, then asked batch after batch."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.assign.plan_files import plan_files_of, read_plan_file, write_plan_file
from zjk_gis.assign.tasks import LAYERS, Task, check_index, index_of
from zjk_gis.crs import title_of_crs
from zjk_gis.engine import Positions
from zjk_gis.errors import FileError, InputError
from zjk_gis.index.policy import policy_of
from zjk_gis.index.prepared import MOST_DAYS
from zjk_gis.index.sections import SectionIndex
from zjk_gis.index.zones import ZoneIndex
from zjk_gis.layers.columns.coordinates import is_zero
from zjk_gis.layers.columns.levels import ANY_LEVEL
from zjk_gis.layers.columns.periods import day_of
from zjk_gis.layers.columns.times import check_tz
from zjk_gis.layers.metric import require_amounts, require_shares
from zjk_gis.layers.usual import ACCURATE, BORDER_M, NEAREST_M, TZ, is_said
from zjk_gis.presentation import Presentation, presented
from zjk_gis.threads import in_chunks
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    import os

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.index.coded import Coded
    from zjk_gis.index.policy import Policy

__all__ = ["AssignmentPlan", "plan_for"]


@presented
@checked
@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """Zones, grids and sections ready to answer for any number of batches of incidents.

    Attributes
    ----------
    tasks : tuple of Task
        A layer each, in the order of the columns they add.
    border_within_m, nearest_within_m, undecided_below : float
    accuracy_m : float or None
        Of all positions for which none is given.
    at : int or None
        The day by which all are judged, if one was given.
    tz : str
        The time zone whose days they are.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> from zjk_gis import assign_incidents
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> plan = AssignmentPlan.prepare(zones)
    >>> day = np.zeros(2, dtype=np.int64)
    >>> columns = plan.answer(np.array([50.0, 120.0]), np.array([50.0, 50.0]), day, crs=zones.crs)
    >>> columns["zone_code"].texts().tolist(), columns["found"].texts().tolist()
    (['A', 'A'], ['inside', 'nearest'])

    A worker elsewhere loads what was saved, and answers alike:

    >>> incidents = gpd.GeoDataFrame(geometry=[Point(120, 50)], crs=4547)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     loaded = AssignmentPlan.load(plan.save(pathlib.Path(folder, "plan")))
    ...     assign_incidents(incidents, loaded)["zone_code"].tolist()
    ['A']
    >>> loaded.fingerprint == plan.fingerprint
    True
    """

    tasks: tuple[Task, ...]
    border_within_m: float
    nearest_within_m: float
    undecided_below: float
    accuracy_m: float | None
    at: int | None
    tz: str

    @classmethod
    def prepare(
        cls,
        zones: gpd.GeoDataFrame | ZoneIndex | SectionIndex,
        *,
        grids: gpd.GeoDataFrame | ZoneIndex | None = None,
        sections: gpd.GeoDataFrame | SectionIndex | None = None,
        code: str | None = None,
        level: int | str | None = None,
        at: str | dt.date | None = None,
        border_within_m: float = BORDER_M,
        nearest_within_m: float = NEAREST_M,
        undecided_below: float = ACCURATE,
        accuracy_m: float | None = None,
        policy: Policy | None = None,
        tz: str = TZ,
        name: str = "zones",
        expected: int = 0,
    ) -> AssignmentPlan:
        """Check the layers before any work begins, and compile them.

        Parameters
        ----------
        zones, grids, sections, code, level, at
        border_within_m, nearest_within_m, undecided_below, policy, tz
            As in `zjk_gis.assign_incidents`.
        accuracy_m : float, optional
            How accurate all positions are.
        name : str, default "zones"
            What `zones` are called in errors.
        expected : int, default 0
            How many points will be asked for, if that is known. For many, zones are compiled while they are
            checked: it is one work.

        Returns
        -------
        AssignmentPlan

        Raises
        ------
        MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
            If a layer or an option cannot be used, or an index was built with others than are asked for.
        """
        require_amounts(border_within_m=border_within_m, nearest_within_m=nearest_within_m)
        if accuracy_m is not None:
            require_amounts(accuracy_m=accuracy_m)
        require_shares(undecided_below=undecided_below)
        policy = None if policy is None else policy_of(policy)
        check_tz(tz)
        day = None if at is None else day_of(at, tz=tz)
        how: dict[str, Any] = {"policy": policy, "tz": tz, "expected": expected}
        tasks = [Task("zones", index_of(zones, name, None, code=code, level=level, **how))]
        for other, layer in (("grids", grids), ("sections", sections)):
            if layer is not None:
                # Unit grids have no hierarchy: a column level of theirs is about something else.
                only = ANY_LEVEL if other == "grids" else None
                wanted = LAYERS[other][0]
                tasks.append(Task(other, index_of(layer, other, wanted, code=wanted, level=only, **how)))
        return cls(
            tasks=tuple(tasks),
            border_within_m=float(border_within_m),
            nearest_within_m=float(nearest_within_m),
            undecided_below=float(undecided_below),
            accuracy_m=None if accuracy_m is None else float(accuracy_m),
            at=day,
            tz=str(tz),
        )

    @property
    def needs_day(self) -> bool:
        """Whether answers depend on the day of the incident."""
        return self.at is None and any(task.index.rows.are_bounded for task in self.tasks)

    def judged_at(self, at: str | dt.date) -> AssignmentPlan:
        """Return the same plan that judges all incidents by the zones of one day.

        Raises
        ------
        InputError
            If it is not a date.
        """
        return replace(self, at=day_of(at, tz=self.tz))

    def first_alone(self) -> AssignmentPlan:
        """Return the same plan without grids, sections and accuracies: what decides who answers."""
        return replace(self.zones_alone(), accuracy_m=None)

    def zones_alone(self) -> AssignmentPlan:
        """Return the same plan without grids and sections."""
        return replace(self, tasks=self.tasks[:1])

    def refuse_other(self, name: str = "zones", **said: Any) -> None:
        """Refuse options that say otherwise than the plan.

        Parameters
        ----------
        name : str, default "zones"
            What the plan is called in errors.
        **said
            Options of `prepare`; what nobody said is not looked at.

        Raises
        ------
        InputError
            Naming the option.
        """
        said = {option: value for option, value in said.items() if is_said(value)}
        for option in ("grids", "sections"):
            if option in said:
                raise InputError(
                    tr(
                        "{option}: {name} are a plan, which has its own; prepare the plan with {option}=",
                        option=option,
                        name=name,
                    )
                )
        own: dict[str, Any] = {
            each: getattr(self, each)
            for each in ("border_within_m", "nearest_within_m", "undecided_below", "accuracy_m", "tz", "at")
        }
        if "at" in said:
            said["at"] = day_of(said["at"], tz=self.tz)
        for option, value in own.items():
            if option in said and said[option] != value:
                asked, is_ = said[option], value
                if option == "at":
                    asked, is_ = (
                        None if day is None else str(np.datetime64(day, "D")) for day in (asked, is_)
                    )
                raise InputError(
                    tr(
                        "{name}: the plan was prepared with {option}={is_!r}, and now {option}={asked!r} is "
                        "asked for; leave it out, or prepare another plan",
                        name=name,
                        option=option,
                        is_=is_,
                        asked=asked,
                    )
                )
        policy = None if "policy" not in said else policy_of(said["policy"])
        self.tasks[0].index.refuse_other(name, code=said.get("code"), level=said.get("level"), policy=policy)
        for task in self.tasks[1:]:
            task.index.refuse_other(task.name, code=None, level=None, policy=policy)

    @property
    def fingerprints(self) -> dict[str, str]:
        """What tells whether each layer, and the options, are those of another plan."""
        options = json.dumps(self.options, sort_keys=True).encode()
        layers = {task.name: task.index.fingerprint for task in self.tasks}
        return layers | {"options": hashlib.blake2b(options, digest_size=16).hexdigest()}

    @property
    def fingerprint(self) -> str:
        """What tells whether a plan answers as another does: a digest of its indexes and options."""
        told = json.dumps(self.fingerprints, sort_keys=True).encode()
        return hashlib.blake2b(told, digest_size=16).hexdigest()

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save the plan to a folder, which `load` maps into memory; nothing in it is ever executed.

        Parameters
        ----------
        folder : str or path
            Made if it is not there. An earlier plan in it is replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileError
            If it cannot be written, or holds what is not of a plan.
        """
        files = plan_files_of(folder, [task.name for task in self.tasks])
        for task in self.tasks:
            task.index.save(files[task.name])
        told = {
            "options": self.options,
            "layers": {task.name: {"kind": task.index.kind} for task in self.tasks},
            "fingerprints": self.fingerprints,
        }
        write_plan_file(folder, told)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> AssignmentPlan:
        """Load a saved plan. Its arrays stay in the files, shared by all processes that load it.

        Parameters
        ----------
        folder : str or path

        Returns
        -------
        AssignmentPlan

        Raises
        ------
        FileError
            If the folder is missing, foreign, of another version, incomplete or damaged, or its files are of
            different plans.
        """
        path, told = read_plan_file(folder)
        files = plan_files_of(folder, [])
        try:
            layers = told["layers"]
            if "zones" not in layers or not {*layers} <= {*LAYERS}:
                raise ValueError(tr("its layers are not those of a plan"))
            kinds = {each.kind: each for each in (ZoneIndex, SectionIndex)}
            tasks = []
            for name in (each for each in LAYERS if each in layers):
                index = kinds[layers[name]["kind"]].load(files[name])
                check_index(index, name, LAYERS[name][0])
                tasks.append(Task(name, index))
            plan = cls(tasks=tuple(tasks), **_checked_options(told["options"]))
            if plan.fingerprints != told["fingerprints"]:
                raise ValueError(tr("its files are of different plans"))
        except (KeyError, TypeError, AttributeError) as error:
            raise FileError(
                tr("{path}: lacks {error}; save the plan again", path=path, error=error)
            ) from error
        except FileError:
            raise
        except (ValueError, InputError) as error:
            raise FileError(
                tr("{path}: is damaged ({error}); save the plan again", path=path, error=error)
            ) from error
        return plan

    @property
    def options(self) -> dict[str, Any]:
        """The distances, accuracy, day and time zone by which it answers."""
        return {
            "border_within_m": self.border_within_m,
            "nearest_within_m": self.nearest_within_m,
            "undecided_below": self.undecided_below,
            "accuracy_m": self.accuracy_m,
            "at": self.at,
            "tz": self.tz,
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that `answer` gives, in order."""
        nothing = np.empty(0)
        return tuple(self.answer(nothing, nothing, np.empty(0, np.int64), crs=self.tasks[0].crs))

    def answer(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        day: NDArray[np.int64],
        *,
        crs: CRS,
        is_missing: NDArray[np.bool_] | None = None,
        accuracy_m: NDArray[np.float64] | None = None,
    ) -> dict[str, Coded | NDArray[np.generic]]:
        """Answer for a batch of incidents.

        Parameters
        ----------
        x, y : ndarray of float64
            n coordinates; those that are not finite, or at 0, 0, have nobody.
        day : ndarray of int64
            The day of each, see `zjk_gis.layers.columns.periods`; not looked at where one day judges all.
        crs : CRS
            That of the coordinates.
        is_missing : ndarray of bool, optional
            Which rows have no position at all, as against one that cannot be used.
        accuracy_m : ndarray of float64, optional
            How accurate each position is; NaN where that is not known.

        Returns
        -------
        dict of str to Coded or ndarray
            The columns, as `assign_incidents` describes them.
        """
        if accuracy_m is None and self.accuracy_m is not None:
            accuracy_m = np.full(len(x), float(self.accuracy_m))
        if self.at is not None:
            day = np.broadcast_to(np.int64(self.at), len(x))
        zero = None if crs.is_engineering else _zeros(x, y)
        if zero is not None:
            x, y = np.where(zero, np.nan, x), np.where(zero, np.nan, y)
        exact_in: dict[str, Positions] = {}
        columns: dict[str, Coded | NDArray[np.generic]] = {}
        for task in self.tasks:
            key = task.crs.to_wkt()
            if accuracy_m is None and key not in exact_in and not self._needs_exactly(task.crs):
                place = task.index.place(x, y, crs)
            else:
                if key not in exact_in:
                    exact_in[key] = Positions(*task.index.in_metres(x, y, crs))
                place = exact_in[key]
            answers = task.index.answer(
                place,
                day,
                border_within=self.border_within_m,
                nearest_within=self.nearest_within_m,
                accuracy=accuracy_m,
                undecided_below=self.undecided_below,
            )
            answers.say_unusable(place, is_missing, zero)
            columns |= task.columns(answers)
        return columns

    def place(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, crs: CRS
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bring coordinates to the CRS in which the zones are measured; NaN where that cannot be."""
        return self.tasks[0].index.in_metres(x, y, crs)

    def _needs_exactly(self, crs: CRS) -> bool:
        """Tell whether the exact place of every point is needed in a CRS: distances from lines are."""
        return any(not task.index.is_areal and task.crs == crs for task in self.tasks)

    def about(self) -> dict[str, object]:
        """Tell what the answers rest on: the CRS, the level of the zones, distances, tz, what steered."""
        first = self.tasks[0]
        return {
            "crs": title_of_crs(first.crs),
            "level": first.index.level,
            "border_within_m": self.border_within_m,
            "nearest_within_m": self.nearest_within_m,
            "steered_by": {
                task.prefix + column: did
                for task in self.tasks
                for column, did in task.index.steered_by.items()
            },
            "levels": deepcopy(first.index.levels),  # the index may answer again
            "tz": self.tz,
        }

    def _presentation(self) -> Presentation:
        told = tr(
            "A plan that answers for incidents, made of {layers}. A border counts within {border} m; outside "
            "all zones the nearest answers within {nearest} m.",
            layers=listed(tr(task.name) for task in self.tasks),
            border=f"{self.border_within_m:g}",
            nearest=f"{self.nearest_within_m:g}",
        )
        rows = [[tr(task.name), len(task.index), task.code, title_of_crs(task.crs)] for task in self.tasks]
        return Presentation(told, [tr("layer"), tr("rows"), tr("column of codes"), tr("CRS")], rows)


def _zeros(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Tell which positions are the 0, 0 of devices; None if none is."""
    zero = np.empty(len(x), np.bool_)

    def look(part: slice) -> bool:
        if x[part].min() > 1.0:  # as eastings are
            zero[part] = False
        else:
            zero[part] = is_zero(x[part], y[part])
        return bool(zero[part].any())

    return zero if any(in_chunks(look, len(x))) else None


def plan_for(
    zones: gpd.GeoDataFrame | ZoneIndex | SectionIndex | AssignmentPlan,
    *,
    name: str = "zones",
    **options: Any,
) -> AssignmentPlan:
    """Return a plan that answers: the one given, if no option says otherwise, or one prepared of layers.

    Parameters
    ----------
    zones : GeoDataFrame, ZoneIndex, SectionIndex or AssignmentPlan
    name : str, default "zones"
        What they are called in errors.
    **options
        As for `AssignmentPlan.prepare`.

    Raises
    ------
    InputError
        If an option says otherwise than the plan, and whatever `AssignmentPlan.prepare` raises.
    """
    if not isinstance(zones, AssignmentPlan):
        return AssignmentPlan.prepare(zones, name=name, **options)
    zones.refuse_other(name, **options)
    return zones


def _checked_options(told: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a saved plan, if they are those that `AssignmentPlan.prepare` takes.

    Raises
    ------
    KeyError, TypeError, ValueError, InputError
        If something is missing or is not what it should be.
    """
    amounts = {name: told[name] for name in ("border_within_m", "nearest_within_m")}
    accuracy, at = told["accuracy_m"], told["at"]
    if accuracy is not None:
        amounts["accuracy_m"] = accuracy
    require_amounts(**amounts)
    require_shares(undecided_below=told["undecided_below"])
    check_tz(told["tz"])
    if at is not None and (type(at) is not int or abs(at) > MOST_DAYS):
        raise ValueError(tr("its day is not one"))
    numbers = {**amounts, "undecided_below": told["undecided_below"]}
    options = {name: float(value) for name, value in numbers.items()}
    return {"accuracy_m": None, **options, "at": at, "tz": told["tz"]}

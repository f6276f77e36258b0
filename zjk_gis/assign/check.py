"""A column of answers that came with the data, checked against the layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assign.incidents import (
    accuracies,
    answer_columns,
    check_places,
    days_judged,
    one_accuracy,
    points_of,
)
from zjk_gis.assign.plan import AssignmentPlan, plan_for
from zjk_gis.assign.suspicions import Judged, suspicions_of
from zjk_gis.crs import convert_crs, require_layer
from zjk_gis.errors import GeometryError, InputError, MissingColumnError
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.coordinates import is_rejected
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.labels import check_language
from zjk_gis.layers.metric import require_amounts, require_shares
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.usual import ACCURATE, BORDER_M, NEAREST_M, TZ, UsualText
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import language, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.index.policy import Policy
    from zjk_gis.index.sections import SectionIndex
    from zjk_gis.index.zones import ZoneIndex
    from zjk_gis.layers.labels import Language

__all__ = ["AssignmentCheck", "check_assignment"]

_KINDS = (
    "agrees", "overlap", "border", "near", "far", "expired", "unknown_code", "blank", "no_position",
)  # fmt: skip


@presented
@checked
@dataclass(frozen=True, slots=True)
class AssignmentCheck:
    """How far recorded answers agree with a layer, and what their pattern points to.

    Attributes
    ----------
    rows : GeoDataFrame
        The incidents with ``computed_code`` (text, missing where nobody answers), ``agreement`` (text, see
        `check_assignment`) and ``recorded_m`` (float64): how far the recorded zone is, 0 in it; with `grids`,
        `sections` and `accuracy_m` also with their columns, as `assign_incidents` describes them.
    summary : DataFrame
        One row a kind of agreement: ``agreement``, ``count`` (int64), ``share`` (of all rows).
    suspicions : DataFrame
        One row a suspicion, the one that explains most first: ``suspicion`` (``shift``, ``other_vintage``,
        ``swapped_codes``, ``renamed_code``, ``other_code``, ``unknown_codes``), ``rows`` (int64, how many
        disagreements it would explain, less those it would make), ``agreement_before``, ``agreement_after``
        (shares of the rows judged), ``first_code``, ``second_code``, ``version``, ``datum``, ``shift_m``,
        ``shift_east_m``, ``shift_north_m`` (how far the positions lie off), and ``evidence`` (text).
    remarks : tuple of str
        What was done to read the recorded codes: how many matched only after their zeros were restored.
    tolerated_share : float
        The share of disagreement above which the check is not passed, whatever the cause.
    """

    rows: gpd.GeoDataFrame
    summary: pd.DataFrame
    suspicions: pd.DataFrame
    remarks: tuple[str, ...] = ()
    tolerated_share: float = 0.05

    def _count(self, *kinds: str) -> int:
        return int(self.summary.loc[self.summary["agreement"].isin(kinds), "count"].sum())

    @property
    def judged(self) -> int:
        """The rows with a position and a recorded code."""
        return len(self.rows) - self._count("blank", "no_position")

    @property
    def agreement(self) -> float:
        """The share of the rows judged that agree; NaN if there are none."""
        return self._count("agrees") / self.judged if self.judged else float("nan")

    @property
    def disagreement(self) -> float:
        """The share of the rows judged that neither agree nor lie at the border; NaN if there are none."""
        apart = self.judged - self._count("agrees", "border")
        return apart / self.judged if self.judged else float("nan")

    @property
    def passed(self) -> bool:
        """Whether rows were judged, no more disagree than is tolerated, and nothing is suspected."""
        return bool(self.disagreement <= self.tolerated_share) and not len(self.suspicions)

    def verdict(self, lang: Language = "zh") -> str:
        """Say in a sentence how many of the rows judged disagree, and whether that is too many.

        Parameters
        ----------
        lang : {"zh", "en"}, default "zh"

        Returns
        -------
        str
        """
        total, judged = len(self.rows), self.judged
        if not judged:
            return tr(
                "nothing could be compared: none of {total:,} rows has both a position and a recorded code",
                total=total,
                lang=lang,
            )
        apart, most = judged - self._count("agrees", "border"), f"{self.tolerated_share:.1%}"
        parts = [
            tr(
                "{apart:,} of {judged:,} rows compared ({disagreement:.1%}) disagree with the layer",
                apart=apart,
                judged=judged,
                disagreement=self.disagreement,
                lang=lang,
            )
        ]
        found = len(self.suspicions) > 0
        if self.disagreement > self.tolerated_share:
            parts.append(tr(", more than the {most} tolerated", most=most, lang=lang))
            parts += [] if found else [tr("; the cause was not found", lang=lang)]
        elif not found:
            parts.append(tr(", within the {most} tolerated; no pattern", most=most, lang=lang))
        if judged < total:
            parts.append(tr(" ({rest:,} rows not compared)", rest=total - judged, lang=lang))
        return "".join(parts)

    def _presentation(self) -> Presentation:
        said = tr(
            "{verdict}. Suspicions: {count:,}.", verdict=self.verdict(language()), count=len(self.suspicions)
        )
        found = self.summary[self.summary["count"] > 0]
        return excerpt(said, found, ["agreement", "count", "share"])


@checked
def check_assignment(
    incidents: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | ZoneIndex | AssignmentPlan,
    *,
    recorded: str = "zone_code",
    versions: Mapping[str, gpd.GeoDataFrame | ZoneIndex] | None = None,
    grids: gpd.GeoDataFrame | ZoneIndex | None = None,
    sections: gpd.GeoDataFrame | SectionIndex | None = None,
    code: str | None = None,
    level: int | str | None = None,
    time: str = "occurred_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = TZ,
    at: str | dt.date | None = None,
    border_within_m: float = BORDER_M,
    nearest_within_m: float = NEAREST_M,
    near_within_m: float = 50.0,
    accuracy_m: float | str | None = None,
    undecided_below: float = ACCURATE,
    tolerated_share: float = 0.05,
    policy: Policy | None = None,
    even_if_off: bool = False,
    lang: Language = "zh",
) -> AssignmentCheck:
    """Check the zones recorded with incidents against a layer, and say what the pattern points to (归属核对).

    Nothing is changed: a suspicion comes with its evidence, and a person decides. Codes are compared as
    text; a recorded code that became a number (5.0, or 5 for 05) is the layer's code if it can be no other,
    and ``remarks`` says how many were.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points with a column of recorded codes.
    zones : GeoDataFrame, ZoneIndex or AssignmentPlan
        Polygons: responsibility zones (责任区) or unit grids (单元网格), or what was compiled of them.
    recorded : str, default "zone_code"
        The column of `incidents` with the recorded codes.
    versions : mapping of str to GeoDataFrame or ZoneIndex, optional
        Other versions of the layer, by names; tried beside the days on which zones of `zones` begin or end.
    grids, sections
        As in `assign_incidents`: their answers stand beside the recorded ones in ``rows``, and positions may
        lie in them, too.
    code : str, optional
        The column of `zones` with their codes; by default ``zone_code``, or that of the index.
    level, time, dayfirst, time_format, tz, at, border_within_m, nearest_within_m, undecided_below, policy
        See `assign_incidents`.
    accuracy_m : float or str, optional
        How accurate the positions are, or the column that says it. A recorded zone within the accuracy of a
        position is at the border of it: the position does not tell them apart.
    near_within_m : float, default 50.0
        A recorded zone further from the incident than this is far.
    tolerated_share : float, default 0.05
        Of the rows judged, the share that may disagree (neither ``agrees`` nor ``border``) in a check that
        is passed; above it `AssignmentCheck.verdict` says so, whatever the cause and even if none is found.
    even_if_off : bool, default False
        Compare even if most positions lie far outside all zones and no shift explains it.
    lang : {"zh", "en"}, default "zh"
        The language of the evidence.

    Returns
    -------
    AssignmentCheck
        ``agreement`` is the first of these that holds:

        - ``no_position``; ``blank``: no code was recorded;
        - ``agrees``: the layer answers the recorded code;
        - ``unknown_code``: the layer has no such code; ``expired``: not on that day;
        - ``overlap``: the recorded zone holds the incident, but another answers;
        - ``border``: it is within `border_within_m`, or the accuracy, of it; ``near``: within
          `near_within_m`; ``far``.

    Raises
    ------
    MissingColumnError
        If `incidents` has no column `recorded`, or `zones` none of codes.
    EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used; the message names the rows. `InputError` as well if, of at least 20
        positions, most lie far outside all zones, unless a shift explains it or `even_if_off`.

    Notes
    -----
    A suspicion is told where it would bring at least 5 rows more into agreement than out of it, and at least
    a fifth of those that disagree.

    - ``shift``: a constant shift of all positions, found as that under which the incidents come nearest to
      their recorded zones (far ones capped, so that single mistakes do not draw it aside). It has to explain
      at least 10 rows and half of the disagreements, and be longer than `border_within_m`. It is called
      GCJ-02 or BD-09 where taking the positions for that explains as many.
    - ``other_vintage``: the zones of another day or version agree better.
    - ``swapped_codes``: most incidents in A are recorded as B's, and the other way round; ``renamed_code``:
      most in A under a code that the layer lacks; ``other_code``: most in A as B's, but not the other way
      round. At least 5 incidents each. Told of what the better of the first two leaves unexplained.
    - ``unknown_codes``: recorded codes that the layer lacks, always told.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547
    ... )
    >>> incidents = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "A", "A", "C"]},
    ...     geometry=[Point(50, 50), Point(100.2, 50), Point(190, 50), Point(50, 60)],
    ...     crs=4547,
    ... )
    >>> check = check_assignment(incidents, zones, lang="en")
    >>> check.rows[["zone_code", "computed_code", "agreement", "recorded_m"]].round(1)
      zone_code computed_code     agreement  recorded_m
    0         A             A        agrees         0.0
    1         A             B        border         0.2
    2         A             B           far        90.0
    3         C             A  unknown_code         NaN
    >>> check.agreement, check.suspicions["suspicion"].tolist()
    (0.25, ['unknown_codes'])
    >>> check.passed, check.verdict("en")
    (False, '2 of 4 rows compared (50.0%) disagree with the layer, more than the 5.0% tolerated')
    """
    # 1. What is asked can be answered: options, the column of recorded codes, zones as a plan.
    check_language(lang)
    require_amounts(near_within_m=near_within_m)
    require_shares(tolerated_share=tolerated_share)
    require_layer(incidents, "incidents")
    _check_recorded(incidents, recorded)
    plan = plan_for(
        zones,
        grids=grids,
        sections=sections,
        code="zone_code" if code is None and isinstance(zones, gpd.GeoDataFrame) else code,
        level=level,
        at=at,
        border_within_m=border_within_m,
        nearest_within_m=nearest_within_m,
        undecided_below=undecided_below,
        accuracy_m=one_accuracy(accuracy_m),
        policy=policy,
        tz=tz,
    )
    _check_plan(plan, near_within_m)
    others = {str(name): _version(layer, str(name), plan) for name, layer in (versions or {}).items()}
    points = points_of(incidents)
    # 2. What the layer answers, and what was recorded, in the codes of the layer.
    times: dict[str, Any] = {"time": time, "dayfirst": dayfirst, "time_format": time_format}
    days, _ = days_judged(incidents, plan, **times)
    answers = answer_columns(incidents, points, plan, days, accuracy_m=accuracy_m)
    first, code = plan.tasks[0].index, plan.tasks[0].code
    match = matched_codes(incidents[recorded], pd.Series(first.carried[code].texts()))
    judged = _judged(incidents, plan, answers, match.codes, days)
    # 3. How far they agree, row by row.
    border_m = np.fmax(plan.border_within_m, _accuracy_of_each(incidents, accuracy_m, plan))
    distance, agreement = _agreement(judged, border_m, near_within_m)
    index = incidents.index
    columns = {
        "computed_code": pd.Series(judged.computed, index=index, dtype="str"),
        "agreement": pd.Series(agreement, index=index, dtype="str"),
        "recorded_m": pd.Series(distance, index=index),
    }
    own = plan.first_alone().columns
    rows = with_answers(incidents, columns | {name: answers[name] for name in answers if name not in own})
    # 4. What the pattern points to; where most have nobody and no shift explains it, the places are wrong.
    suspicions = suspicions_of(judged, incidents, plan.first_alone(), others, times=times, lang=lang)
    nobody = judged.usable & pd.isna(judged.computed)
    is_off = 2 * nobody.sum() > judged.usable.sum() and "shift" not in set(suspicions["suspicion"])
    if is_off and not even_if_off:
        check_places(incidents, points, plan)
    remarks = tuple(match.told(recorded, lang))
    return AssignmentCheck(rows, _counted(agreement), suspicions, remarks, tolerated_share)


def _check_recorded(incidents: gpd.GeoDataFrame, recorded: str) -> None:
    """Refuse incidents without the column of recorded codes."""
    if recorded not in incidents:
        raise MissingColumnError(
            tr(
                "incidents: no column {recorded!r} with the recorded codes; its columns are "
                "{columns}. Name yours with recorded=",
                recorded=recorded,
                columns=", ".join(map(str, incidents.columns)),
            )
        )


def _check_plan(plan: AssignmentPlan, near_within_m: float) -> None:
    """Refuse zones that are lines, and a distance for near that is less than that for the border."""
    if not plan.tasks[0].index.is_areal:
        raise GeometryError(tr("zones: are not polygons; recorded answers are compared with zones or grids"))
    if near_within_m < plan.border_within_m:
        raise InputError(
            tr(
                "near_within_m ({near_within_m}) is less than border_within_m ({border_within_m})",
                near_within_m=near_within_m,
                border_within_m=plan.border_within_m,
            )
        )


def _judged(
    incidents: gpd.GeoDataFrame,
    plan: AssignmentPlan,
    answers: dict[str, Any],
    said: pd.Series,
    days: NDArray[np.int64],
) -> Judged:
    """Return what is compared: places, days, the code that was recorded and the one computed."""
    first = plan.tasks[0].index
    return Judged(
        points=convert_crs(incidents.geometry, first.measured_in, name="incidents").to_numpy(),
        said=said.astype(object).where(said.notna(), None).to_numpy(),
        computed=answers[plan.tasks[0].code].to_numpy(dtype=object, na_value=None),
        day=days if plan.at is None else np.full(len(incidents), plan.at),
        usable=~is_rejected(answers["reason"]).to_numpy(),
        index=first,
    )


def _agreement(
    judged: Judged, border_m: NDArray[np.float64], near_within_m: float
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Return how far each recorded zone is, and the first kind of agreement that holds."""
    distance, known, valid = judged.distances()
    kinds = {
        "no_position": ~judged.usable,
        "blank": pd.isna(judged.said),
        "agrees": judged.agrees,
        "unknown_code": ~known,
        "expired": ~valid,
        "overlap": judged.held_strictly(),
        "border": distance <= border_m,
        "near": distance <= near_within_m,
    }
    return distance, np.select(list(kinds.values()), list(kinds), "far")


def _counted(agreement: NDArray[np.str_]) -> pd.DataFrame:
    """Count the rows of each kind of agreement."""
    counts = pd.Series(agreement, dtype="str").value_counts()
    summary = pd.DataFrame({"agreement": pd.Series(_KINDS, dtype="str")})
    summary["count"] = summary["agreement"].map(counts).fillna(0).astype(np.int64)
    summary["share"] = summary["count"] / len(agreement) if len(agreement) else np.nan
    return summary


def _version(layer: gpd.GeoDataFrame | ZoneIndex, name: str, plan: AssignmentPlan) -> AssignmentPlan:
    """Prepare another version of the zones as those of a plan are, before any work begins."""
    first = plan.tasks[0].index
    is_layer = isinstance(layer, gpd.GeoDataFrame)
    version = AssignmentPlan.prepare(
        layer,
        code=first.code,
        level=first.asked_level if is_layer else None,
        policy=first.policy if is_layer else None,
        border_within_m=plan.border_within_m,
        nearest_within_m=plan.nearest_within_m,
        tz=UsualText(plan.tz),
        name=f"versions[{name!r}]",
    )
    return replace(version, at=plan.at)


def _accuracy_of_each(
    incidents: gpd.GeoDataFrame, accuracy_m: float | str | None, plan: AssignmentPlan
) -> NDArray[np.float64]:
    """Return how accurate each position is, NaN where it is not known."""
    if isinstance(accuracy_m, str):
        return accuracies(incidents, accuracy_m)[0]
    return np.full(len(incidents), np.nan if plan.accuracy_m is None else plan.accuracy_m)

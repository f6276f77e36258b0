"""The public face of assignment: incidents in, the same incidents out, each with who answers for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.assign.kernel import Answers, Rows, answer_by_lines, answer_by_polygons
from zjk_gis.assign.policy import rank_of
from zjk_gis.crs import require_crs
from zjk_gis.engine import LineIndex, PolygonIndex
from zjk_gis.errors import GeometryError, MissingColumnError, name_rows
from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES, ROAD_SECTIONS, UNIT_GRIDS
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.periods import ALWAYS, NEVER, day_of, days_of, validity_days
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.spec import LINEAR
from zjk_gis.layers.versions import of_level

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["assign_incidents"]

_CODES = (RESPONSIBILITY_ZONES.code, UNIT_GRIDS.code, ROAD_SECTIONS.code)
_CARRIED = ("chief_code", "chief_name")
_SIDES = {"左侧": 1, "右侧": -1}
_GRID_CODE_DIGITS = 15
# The parts of a 15-digit grid code: 6 district + 3 street + 3 community + 3 sequence.
_PARTS_OF_GRID_CODE = {"community_code": 12, "street_code": 9, "district_code": 6}


def assign_incidents(
    incidents: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    grids: gpd.GeoDataFrame | None = None,
    sections: gpd.GeoDataFrame | None = None,
    code: str | None = None,
    level: int | None = None,
    time: str = "occurred_at",
    at: str | dt.date | None = None,
    border_within_m: float = 0.5,
    nearest_within_m: float = 50.0,
) -> gpd.GeoDataFrame:
    """Find who answers for each incident: its zone and road chief (路长), unit grid and road section.

    Every incident comes back exactly once, in its order and under its index label. The answer is the same
    whatever the order of the rows of any layer.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points (案件) in any CRS. Rows without a usable point are kept and say so.
    zones : GeoDataFrame
        The layer that answers: responsibility zones (责任区), unit grids (单元网格) or road sections
        (责任路段), told by the column of codes. Zones may overlap, nest and leave gaps.
    grids : GeoDataFrame, optional
        Unit grids, to add the grid of each incident and, read off its 15-digit code, the community (社区),
        street (街道) and district (区县).
    sections : GeoDataFrame, optional
        Road sections with their chiefs, to add the nearest one. A section of `side` 左侧 or 右侧 answers
        only for that side, seen along its line.
    code : str, optional
        The column of codes of `zones`; by default ``zone_code``, ``grid_code`` or ``section_code``,
        whichever it has.
    level : int, optional
        Which level of a hierarchy answers; by default the finest (the greatest number in ``level``).
    time : str, default "occurred_at"
        The column with the time of each incident. Zones with a validity period (``valid_from``,
        ``valid_to``, both days included) answer only for what happened in it.
    at : date or str, optional
        Judge all incidents by the zones of this day instead.
    border_within_m : float, default 0.5
        How near to a border counts as on it. 0 means exactly on it.
    nearest_within_m : float, default 50.0
        How far the nearest zone or section may be to answer for an incident outside all of them. 0 turns
        the fallback off.

    Returns
    -------
    GeoDataFrame
        A copy of `incidents` with these columns more:

        - the column of codes (such as ``zone_code``, text): who answers, missing where nobody does;
        - ``found`` (text): ``inside``, ``border``, ``nearest`` or ``none``;
        - ``distance_m`` (float64): from the incident to what answers, 0 inside, NaN for ``none``;
        - ``candidates`` (int64): how many zones could answer;
        - ``ambiguous`` (bool): whether a person should look, because several could answer or nobody does;
        - ``reason`` (text): ``one_zone``, ``overlap``, ``shared_border``, ``outer_border``,
          ``within_reach``, ``tie``, ``expired_zone`` (the ground has a zone, but not on that day),
          ``out_of_reach``, ``no_position`` or ``bad_position``;
        - ``chief_code`` and ``chief_name`` where the layer has them.

        With `grids` the same as ``grid_code``, ``grid_found``, ``grid_distance_m`` and so on, and
        ``community_code``, ``street_code``, ``district_code``; with `sections` as ``section_code``,
        ``section_found`` and so on. A column of `incidents` that has one of these names already is kept as
        ``<name>_recorded``. ``attrs["assignment"]`` tells the CRS measured in, the level, the distances
        and what was renamed.

    Raises
    ------
    MissingColumnError
        If `zones` has no column of codes, or the incidents have no `time` while the zones have periods.
    EmptyLayerError
        If `zones`, `grids` or `sections` has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If zones are invalid or of the wrong kind, or incidents are no points; the message names the rows.
    InputError
        If a distance is negative or not finite, or a date cannot be read.

    Notes
    -----
    Where several zones could answer: one that strictly contains the incident comes before one that only
    touches it; then the highest ``priority``, the smallest area, the lowest code. Distances are measured in
    the layer's own CRS if that is metric, otherwise in the CGCS2000 3-degree zone of its centre.

    An incident is judged by the zones valid when it **occurred**, as chiefs change between occurrence and
    dispatch. One with no time may be answered by any version and is ambiguous if that matters.

    Examples
    --------
    Two zones side by side; an incident inside the first, one on their border, one 20 m outside:

    >>> import geopandas as gpd
    >>> from shapely import Point, box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "chief_code": ["LZ01", "LZ02"]},
    ...     geometry=[box(573000, 4520000, 573100, 4520100), box(573100, 4520000, 573200, 4520100)],
    ...     crs=4547,
    ... )
    >>> incidents = gpd.GeoDataFrame(
    ...     geometry=[Point(573050, 4520050), Point(573100, 4520050), Point(573220, 4520050)], crs=4547
    ... )
    >>> assigned = assign_incidents(incidents, zones)
    >>> assigned[["zone_code", "found", "distance_m", "candidates", "ambiguous"]]
      zone_code    found  distance_m  candidates  ambiguous
    0         A   inside         0.0           1      False
    1         A   border         0.0           2       True
    2         B  nearest        20.0           1      False
    >>> assigned["chief_code"].tolist()
    ['LZ01', 'LZ01', 'LZ02']
    """
    require_amounts(border_within_m=border_within_m, nearest_within_m=nearest_within_m)
    _check_points(incidents)
    tasks = [_prepare(zones, "zones", code, level)]
    if grids is not None:
        tasks.append(_prepare(grids, "grids", UNIT_GRIDS.code, None, prefix="grid_"))
    if sections is not None:
        tasks.append(_prepare(sections, "sections", ROAD_SECTIONS.code, None, prefix="section_"))
    day = _days(incidents, time, at, needed=any(task.has_periods for task in tasks))

    columns: dict[str, pd.Series] = {}
    for task in tasks:
        x, y = _coordinates(incidents, task.layer.crs)
        answers = task.answer(x, y, day, border_within_m, nearest_within_m)
        _say_what_was_unusable(answers, incidents, x, y)
        columns.update(_as_columns(task, answers, incidents.index))
    assigned = with_answers(incidents, columns)
    assigned.attrs["assignment"] = {
        "crs": tasks[0].layer.crs.to_string(),
        "level": tasks[0].level,
        "border_within_m": float(border_within_m),
        "nearest_within_m": float(nearest_within_m),
        "renamed": assigned.attrs.pop("renamed"),
    }
    return assigned


@dataclass(frozen=True, slots=True)
class _Task:
    """A layer made ready to answer."""

    layer: gpd.GeoDataFrame
    code: str
    prefix: str
    level: int | None
    rows: Rows
    index: PolygonIndex | LineIndex

    @property
    def has_periods(self) -> bool:
        return bool((self.rows.begins > NEVER).any() or (self.rows.ends < ALWAYS).any())

    def answer(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        day: NDArray[np.int64],
        border_within_m: float,
        nearest_within_m: float,
    ) -> Answers:
        if isinstance(self.index, PolygonIndex):
            return answer_by_polygons(
                self.index,
                self.rows,
                x,
                y,
                day,
                border_within=border_within_m,
                nearest_within=nearest_within_m,
            )
        return answer_by_lines(
            self.index, self.rows, x, y, day, tie_within=border_within_m, nearest_within=nearest_within_m
        )


def _prepare(
    layer: gpd.GeoDataFrame, name: str, code: str | None, level: int | None, *, prefix: str = ""
) -> _Task:
    """Check a layer before any work begins, and compile it."""
    if code is None:
        code = next((column for column in _CODES if column in layer), None)
    if code is None:
        message = (
            f"{name}: no column of codes; it needs {', '.join(_CODES[:-1])} or {_CODES[-1]}, or name yours "
            f"with code= (its columns are {', '.join(map(str, layer.columns))})"
        )
        raise MissingColumnError(message)
    kinds = set(layer.geom_type.dropna())
    is_linear = bool(kinds) and kinds <= LINEAR
    layer = ready(layer, name, code=code, kind="line" if is_linear else "polygon")
    if not is_linear or level is not None:  # a section of any level answers unless one is asked for
        layer, level = of_level(layer, level, name)
    begins, ends = validity_days(layer, name)
    shapes = layer.geometry.to_numpy()
    if is_linear and "side" in layer:
        side = layer["side"].map(_SIDES).fillna(0).to_numpy(np.int8)
    else:
        side = np.zeros(len(layer), dtype=np.int8)
    rows = Rows(
        code=pd.factorize(layer[code].astype(str), sort=True)[0].astype(np.int64),
        rank=rank_of(layer, code, begins),
        begins=begins,
        ends=ends,
        side=side,
    )
    return _Task(layer, code, prefix, level, rows, LineIndex(shapes) if is_linear else PolygonIndex(shapes))


def _check_points(incidents: gpd.GeoDataFrame) -> None:
    """Refuse incidents that are no points; those without any geometry are let through and say so."""
    require_crs(incidents, "incidents")
    wrong = incidents.geom_type.notna() & (incidents.geom_type != "Point")
    if wrong.any():
        kinds = ", ".join(sorted(set(incidents.geom_type[wrong])))
        message = (
            f"incidents: {int(wrong.sum())} of {len(incidents)} rows are no points but {kinds} "
            f"({name_rows(incidents.index[wrong])}); use .representative_point() or .explode() first"
        )
        raise GeometryError(message)


def _days(
    incidents: gpd.GeoDataFrame, time: str, at: str | dt.date | None, *, needed: bool
) -> NDArray[np.int64]:
    if at is not None:
        return np.full(len(incidents), day_of(at))
    if time in incidents:
        return days_of(incidents[time], f"incidents: {time}")
    if needed:
        message = (
            f"incidents: no column {time!r}, and the zones hold only for certain periods; name the column "
            "of times with time=, or judge all by one day with at="
        )
        raise MissingColumnError(message)
    return np.full(len(incidents), NEVER)


def _coordinates(incidents: gpd.GeoDataFrame, crs: CRS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the incidents' coordinates in a CRS; NaN where there is no point or it cannot be converted."""
    from pyproj import Transformer

    x, y = shapely.get_x(incidents.geometry.to_numpy()), shapely.get_y(incidents.geometry.to_numpy())
    if incidents.crs != crs:
        x, y = Transformer.from_crs(incidents.crs, crs, always_xy=True).transform(x, y)
    usable = np.isfinite(x) & np.isfinite(y)
    return np.where(usable, x, np.nan), np.where(usable, y, np.nan)


def _say_what_was_unusable(
    answers: Answers, incidents: gpd.GeoDataFrame, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    empty = (incidents.geometry.isna() | incidents.geometry.is_empty).to_numpy()
    answers.reason[~(np.isfinite(x) & np.isfinite(y))] = "bad_position"
    answers.reason[empty] = "no_position"


def _as_columns(task: _Task, answers: Answers, index: pd.Index) -> dict[str, pd.Series]:
    """Name the answers, and take along what the answering row says of its chief."""
    nobody = answers.row < 0

    def text(values: NDArray[np.object_]) -> pd.Series:
        return pd.Series(values, index=index, dtype="str")

    def taken(column: str) -> pd.Series:
        values = task.layer[column].to_numpy(dtype=object)[answers.row]
        values[nobody | pd.isna(values)] = None
        return text(values)

    columns = {
        task.code: taken(task.code),
        f"{task.prefix}found": text(answers.found),
        f"{task.prefix}distance_m": pd.Series(answers.distance, index=index),
        f"{task.prefix}candidates": pd.Series(answers.candidates, index=index),
        f"{task.prefix}ambiguous": pd.Series(answers.ambiguous, index=index),
        f"{task.prefix}reason": text(answers.reason),
    }
    columns |= {task.prefix + name: taken(name) for name in _CARRIED if name in task.layer}
    if task.code == UNIT_GRIDS.code:
        grid = columns[task.code]
        well_formed = grid.str.fullmatch(rf"\d{{{_GRID_CODE_DIGITS}}}").fillna(False).astype(bool)
        for name, digits in _PARTS_OF_GRID_CODE.items():
            columns[name] = grid.where(well_formed).str[:digits]
    return columns

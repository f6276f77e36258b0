"""How far the policy's numbers are reached, measured from the layers of the city, or what that lacks.

The rule of each target, by which anybody can count again; what is not dated, or dated after the day that is
asked for, does not count, and neither does a row whose value is not understood:

- ``new_public_berths`` (六): berths of lots open to the public (公共, 道路临时泊位) filed (备案) since a day;
- ``waste_sorting_coverage`` (十五): communities with a collection point for at least four kinds of waste, of
  all communities inside the built-up areas;
- ``mechanical_sweeping`` (十六): metres of road swept by machines, of all; by county, each edge where its
  middle lies;
- ``streets_per_county`` (十七): streets that take part in 精品街道 or 美丽街区, by county;
- ``model_streets`` (十七): streets that have become one;
- ``green_communities`` (二十二): communities that have reached the standard of 绿色社区, of all;
- ``penalties_published`` (三十): decisions published within 7 working days, of all whose time is over or that
  were published.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import moment_of
from zjk_gis.assess.working_time import WorkingCalendar
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.periods import NEVER, days_of
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.layers.metric import ready
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["MEASURED_LAYERS", "measured_targets"]

_FOR_ALL = ("公共", "道路临时泊位")
_MACHINE = "机械清扫"
_DAY = np.timedelta64(1, "D")


@checked
def measured_targets(
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    as_of: str | dt.date,
    since: str | dt.date = "2022-01-01",
    calendar: WorkingCalendar | None = None,
    tables: Overrides | None = None,
) -> pd.DataFrame:
    """Measure the policy's own numbers from the layers of the city, and name what is missing for the others.

    See `zjk_gis.assess.measured` for the rule of each. What it returns is what `target_progress` takes.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        By the names of the catalogue; those that are needed are ``parking_lots``, ``communities``,
        ``waste_points``, ``built_up_areas``, ``roads``, ``districts``, ``streets`` and
        ``enforcement_cases``.
    as_of : date or time, or str
        A day means its end: what happened afterwards does not count.
    since : date or str, default "2022-01-01"
        From which day on berths are new.
    calendar : WorkingCalendar, optional
        By default that of the table ``workdays``.
    tables : mapping, str or Path, optional
        Your own rows of ``targets``, ``limits`` and ``workdays``.

    Returns
    -------
    DataFrame
        A row a target and area, in the order of the table ``targets``, also of those that cannot be measured:
        ``target``, ``target_title``, ``clause``, ``area`` (a district's code; "" for the city),
        ``numerator``, ``denominator`` (float64; of a number missing), ``measured_by`` (what was counted, of
        what, from which layers), ``left_out`` (int64: rows of which it is not known) and ``data_lacking``
        (which layer or column is missing; "" where it is measured). ``attrs["set_aside"]`` lists the rows
        whose value or shape is not sound, and why.

    Raises
    ------
    InputError
        If `layers` has none of the catalogue, a date cannot be read, or no value of a coded column is
        understood.
    CRSError, GeometryError
        If a layer cannot be measured.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> lots = gpd.GeoDataFrame(
    ...     {
    ...         "lot_code": ["T1", "T2", "T3"],
    ...         "lot_kind": ["公共", "公共", "专用"],
    ...         "berths": [300, 200, 500],
    ...         "filed_on": ["2022-05-01", "2019-05-01", "2022-06-01"],
    ...     },
    ...     geometry=[Point(0, 0)] * 3,
    ...     crs=4547,
    ... )
    >>> from zjk_gis.words import speaking
    >>> with speaking("en"):
    ...     found = measured_targets({"parking_lots": lots}, as_of="2022-12-31")
    >>> found.loc[:1, ["target", "numerator", "data_lacking"]]
                       target  numerator                           data_lacking
    0       new_public_berths      300.0
    1  waste_sorting_coverage        NaN  layer communities, layer waste points
    """
    known = [name for name in layers if name in MEASURED_LAYERS]
    if not known:
        raise InputError(
            tr(
                "layers: none of those by which targets are measured is there: {known}",
                known=listed(MEASURED_LAYERS),
            )
        )
    targets = rules_table("targets", overrides=tables)
    day = int((moment_of(as_of) - np.timedelta64(1, "us")).astype("M8[D]").astype(np.int64))
    aside = SetAside()
    asked = _Asked(layers, day, _day_of(since), calendar or WorkingCalendar.of(tables=tables), tables, aside)
    rows: list[dict[str, Any]] = []
    for target in targets.to_dict("records"):
        told = {
            "target": target["target"],
            "target_title": target["title"],
            "clause": target["clause"],
        }
        rows += [told | measure for measure in _measures_of(str(target["target"]), asked)]
    columns = [
        "target", "target_title", "clause", "area", "numerator", "denominator", "measured_by", "left_out",
        "data_lacking",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    dtypes: dict[str, Any] = dict.fromkeys(("area", "measured_by", "data_lacking"), "str")
    dtypes |= {"numerator": np.float64, "denominator": np.float64, "left_out": np.int64}
    measured: pd.DataFrame = aside.told_in(table.astype(dtypes))
    return measured


@dataclass(frozen=True)
class _Asked:
    """What is measured from, and as of which day."""

    layers: Mapping[str, gpd.GeoDataFrame]
    day: int
    since: int
    calendar: WorkingCalendar
    tables: Overrides | None
    aside: SetAside

    def limit(self, name: str) -> float:
        """Return a number of the table ``limits``."""
        return float(str(rules_table("limits", overrides=self.tables).set_index("limit").loc[name, "value"]))

    def dates(self, layer: str, column: str) -> NDArray[np.int64]:
        """Return the days of a column, as numbers; `NEVER` where there is none."""
        return days_of(self.layers[layer][column], tr("{name}: {what}", name=layer, what=column))

    def happened(self, layer: str, column: str) -> NDArray[np.bool_]:
        """Tell which rows have a date, not after the day that is asked for."""
        days = self.dates(layer, column)
        happened: NDArray[np.bool_] = (days != NEVER) & (days <= self.day)
        return happened


@dataclass(frozen=True)
class _Figure:
    """One number of one area, and what it is made of."""

    numerator: float
    denominator: float = np.nan
    area: str = ""


@dataclass(frozen=True)
class _Found:
    """What was measured of one target."""

    figures: list[_Figure]
    by: str
    left_out: int = 0


@dataclass(frozen=True)
class _Measure:
    """How a target is measured, and the columns by layer without which it cannot be."""

    how: Callable[[_Asked], _Found]
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _measures_of(target: str, asked: _Asked) -> list[dict[str, Any]]:
    """Return the rows of one target."""
    nothing = {"area": "", "numerator": np.nan, "denominator": np.nan, "measured_by": "", "left_out": 0}
    if target not in _MEASURES:
        return [nothing | {"data_lacking": tr("no rule says how to measure it from layers")}]
    measure = _MEASURES[target]
    lacking = _lacking(measure.needs, asked.layers)
    if lacking:
        return [nothing | {"data_lacking": listed(lacking)}]
    found = measure.how(asked)
    rows = []
    for figure in found.figures:
        is_empty = figure.denominator == 0
        rows.append(
            {
                "area": figure.area,
                "numerator": np.nan if is_empty else figure.numerator,
                "denominator": np.nan if is_empty else figure.denominator,
                "measured_by": found.by,
                "left_out": found.left_out,
                "data_lacking": tr("nothing to count it by") if is_empty else "",
            }
        )
    return rows


def _lacking(needs: dict[str, tuple[str, ...]], layers: Mapping[str, gpd.GeoDataFrame]) -> list[str]:
    """Name the layers and columns that are not there, or hold nothing."""
    words = []
    for name, columns in needs.items():
        spec = spec_of(name)
        if name not in layers or not len(layers[name]):
            words.append(tr("layer {layer}", layer=_title(name)))
            continue
        for column in columns:
            if column not in layers[name] or layers[name][column].isna().all():
                title = spec.field(column).title if language() == "zh" else column
                words.append(tr("column {column} of layer {layer}", column=title, layer=_title(name)))
    return words


def _title(layer: str) -> str:
    return spec_of(layer).title if language() == "zh" else layer.replace("_", " ")


def _day_of(since: str | dt.date) -> int:
    return int((moment_of(since, "since") - np.timedelta64(1, "us")).astype("M8[D]").astype(np.int64))


def _new_berths(asked: _Asked) -> _Found:
    lots = asked.layers["parking_lots"]
    aside = asked.aside
    is_public = aside.coded(lots, spec_of("parking_lots").field("lot_kind"), "parking_lots").isin(_FOR_ALL)
    berths, is_unknown = aside.amounts(lots, "parking_lots", "berths")
    days = asked.dates("parking_lots", "filed_on")
    is_new = is_public.to_numpy(dtype=bool) & (days != NEVER) & (days >= asked.since) & (days <= asked.day)
    unknown = is_public.to_numpy(dtype=bool) & ((days == NEVER) | is_unknown)
    since = str(np.datetime64(asked.since, "D"))
    by = tr("berths of public lots filed since {since} (parking lots)", since=since)
    return _Found([_Figure(float(berths[is_new].sum()))], by, int(unknown.sum()))


def _sorting(asked: _Asked) -> _Found:
    communities, points = asked.layers["communities"], asked.layers["waste_points"]
    least = asked.limit("waste_kinds")
    kinds, is_unknown = asked.aside.amounts(points, "waste_points", "sorted_kinds")
    owner = code_text(points["community_code"])
    sorting = {*owner[(kinds >= least) & ~is_unknown].dropna()}
    codes = code_text(communities["community_code"])
    inside = np.ones(len(communities), dtype=bool)
    if "built_up_areas" in asked.layers:
        sound = asked.aside.sound(communities, "communities", kind="polygon")
        ground = ready(sound, "communities", kind="polygon")
        town = ready(asked.layers["built_up_areas"], "built_up_areas", kind="polygon", crs=ground.crs)
        middle = shapely.point_on_surface(ground.geometry.to_numpy())
        is_town = shapely.intersects(cover_of(town.geometry.to_numpy()), middle)
        inside = communities.index.isin(ground.index[is_town])
    by = tr(
        "communities with a collection point for at least {least:g} kinds, of all (by number)", least=least
    )
    figure = _Figure(float((codes.isin(sorting) & inside).sum()), float(inside.sum()))
    return _Found([figure], by, int((is_unknown | owner.isna().to_numpy()).sum()))


def _sweeping(asked: _Asked) -> _Found:
    whole = asked.layers["roads"]
    roads = ready(asked.aside.sound(whole, "roads", kind="line"), "roads", kind="line")
    districts = ready(asked.layers["districts"], "districts", kind="polygon", crs=roads.crs)
    method = asked.aside.coded(roads, spec_of("roads").field("sweeping_method"), "roads")
    is_known, by_machine = method.notna().to_numpy(), (method == _MACHINE).to_numpy(dtype=bool)
    lines = roads.geometry.to_numpy()
    length, middle = shapely.length(lines), shapely.line_interpolate_point(lines, 0.5, normalized=True)
    codes = code_text(districts["district_code"]).to_numpy(dtype=object)
    order = np.argsort(codes.astype(str), kind="stable")  # of equally near ones the lowest code
    row, at = shapely.STRtree(districts.geometry.to_numpy()[order]).query_nearest(middle, all_matches=True)
    lowest = np.lexsort((at, row))
    row, at = row[lowest], at[lowest]
    first = np.unique(row, return_index=True)[1]
    owner = codes[order][at[first]]
    figures = [
        _Figure(
            float(np.sort(length[own & is_known & by_machine]).sum()),
            float(np.sort(length[own & is_known]).sum()),
            str(code),
        )
        for code in sorted({*codes})
        for own in [owner == code]
    ]
    left_out = len(whole) - int(is_known.sum())
    return _Found(figures, tr("metres of road swept by machines, of all (by length)"), left_out)


def _taking_part(asked: _Asked) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    streets = asked.layers["streets"]
    blank = as_text(streets["model_title"]).isna()
    titles = asked.aside.coded(streets[~blank], spec_of("streets").field("model_title"), "streets")
    return streets, titles.reindex(streets.index).notna().to_numpy()


def _per_county(asked: _Asked) -> _Found:
    streets, takes_part = _taking_part(asked)
    counties = code_text(streets["district_code"])
    figures = [
        _Figure(float((takes_part & (counties == code).to_numpy(dtype=bool)).sum()), area=str(code))
        for code in sorted({*counties.dropna()})
    ]
    return _Found(figures, tr("streets that take part, by county (streets)"), int(counties.isna().sum()))


def _model_streets(asked: _Asked) -> _Found:
    _, takes_part = _taking_part(asked)
    reached = takes_part & asked.happened("streets", "model_since")
    return _Found([_Figure(float(reached.sum()))], tr("streets that have become one (streets)"))


def _green(asked: _Asked) -> _Found:
    reached = asked.happened("communities", "green_since")
    by = tr("communities that have reached the standard, of all (by number)")
    return _Found([_Figure(float(reached.sum()), float(len(reached)))], by)


def _published(asked: _Asked) -> _Found:
    decided, published = (asked.dates("enforcement_cases", name) for name in ("decided_on", "published_on"))
    within = int(asked.limit("penalty_published_within"))
    rows = np.flatnonzero((decided != NEVER) & (decided <= asked.day))
    due = asked.calendar.workdays_after(decided[rows].astype("M8[D]"), within, refuse=False)
    is_told = (published[rows] != NEVER) & (published[rows] <= asked.day)
    last = due.astype(np.int64)
    counts = ~np.isnat(due) & (is_told | (last < asked.day))
    in_time = counts & is_told & (published[rows] <= last)
    by = tr("decisions published within {days} working days, of all whose time is over", days=within)
    figure = _Figure(float(in_time.sum()), float(counts.sum()))
    return _Found([figure], by, int(np.isnat(due).sum()))


_MEASURES = {
    "new_public_berths": _Measure(_new_berths, {"parking_lots": ("lot_kind", "berths", "filed_on")}),
    "waste_sorting_coverage": _Measure(
        _sorting,
        {"communities": ("community_code",), "waste_points": ("community_code", "sorted_kinds")},
    ),
    "mechanical_sweeping": _Measure(
        _sweeping, {"roads": ("sweeping_method",), "districts": ("district_code",)}
    ),
    "streets_per_county": _Measure(_per_county, {"streets": ("district_code", "model_title")}),
    "model_streets": _Measure(_model_streets, {"streets": ("model_title", "model_since")}),
    "green_communities": _Measure(_green, {"communities": ("green_since",)}),
    "penalties_published": _Measure(_published, {"enforcement_cases": ("decided_on", "published_on")}),
}
MEASURED_LAYERS = (
    *dict.fromkeys(name for measure in _MEASURES.values() for name in measure.needs),
    "built_up_areas",
)

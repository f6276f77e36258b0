"""Covers and their files (井盖台账): too weak for their road, due, unowned, entered twice; how complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import INCIDENTS, MANHOLES, PIPELINES
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.periods import NEVER, day_of, days_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text, converted, understood
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay import overlay_layers
from zjk_gis.pipes.in_use import in_use
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides
    from zjk_gis.words import Language

__all__ = ["archive_completeness", "cover_faults", "incidents_per_cover"]

# The load class that each place asks for (GB/T 23858-2009).
_ASKED = {"车行道": "D400", "路缘": "C250", "背街小巷": "C250", "人行道": "B125", "非机动车道": "B125",
          "停车场": "B125", "绿化带": "A15", "货运站": "E600", "机场跑道": "F900"}  # fmt: skip
_DRAINS = ("WS", "YS", "HS", "PS")
_TWIN_M = 0.5  # position accuracy of class A parts
_OCCURRED = INCIDENTS.field("occurred_at").name
# What the file of a manhole must say (practice of 一井一档案).
_ARCHIVE = ("well_number", "pipe_kind", "ground_level_m", "well_depth_m", "cover_material", "cover_size",
            "load_class", "place", "has_net", "inspected_on", "road_name", "owner", "state")  # fmt: skip


@checked
def cover_faults(
    manholes: gpd.GeoDataFrame,
    *,
    pipelines: gpd.GeoDataFrame | None = None,
    places: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    inspected_within_days: int | None = None,
    twins_within_m: float = _TWIN_M,
    nearest_within_m: float = 1.0,
    fallback: str = "城市管理综合行政执法局",
    tables: Overrides | None = None,
    lang: Language = "zh",
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find covers that need somebody's attention, by what their files say.

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code``; with ``load_class``, ``place`` (车行道, 人行道, 绿化带 ...),
        ``pipe_kind``, ``has_net``, ``net_due_on``, ``inspected_on`` and ``owner`` where they are known.
    pipelines : GeoDataFrame, optional
        Lines with ``pipe_code`` and ``pipe_kind``, with which the kind of a manhole is compared.
    places : GeoDataFrame, optional
        Polygons with ``place``: what the ground is where a cover does not say so itself.
    at : date or str, optional
        The day that is judged: covers and pipes in use on it count; without it all do, and nothing is due.
    inspected_within_days : int, optional
        How often a cover must be inspected; without it that is not judged.
    twins_within_m : float, default 0.5
        Two covers of one kind this near are perhaps one.
    nearest_within_m : float, default 1.0
        A pipe this near tells what a manhole belongs to.
    fallback : str, default "城市管理综合行政执法局"
        The department that answers where no owner is known (兜底).
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the table ``checks``.
    lang : {"zh", "en"}, default "zh"
        The language of the messages.
    strict : bool, default False
        Refuse rows without a sound shape, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a fault, by rule and cover, points in a metric CRS: ``finding_code``, ``rule`` (a key of the
        table ``checks``), ``title``, ``severity``, ``manhole_code``, ``other`` (another cover or pipe
        concerned), ``value`` and ``limit`` (float64), ``message``, ``owner`` (text, who must act: the owner
        or the fallback), ``rule_source``, ``confidence``. The rules: ``weak_cover``, ``kind_disagrees``,
        ``no_net``, ``net_due``, ``inspection_due``, ``twin_covers``, ``unnumbered_cover``, ``no_owner``.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If load classes, places or kinds are there and none is understood, a date cannot be read, or a number
        is negative.

    Notes
    -----
    GB/T 23858-2009: A15 in green belts, B125 on footways, cycle lanes and car parks, C250 in back streets,
    estates and within 0.5 m of the kerb, D400 on carriageways, E600 in freight yards, F900 on runways.

    Examples
    --------
    >>> import geopandas as gpd
    >>> wells = gpd.GeoDataFrame(
    ...     {
    ...         "manhole_code": ["M1", "M2"],
    ...         "load_class": ["B125", "D400"],
    ...         "place": ["车行道", "人行道"],
    ...         "owner": ["排水公司", "待定"],
    ...     },
    ...     geometry=gpd.points_from_xy([0, 50], [0, 0]),
    ...     crs=4547,
    ... )
    >>> cover_faults(wells, lang="en")[["rule", "manhole_code", "message"]].iloc[0].tolist()
    ['weak_cover', 'M1', 'B125, where carriageway asks for D400']
    """
    require_amounts(twins_within_m=twins_within_m, nearest_within_m=nearest_within_m)
    if inspected_within_days is not None:
        require_amounts(inspected_within_days=inspected_within_days)
    aside = SetAside(strict=strict)
    if MANHOLES.code not in manholes:
        ready(manholes, "manholes", kind="point", code=MANHOLES.code)
    given = in_use(aside.sound(manholes, "manholes", kind="point"), "manholes", at, aside)
    wells = ready(given, "manholes", kind="point").reset_index(drop=True)
    register = _Register(wells, fallback, tables, lang)
    register.unnumbered()
    register.weak(_places(wells, places))
    if pipelines is not None:
        register.kinds(in_use(pipelines, "pipelines", at, aside), nearest_within_m, aside)
    day = None if at is None else day_of(at)
    register.nets(day)
    if day is not None and inspected_within_days is not None:
        register.inspections(day, inspected_within_days)
    register.twins(twins_within_m)
    register.unowned()
    return aside.told_in(register.findings())


def _understood(layer: pd.DataFrame, column: str) -> NDArray[np.object_]:
    """Return coded values, empty where there is none; refuse a column of which nothing is understood."""
    if column not in layer:
        return np.full(len(layer), "", dtype=object)
    from zjk_gis.layers.columns.values import coded

    meant, _ = coded(layer, MANHOLES.field(column), "manholes")
    return meant.fillna("").to_numpy(dtype=object)


def _places(wells: gpd.GeoDataFrame, places: gpd.GeoDataFrame | None) -> NDArray[np.object_]:
    """Return the place of each cover: by its file, else by the ground it lies in."""
    own = _understood(wells, "place")
    if places is None:
        return own
    require_columns(places, "places", "place")
    bare = gpd.GeoDataFrame(geometry=wells.geometry)
    found = overlay_layers(bare, places, code="place", columns=[])
    meant, _ = understood(found["place"], MANHOLES.field("place"))
    return np.where(own == "", meant.fillna("").to_numpy(dtype=object), own)


class _Register:
    """The covers, and what was found amiss so far."""

    def __init__(
        self, wells: gpd.GeoDataFrame, fallback: str, tables: Overrides | None, lang: Language
    ) -> None:
        self.wells, self.fallback, self.lang = wells, fallback, lang
        self.codes = code_text(wells[MANHOLES.code]).fillna("").to_numpy(dtype=object)
        named = (
            somebody(wells["owner"]) if "owner" in wells else pd.Series(None, index=wells.index, dtype="str")
        )
        self.owner = named.fillna("").to_numpy(dtype=object)
        self.checks = rules_table("checks", overrides=tables).set_index("check")
        kinds = (
            rules_table("pipe_kinds", overrides=tables).drop_duplicates("pipe_kind").set_index("pipe_kind")
        )
        self.classes = kinds["class_code"]
        self.names = kinds["pipe_kind_name" if lang == "zh" else "english_name"]
        self.kind = _understood(wells, "pipe_kind")
        self.rows: list[dict[str, Any]] = []

    def note(self, rule: str, well: int, *, other: str = "", value: float = np.nan, limit: float = np.nan,
             **words: object) -> None:  # fmt: skip
        """Remember a fault of a cover."""
        check = self.checks.loc[rule]
        shown = f"{value:,.2f}".rstrip("0").rstrip(".")
        said = {"value": shown, "limit": f"{limit:g}", "other": other} | words
        self.rows.append(
            {
                "rule": rule,
                "title": check[f"title_{self.lang}"],
                "severity": check["severity"],
                "manhole_code": self.codes[well] or None,
                "other": other or None,
                "value": value,
                "limit": limit,
                "message": check[f"message_{self.lang}"].format(**said),
                "owner": self.owner[well] or self.fallback,
                "rule_source": check["source"],
                "confidence": check["confidence"],
                "well": well,
            }
        )

    def unnumbered(self) -> None:
        """Find covers without a code."""
        for well in np.flatnonzero(self.codes == "").tolist():
            self.note("unnumbered_cover", well)

    def weak(self, places: NDArray[np.object_]) -> None:
        """Compare load classes with what the places ask for."""
        order = {name: at for at, name in enumerate(MANHOLES.field("load_class").ordered_values())}
        actual = _understood(self.wells, "load_class")
        rows = rules_table("dictionaries")
        english = rows[rows["dictionary"] == "cover_places"].set_index("value")["english_name"]
        for well, (place, name) in enumerate(zip(places.tolist(), actual.tolist(), strict=True)):
            asked = _ASKED.get(place)
            if asked and name and order[name] < order[asked]:
                said = place if self.lang == "zh" else english[place]
                self.note("weak_cover", well, value=float(name[1:]), limit=float(asked[1:]), actual=name,
                          place=said, least=asked)  # fmt: skip

    def kinds(self, pipelines: gpd.GeoDataFrame, within_m: float, aside: SetAside) -> None:
        """Compare the class of each manhole with those of the pipes at it."""
        pipes = aside.sound(pipelines, "pipelines", kind="line", filled=["pipe_code", "pipe_kind"])
        pipes = ready(pipes, "pipelines", kind="line", code="pipe_code", crs=self.wells.crs)
        kind = aside.coded(pipes, PIPELINES.field("pipe_kind"), "pipelines").fillna("").to_numpy(dtype=object)
        shapes = pipes.geometry.to_numpy()
        well, pipe = shapely.STRtree(shapes).query(
            self.wells.geometry.to_numpy(), predicate="dwithin", distance=within_m
        )
        distance = shapely.distance(self.wells.geometry.to_numpy()[well], shapes[pipe])
        codes = code_text(pipes["pipe_code"]).to_numpy(dtype=object)
        table = pd.DataFrame(
            {"well": well, "distance": distance.round(6), "code": codes[pipe], "kind": kind[pipe]}
        )
        # A manhole has several pipes: it agrees with any of the nearest.
        mine, theirs = self.kind[well], table["kind"].to_numpy(dtype=object)
        agrees = self._alike(mine, theirs)
        happy = np.unique(well[agrees & (distance <= within_m)])
        table = table[~table["well"].isin(happy) & (mine != "") & (theirs != "")]
        for row in table.sort_values(["well", "distance", "code"]).drop_duplicates("well").itertuples():
            self.note(
                "kind_disagrees",
                row.well,
                other=row.code,
                value=row.distance,
                kind=self.names[self.kind[row.well]],
                pipe_kind=self.names[row.kind],
            )

    def _alike(self, one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Tell which kinds agree: the same, or one the class that the other belongs to."""
        classes = (
            self.classes.reindex(one).to_numpy(dtype=object),
            self.classes.reindex(other).to_numpy(dtype=object),
        )
        of_class = (one == classes[1]) | (other == classes[0])
        return np.asarray((one == other) | of_class, dtype=bool)

    def nets(self, day: int | None) -> None:
        """Find drains without a net against falling, and nets that are due."""
        drains = np.isin(self.kind.astype(str), _DRAINS)
        if "has_net" in self.wells:
            has, _ = converted(self.wells["has_net"], MANHOLES.field("has_net"))
            bare = drains & ~has.fillna(value=True).astype(bool).to_numpy()
            for well in np.flatnonzero(bare).tolist():
                self.note("no_net", well)
        if day is not None and "net_due_on" in self.wells:
            due = days_of(self.wells["net_due_on"], "manholes: net_due_on")
            for well in np.flatnonzero((due != NEVER) & (due < day)).tolist():
                self.note("net_due", well, value=float(day - due[well]), due=_date(due[well]))

    def inspections(self, day: int, within: int) -> None:
        """Find covers that nobody has looked at for too long."""
        if "inspected_on" not in self.wells:
            return
        last = days_of(self.wells["inspected_on"], "manholes: inspected_on")
        for well in np.flatnonzero((last != NEVER) & (day - last > within)).tolist():
            self.note(
                "inspection_due", well, value=float(day - last[well]), limit=within, last=_date(last[well])
            )

    def twins(self, within_m: float) -> None:
        """Find two covers of one kind at one place."""
        shapes = self.wells.geometry.to_numpy()
        one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
        same = (one < other) & (self.kind[one] == self.kind[other])
        for pair in zip(one[same].tolist(), other[same].tolist(), strict=True):
            a, b = sorted(pair, key=lambda well: (str(self.codes[well]), well))
            apart = float(shapely.distance(shapes[a], shapes[b]))
            self.note("twin_covers", a, other=self.codes[b], value=round(apart, 3), limit=within_m)

    def unowned(self) -> None:
        """Find covers that nobody owns."""
        for well in np.flatnonzero(self.owner == "").tolist():
            self.note("no_owner", well, fallback=self.fallback)

    def findings(self) -> gpd.GeoDataFrame:
        """Return the faults in order, numbered."""
        columns = ["rule", "title", "severity", "manhole_code", "other", "value", "limit", "message", "owner",
                   "rule_source", "confidence", "well"]  # fmt: skip
        table = pd.DataFrame(self.rows, columns=columns)
        for name in [*columns[:5], *columns[7:11]]:
            table[name] = table[name].astype("str")
        table = table.astype({"value": np.float64, "limit": np.float64})
        place = self.checks.index.get_indexer(pd.Index(table["rule"]))
        wells = table["well"].to_numpy(np.int64)
        shapes = self.wells.geometry.to_numpy()[wells]
        x, y = shapely.get_coordinates(shapes).T if len(shapes) else (wells, wells)
        order = np.lexsort(
            (table["other"].fillna("").astype(str), y, x, self.codes[wells].astype(str), place)
        )
        table = table.iloc[order].drop(columns="well").reset_index(drop=True)
        numbers = [f"G{i:05d}" for i in range(1, len(table) + 1)]
        table.insert(0, "finding_code", pd.Series(numbers, dtype="str"))
        return gpd.GeoDataFrame(table, geometry=shapes[order], crs=self.wells.crs)


def _date(day: int) -> str:
    return (pd.Timestamp(0) + pd.Timedelta(days=int(day))).date().isoformat()


@checked
def archive_completeness(
    manholes: pd.DataFrame,
    *,
    by: str | Sequence[str] = "owner",
    fields: Sequence[str] = _ARCHIVE,
    at: str | dt.date | None = None,
) -> pd.DataFrame:
    """Tell how complete the files of manholes (一井一档案) are, by owner, street or anything else.

    Parameters
    ----------
    manholes : DataFrame
        With ``manhole_code``.
    by : str or sequence of str, default "owner"
        The columns to count by, such as ``owner`` or ``street_code`` (see `zjk_gis.overlay_layers`).
    fields : sequence of str, optional
        What a file must say; by default what registers of covers ask for.
    at : date or str, optional
        Count the manholes in use on this day alone, by ``valid_from`` and ``valid_to``; the others are told
        in ``attrs["set_aside"]``. By default all.

    Returns
    -------
    DataFrame
        One row a group, sorted, where nobody is named last: the columns of `by`, ``manholes`` (int64, the
        denominator), ``complete`` (int64, files that say everything), ``complete_share`` and ``filled_share``
        (float64, of all values asked for), and ``<field>_filled`` (int64) of each field: 0 of a column that
        the layer lacks.

    Raises
    ------
    MissingColumnError
        If there is no column of `by`.
    InputError
        If no field is asked for.

    Examples
    --------
    >>> wells = pd.DataFrame(
    ...     {
    ...         "manhole_code": ["M1", "M2", "M3"],
    ...         "owner": ["排水公司", "排水公司", None],
    ...         "load_class": ["D400", None, "B125"],
    ...         "state": ["完好", "完好", ""],
    ...     }
    ... )
    >>> archive_completeness(wells, fields=["load_class", "state"])[
    ...     ["owner", "manholes", "complete", "filled_share"]
    ... ]
      owner  manholes  complete  filled_share
    0  排水公司         2         1          0.75
    1   NaN         1         0          0.50
    """
    keys = [by] if isinstance(by, str) else list(by)
    require_columns(manholes, "manholes", *keys)
    if not fields:
        raise InputError(tr("fields must name at least one column"))
    aside = SetAside()
    manholes = in_use(manholes, "manholes", at, aside)
    nothing = np.zeros(len(manholes), dtype=bool)
    filled = pd.DataFrame(
        {
            f"{name}_filled": as_text(manholes[name]).notna().to_numpy() if name in manholes else nothing
            for name in fields
        }
    )
    table = filled.astype(np.int64).assign(manholes=1, complete=filled.all(axis=1).astype(np.int64))
    for key in keys:
        table[key] = (somebody(manholes[key]) if key == "owner" else as_text(manholes[key])).to_numpy()
    totals = table.groupby(keys, dropna=False, sort=True).sum().reset_index()
    shares = totals[list(filled.columns)].sum(axis=1) / (totals["manholes"] * len(fields))
    totals = totals.assign(complete_share=totals["complete"] / totals["manholes"], filled_share=shares)
    told = totals[[*keys, "manholes", "complete", "complete_share", "filled_share", *filled.columns]]
    told.attrs["set_aside"] = aside.rows
    return told


@checked
def incidents_per_cover(
    manholes: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    *,
    within_m: float = 5.0,
    at: str | dt.date | None = None,
    days: int | None = None,
) -> gpd.GeoDataFrame:
    """Count the incidents at each cover: of each the nearest cover counts.

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code``.
    incidents : GeoDataFrame
        Points, with ``occurred_at`` where days are counted.
    within_m : float, default 5.0
        An incident farther from every cover belongs to none.
    at : date or str, optional
        The last day that counts; by default incidents of all times.
    days : int, optional
        How many days up to `at` count; by default all.

    Returns
    -------
    GeoDataFrame
        The rows of `manholes` that have incidents, most first, with ``incidents`` (int64) and, where days
        are told, ``last_incident_on`` (datetime64). ``attrs["elsewhere"]`` counts the incidents that belong
        to no cover.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError
        If a layer cannot be used.
    InputError
        If a number is negative, or `days` is given without `at`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> wells = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2"]}, geometry=gpd.points_from_xy([0, 50], [0, 0]), crs=4547
    ... )
    >>> told = gpd.GeoDataFrame(geometry=gpd.points_from_xy([1, 0, 52, 25], [0, 2, 0, 0]), crs=4547)
    >>> counted = incidents_per_cover(wells, told)
    >>> counted[["manhole_code", "incidents"]].to_numpy().tolist(), counted.attrs["elsewhere"]
    ([['M1', 2], ['M2', 1]], 1)
    """
    require_amounts(within_m=within_m, **({} if days is None else {"days": days}))
    if days is not None and at is None:
        raise InputError(tr("days counts back from a day; give at="))
    ready(manholes, "manholes", kind="point", code=MANHOLES.code)
    occurred = None
    if _OCCURRED in incidents:
        occurred = days_of(incidents[_OCCURRED], "incidents: occurred_at")
        if at is not None:
            last = day_of(at)
            counts = (occurred != NEVER) & (occurred <= last)
            counts &= (occurred > last - days) if days is not None else True
            incidents, occurred = incidents[counts], occurred[counts]
    if not len(incidents):
        return manholes.iloc[:0].assign(incidents=np.empty(0, np.int64))
    bare = gpd.GeoDataFrame(geometry=incidents.geometry)
    near = overlay_layers(bare, manholes, "nearest", code=MANHOLES.code, columns=[], within_m=within_m)
    found = pd.DataFrame({"code": near[MANHOLES.code].to_numpy(), "row": near["row"].to_numpy()})
    if occurred is not None:
        found["day"] = occurred[found["row"].to_numpy()]
    belongs = found.dropna(subset=["code"])
    counts = belongs.groupby("code").size()
    codes = code_text(manholes[MANHOLES.code])
    number = codes.map(counts).fillna(0).to_numpy(np.int64)
    rows = manholes.assign(incidents=number)[number > 0]
    if occurred is not None:
        latest = belongs[belongs["day"] != NEVER].groupby("code")["day"].max()
        rows["last_incident_on"] = pd.to_datetime(codes[number > 0].map(latest), unit="D").to_numpy()
    order = np.lexsort((code_text(rows[MANHOLES.code]).astype(str), -rows["incidents"].to_numpy()))
    rows = rows.iloc[order]
    rows.attrs["elsewhere"] = int(near[MANHOLES.code].isna().sum())
    return rows

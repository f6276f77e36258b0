"""How far hazards reach, who is within, where help is nearest, and where several add up (风险排查)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.nearest import nearest_facilities
from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of, days_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import understood
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.metric import require_reach
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import inner_points
from zjk_gis.overlay.contents import people_inside
from zjk_gis.overlay.partition import cut_ground, held_by, united
from zjk_gis.overlay.polygons import numbered
from zjk_gis.presentation import Presentation, presented
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.things import codes_in, texts, things_of
from zjk_gis.standards import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel
    from zjk_gis.standards.rules import Overrides

__all__ = ["RiskBuffers", "no_distance_for", "risk_buffers"]

_HAZARDS = CATALOGUE["hazards"]
_OWN = "buffer_m"
_ARC = 32  # edges to a quarter of a circle: the area of a buffer is a twenty-five-hundredth short


@presented
@checked
@dataclass(frozen=True, slots=True)
class RiskBuffers:
    """How far hazards reach, and what is within.

    Attributes
    ----------
    buffers : GeoDataFrame
        One row a hazard, in their order, with the ground within its distance: ``hazard_code``,
        ``hazard_kind``, ``hazard_grade`` (text), ``buffer_m`` and ``area_m2`` (float64), ``weight`` (float64;
        NaN where the grade is not known), with people ``people`` (int64), with facilities ``facilities``
        (int64), ``rule`` and ``confidence`` (text: where the distance comes from), and who answers where the
        hazard is: ``zone_code``, ``chief_code``, ``chief_name``, ``street_code``.
    faces : GeoDataFrame
        The ground cut where buffers overlap, what most weighs upon first: ``face_code``, ``hazard_codes``
        (sorted, joined by ``;``), ``hazard_count`` (int64), ``risk`` (float64, the sum of their
        weights), ``ungraded`` (int64, how many of them have no known grade and are not in it), ``area_m2``,
        with people ``people``, and who answers. Each piece of ground once.
    inside : DataFrame
        One row a hazard and facility within its distance: ``hazard_code``, ``layer``, ``facility_code``,
        ``distance_m`` (0 at the hazard).
    resources : DataFrame
        One row a hazard and layer of resources: ``hazard_code``, ``layer``, ``facility_code``,
        ``network_m``, ``straight_m``, ``reason``, as `zjk_gis.access.nearest_facilities` tells them;
        ``attrs["off_road"]`` lists by layer the resources that no road reaches.
    set_aside : list of dict
        The rows that are not judged: ``layer``, ``row``, ``why`` and ``value``; ``no_distance`` where no
        distance is known for a kind.
    """

    buffers: gpd.GeoDataFrame
    faces: gpd.GeoDataFrame
    inside: pd.DataFrame
    resources: pd.DataFrame
    set_aside: list[dict[str, Any]] = field(default_factory=list)

    def _presentation(self) -> Presentation:
        told = tr(
            "Hazards judged: {hazards:,}, set aside: {aside:,}. "
            "Ground within reach of several: {area_m2:,.1f} m².",
            hazards=len(self.buffers),
            aside=sum(each["layer"] == _HAZARDS.name for each in self.set_aside),
            area_m2=self.faces.loc[self.faces["hazard_count"] > 1, "area_m2"].sum(),
        )
        columns = ["face_code", "hazard_codes", "hazard_count", "risk", "people", "area_m2"]
        return excerpt(told, self.faces, columns)


@checked
def risk_buffers(
    hazards: gpd.GeoDataFrame,
    people: gpd.GeoDataFrame | None = None,
    *,
    facilities: Mapping[str, gpd.GeoDataFrame] | None = None,
    resources: Mapping[str, gpd.GeoDataFrame] | None = None,
    network: RoadNetwork | None = None,
    within_m: float = 1000.0,
    travel: Travel = "car",
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
) -> RiskBuffers:
    """Tell how far each hazard reaches, who and what is within, and where several add up (风险缓冲区).

    Parameters
    ----------
    hazards : GeoDataFrame
        Gas stations, crowded places, dangerous houses (安全隐患): points, lines or areas with
        ``hazard_code``, ``hazard_kind`` and ``hazard_grade``; with ``buffer_m`` (影响距离) where a row has a
        distance of its own, and ``found_on`` and ``cleared_on`` where that is known.
    people : GeoDataFrame, optional
        Areas with ``population``; each counts by the share of its area.
    facilities : mapping of str to GeoDataFrame, optional
        What is counted within, by layer: schools, estates, pipes, of any shape.
    resources : mapping of str to GeoDataFrame, optional
        Where help comes from, by layer: ``fire_hydrants``, ``shelters``, fire stations. Needs `network`.
    network : RoadNetwork, optional
        From `zjk_gis.access.road_network`.
    within_m : float, default 1000.0
        How far along the roads a resource is within reach.
    travel : {"foot", "car"}, default "car"
        How one goes there.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区), for who answers.
    streets : GeoDataFrame, optional
        Streets (街道), with ``street_code``.
    at : date or str, optional
        The day that is judged: hazards found later or cleared by then do not count, and zones are those
        valid on it. By default hazards and zones of all times count.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of ``risk_distances`` and ``risk_weights``; see `zjk_gis.standards.rules_table`.
    strict : bool, default False
        Refuse hazards that cannot be judged, instead of setting them aside.

    Returns
    -------
    RiskBuffers

    Raises
    ------
    MissingColumnError
        If hazards have neither ``hazard_kind`` nor ``buffer_m``, or people no ``population``.
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If no distance is known for any hazard (the message names the kinds), with `strict` for one; if
        `resources` come without `network`, or a distance or weight of a table is not a number.

    Notes
    -----
    No public standard gives one distance for a kind of hazard, so that the table ``risk_distances`` comes
    empty: its column is filled from the city's own safety assessments, and a kind without one is set aside
    by its name, never guessed [U]. The weights of ``risk_weights`` are the places of the grades in their
    order (重大 4, 较大 3, 一般 2, 低 1), which measures no damage [U]; set your own.

    Examples
    --------
    >>> from shapely import Point
    >>> hazards = gpd.GeoDataFrame(
    ...     {
    ...         "hazard_code": ["H1", "H2", "H3"],
    ...         "hazard_kind": ["燃气", "危房", "边坡"],
    ...         "hazard_grade": ["重大", "一般", "低"],
    ...     },
    ...     geometry=[Point(0, 0), Point(60, 0), Point(900, 0)],
    ...     crs=4547,
    ... )
    >>> own = pd.DataFrame({"hazard_kind": ["燃气", "危房"], "distance_m": ["50", "20"]})
    >>> told = risk_buffers(hazards, tables={"risk_distances": own})
    >>> told.faces[["hazard_codes", "hazard_count", "risk"]]
      hazard_codes  hazard_count  risk
    0        H1;H2             2   6.0
    1           H1             1   4.0
    2           H2             1   2.0
    >>> told.set_aside
    [{'layer': 'hazards', 'row': 2, 'why': 'no_distance', 'value': '边坡'}]
    """
    require_reach(within_m=within_m)
    if resources and network is None:
        raise InputError(tr("resources= needs network=, the roads along which they are reached"))
    aside = SetAside(strict=strict)
    rows = _standing(things_of(hazards, "hazards", aside), at)
    rows, answers = _with_distances(rows, aside, tables)
    answers["weight"] = _weights(answers["hazard_grade"], tables)
    shapes = rows.geometry.to_numpy()
    grounds = shapely.buffer(shapes, answers["buffer_m"].to_numpy(), quad_segs=_ARC)
    answers.insert(4, "area_m2", shapely.area(grounds))
    inside = _inside(answers, shapes, facilities or {}, rows.crs, aside)
    if people is not None:
        answers["people"] = people_inside(grounds, people, "people", rows.crs, aside)[0]
    if facilities is not None:
        answers["facilities"] = np.bincount(inside["row"], minlength=len(answers))
    last = ["weight", *(each for each in ("people", "facilities") if each in answers), "rule", "confidence"]
    answers = answers[[*answers.columns.drop(last), *last]]
    buffers = gpd.GeoDataFrame(answers, geometry=grounds, crs=rows.crs)
    # Who answers is asked where the hazard is, not for all the ground that it reaches.
    answered = with_who_answers(buffers.set_geometry(shapes), zones, streets, at=at)
    buffers = answered.set_geometry(grounds, crs=rows.crs)
    faces = _faces(buffers, people)
    near = _nearest(rows, answers["hazard_code"], resources or {}, network, within_m, travel)
    faces = with_who_answers(faces, zones, streets, at=at)
    return RiskBuffers(buffers, faces, inside.drop(columns="row"), near, aside.rows)


def _standing(hazards: gpd.GeoDataFrame, at: str | dt.date | None) -> gpd.GeoDataFrame:
    """Keep the hazards that are known and not cleared on a day."""
    if at is None:
        return hazards
    day = day_of(at)
    stands = np.ones(len(hazards), dtype=bool)
    for column, otherwise in (("found_on", NEVER), ("cleared_on", ALWAYS)):
        if column in hazards:
            days = days_of(hazards[column], f"hazards: {column}")
            days[days == NEVER] = otherwise
            stands &= days <= day if column == "found_on" else days > day
    return hazards[stands]


def _with_distances(
    hazards: gpd.GeoDataFrame, aside: SetAside, tables: Overrides | None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the hazards of which a distance is known, and what is said of each."""
    own, blank = np.full(len(hazards), np.nan), np.ones(len(hazards), dtype=bool)
    if _OWN in hazards:
        own, unknown = aside.amounts(hazards, "hazards", _OWN)
        own, blank = np.where(unknown, np.nan, own), hazards[_OWN].isna().to_numpy()
    kinds = _meant(hazards, "hazard_kind")
    if blank.any():
        require_columns(hazards, "hazards", "hazard_kind")
        aside.coded(hazards[blank], _HAZARDS.field("hazard_kind"), "hazards")
    table = rules_table("risk_distances", overrides=tables).set_index("hazard_kind")
    known = _numbers(table["distance_m"], "risk_distances", "distance_m")
    distance = np.where(blank, kinds.map(known).to_numpy(dtype=np.float64), own)
    is_known = np.isfinite(distance)
    lacking = ~is_known & blank & kinds.notna().to_numpy()
    if (lacking.any() and aside.strict) or (len(hazards) and not is_known.any()):
        raise InputError(no_distance_for(sorted(set(kinds[blank & ~is_known].fillna("(blank)")))))
    aside.note(hazards, "hazards", lacking, "no_distance", kinds)
    grades = _meant(hazards, "hazard_grade")
    rule = [
        tr("the row's own distance") if here else f"{source}: {kind} {metres:g} m" if metres == metres else ""
        for here, kind, source, metres in zip(
            ~blank, kinds.fillna(""), kinds.map(table["source"]).fillna(""), distance.tolist(), strict=True
        )
    ]
    told = pd.DataFrame(
        {
            "hazard_code": texts(codes_in(hazards, "hazards")),
            "hazard_kind": texts(kinds.fillna("")),
            "hazard_grade": texts(grades.fillna("")),
            "buffer_m": distance,
            "rule": texts(rule),
            "confidence": texts(np.where(blank, kinds.map(table["confidence"]).fillna(""), "user")),
        }
    )
    return hazards[is_known], told[is_known].reset_index(drop=True)


def no_distance_for(kinds: list[str]) -> str:
    """Say of which kinds of hazard no distance is known, and where it is to be filled in."""
    return tr(
        "hazards: no distance is known for {kinds}; fill in distance_m of the table risk_distances "
        "(tables= or the folder of ZJK_GIS_TABLES), or {own} of the rows",
        kinds=listed(kinds),
        own=_OWN,
    )


def _meant(hazards: gpd.GeoDataFrame, column: str) -> pd.Series:
    """Return what a column of words means; missing where it is not there or not understood."""
    if column in hazards:
        return understood(hazards[column], _HAZARDS.field(column))[0]
    return pd.Series(None, index=hazards.index, dtype="str")


def _numbers(values: pd.Series, table: str, column: str) -> pd.Series:
    """Read the numbers of a table; an empty cell is not known."""
    numbers = pd.to_numeric(values.replace("", None), errors="coerce")
    wrong = (numbers.isna() & (values != "")) | (numbers < 0) | np.isinf(numbers)
    if wrong.any():
        raise InputError(
            tr(
                "{table}: {column} of {key} must be a number of at least 0, not {value!r}",
                table=table,
                column=column,
                key=values.index[wrong][0],
                value=values[wrong].iloc[0],
            )
        )
    return numbers


def _weights(grades: pd.Series, tables: Overrides | None) -> NDArray[np.float64]:
    table = rules_table("risk_weights", overrides=tables).set_index("hazard_grade")
    return grades.map(_numbers(table["weight"], "risk_weights", "weight")).to_numpy(dtype=np.float64)


def _inside(
    told: pd.DataFrame,
    shapes: NDArray[Any],
    layers: Mapping[str, gpd.GeoDataFrame],
    crs: Any,
    aside: SetAside,
) -> pd.DataFrame:
    """List what lies within the distance of each hazard; a distance is measured, no buffer is asked."""
    reach = told["buffer_m"].to_numpy()
    found = []
    for name in sorted(layers):
        things = things_of(layers[name], name, aside, crs=crs)
        others = things.geometry.to_numpy()
        hazard, thing = shapely.STRtree(others).query(shapes, predicate="dwithin", distance=reach)
        found.append(
            pd.DataFrame(
                {
                    "row": hazard,
                    "hazard_code": told["hazard_code"].to_numpy()[hazard],
                    "layer": name,
                    "facility_code": codes_in(things, name)[thing],
                    "distance_m": shapely.distance(shapes[hazard], others[thing]),
                }
            )
        )
    types: dict[str, Any] = {"row": np.int64, "hazard_code": "str", "layer": "str", "facility_code": "str"}
    types["distance_m"] = np.float64
    table = pd.concat(found) if found else pd.DataFrame({each: [] for each in types})
    order = ["hazard_code", "layer", "distance_m", "facility_code"]
    return table.astype(types).sort_values(order, ignore_index=True)


def _faces(buffers: gpd.GeoDataFrame, people: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Cut the ground where buffers overlap, and add up what weighs upon each piece."""
    grounds = buffers.geometry.to_numpy()
    codes, weight = buffers["hazard_code"].to_numpy(dtype=object), buffers["weight"].to_numpy()
    solid = np.flatnonzero(shapely.area(grounds) > 0)
    pieces = cut_ground(grounds[solid])
    piece, ground = held_by(pieces.inner, grounds[solid])
    members = pd.Series(solid[ground]).groupby(piece).agg(tuple)
    number, sets = pd.factorize(members)
    shapes = united(pieces.shapes[members.index.to_numpy(dtype=np.int64)], number, len(sets))
    table = gpd.GeoDataFrame(
        {
            "hazard_codes": texts(";".join(sorted(codes[list(rows)])) for rows in sets),
            "hazard_count": np.array([len(rows) for rows in sets], dtype=np.int64),
            "risk": np.array([np.nansum(weight[list(rows)]) for rows in sets], dtype=np.float64),
            "ungraded": np.array([np.isnan(weight[list(rows)]).sum() for rows in sets], dtype=np.int64),
            "area_m2": shapely.area(shapes),
        },
        geometry=shapes,
        crs=buffers.crs,
    ).sort_values(["risk", "hazard_count", "area_m2", "hazard_codes"], ascending=[False, False, False, True])
    table = table.reset_index(drop=True)
    table.insert(0, "face_code", texts(numbered("F", len(table))))
    if people is not None:
        counted = people_inside(table.geometry.to_numpy(), people, "people", buffers.crs, SetAside())[0]
        table.insert(len(table.columns) - 1, "people", counted)
    return table


def _nearest(
    hazards: gpd.GeoDataFrame,
    codes: pd.Series,
    resources: Mapping[str, gpd.GeoDataFrame],
    network: RoadNetwork | None,
    within_m: float,
    travel: Travel,
) -> pd.DataFrame:
    """Find the nearest resource of each layer along the roads."""
    columns = ["facility_code", "network_m", "straight_m", "reason"]
    table = pd.DataFrame({each: [] for each in ("hazard_code", "layer", *columns)})
    table.attrs["off_road"] = {}
    places = gpd.GeoDataFrame(geometry=inner_points(hazards.geometry.to_numpy()), crs=hazards.crs)
    for name in sorted(resources):
        if network is None:
            break
        near = nearest_facilities(places, resources[name], network, within_m=within_m, travel=travel)
        told = pd.DataFrame(near[columns]).reset_index(drop=True)
        told.insert(0, "layer", name)
        told.insert(0, "hazard_code", codes)
        off_road = table.attrs["off_road"] | {name: near.attrs["off_road"]}
        table = pd.concat([table, told], ignore_index=True) if len(table) else told
        table.attrs["off_road"] = off_road
    return table.sort_values(["hazard_code", "layer"], kind="stable", ignore_index=True)

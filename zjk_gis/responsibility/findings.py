"""The worst places of each promise: everything that breaks one, ranked by how much hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.coverage.ranking import rank_faults
from zjk_gis.crs import convert_crs
from zjk_gis.layers.columns.nobody import chiefs_of
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.shapes import has_place, point_coordinates
from zjk_gis.overlay.lattice import Lattice
from zjk_gis.overlay.polygons import cover_of, numbered
from zjk_gis.responsibility.chiefs import gini

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

__all__ = [
    "FIGURES",
    "Figure",
    "figures_of",
    "findings_of_matters",
    "findings_of_people",
    "findings_of_roads",
    "hot_spots",
    "in_streets",
    "joined",
]

_COLUMNS = (
    "promise", "rank", "finding", "finding_code", "layer", "concerned_codes", "event_name", "road_name",
    "from_m", "to_m", "side", "consequence", "incidents", "components", "people", "road_m", "area_m2",
)  # fmt: skip
_FAULTS = {"gaps": "gap", "overlaps": "overlap"}
_ORDER = ("hot_spot", "no_position", "matter_several", "matter_fallback")


def findings_of_roads(
    gaps: gpd.GeoDataFrame, overlaps: gpd.GeoDataFrame, unanswered: gpd.GeoDataFrame | None, weights: Any
) -> gpd.GeoDataFrame:
    """List gaps, overlaps and stretches of road together, the worst first; see `rank_faults`."""
    layers = {"gaps": gaps, "overlaps": overlaps}
    if unanswered is not None:
        layers["unanswered_roads"] = unanswered
    plain = {name: frame.drop(columns=["rank", "consequence"]) for name, frame in layers.items()}
    ranked = rank_faults(plain, weights=weights)
    codes = pd.Series("", index=ranked.index, dtype=object)
    concerned = pd.Series("", index=ranked.index, dtype=object)
    for column in ("gap_code", "overlap_code", "edge_code"):
        if column in ranked:
            codes = codes.where(codes != "", ranked[column].astype(object).where(ranked[column].notna(), ""))
    if {"first_code", "second_code"} <= set(ranked):
        pair = ranked["first_code"].astype(object) + ";" + ranked["second_code"].astype(object)
        concerned = pair.where(pair.notna(), "")
    for column in ("neighbours", "codes"):
        if column in ranked:
            told = ranked[column].astype(object).where(ranked[column].notna(), "")
            concerned = concerned.where(concerned != "", told)
    finding = ranked["fault"].map(_FAULTS).astype(object)
    if "answer" in ranked:
        finding = finding.where(finding.notna(), "road_" + ranked["answer"].astype(object))
    return gpd.GeoDataFrame(
        ranked.assign(
            finding=finding,
            finding_code=codes,
            concerned_codes=concerned,
            layer=ranked["fault"],
            area_m2=shapely.area(ranked.geometry.to_numpy()),
        )
    )


def hot_spots(assigned: gpd.GeoDataFrame, crs: Any, cell_m: float) -> gpd.GeoDataFrame:
    """Count by square cells of ground the incidents for which nobody answers, or not certainly one.

    Returns
    -------
    GeoDataFrame
        One row a cell with any, those with most first: ``spot_code`` (``H001``, ...), ``incidents`` (in
        doubt), ``nobody``, ``ambiguous`` (somebody answers, but a person should look), ``concerned_codes``
        (who was found to answer); the cell, aligned to whole multiples of its size.
    """
    doubtful = assigned[_in_doubt(assigned)]
    placed = doubtful[has_place(doubtful.geometry.to_numpy())]
    if len(placed):
        placed = convert_crs(placed, crs, name="assigned")
        placed = placed[has_place(placed.geometry.to_numpy())]
    lattice = Lattice(cell_m)
    own = lattice.cells_of(np.column_stack(point_coordinates(placed.geometry.to_numpy())))
    cells = pd.DataFrame(
        {
            "x": own[:, 0],
            "y": own[:, 1],
            "nobody": (placed["found"] == "none").to_numpy(),
            "code": _answering(placed),
        }
    )
    spots = cells.groupby(["x", "y"], as_index=False).agg(
        incidents=("nobody", "size"),
        nobody=("nobody", "sum"),
        concerned_codes=("code", lambda codes: ";".join(sorted({*codes} - {""}))),
    )
    spots = spots.sort_values(["incidents", "nobody", "x", "y"], ascending=[False, False, True, True])
    nobody = spots["nobody"].to_numpy(dtype=np.int64)
    return gpd.GeoDataFrame(
        {
            "spot_code": pd.Series(numbered("H", len(spots)), dtype="str"),
            "incidents": spots["incidents"].to_numpy(dtype=np.int64),
            "nobody": nobody,
            "ambiguous": spots["incidents"].to_numpy(dtype=np.int64) - nobody,
            "concerned_codes": pd.Series(spots["concerned_codes"].to_numpy(), dtype="str"),
        },
        geometry=lattice.shapes(spots[["x", "y"]].to_numpy(dtype=np.int64)) if len(spots) else [],
        crs=crs,
    )


def findings_of_matters(
    matters: pd.DataFrame | None,
    assigned: pd.DataFrame | None,
    spots: gpd.GeoDataFrame | None,
    streets: gpd.GeoDataFrame | None,
    crs: Any,
) -> gpd.GeoDataFrame:
    """List hot spots, and matters with several departments or none, by the incidents that they concern."""
    parts = []
    if spots is not None:
        parts.append(spots.assign(finding="hot_spot", finding_code=spots["spot_code"], layer="hot_spots"))
    if assigned is not None:
        doubtful = _in_doubt(assigned)
        placed = int(spots["incidents"].sum()) if spots is not None else 0
        left = int(doubtful.sum()) - placed
        if left:
            row = {"finding": ["no_position"], "finding_code": "", "layer": "assigned", "incidents": left}
            parts.append(gpd.GeoDataFrame(row, geometry=[None], crs=crs))
    if matters is not None:
        parts.append(_open_matters(matters, assigned, streets, crs))
    if not parts:
        return gpd.GeoDataFrame({"finding": []}, geometry=[], crs=crs)
    found = _together(parts, crs)
    kind = found["finding"].map({name: at for at, name in enumerate(_ORDER)}).to_numpy(dtype=np.float64)
    place = (
        found["concerned_codes"].fillna("").astype(str) if "concerned_codes" in found else found["finding"]
    )
    order = np.lexsort((place, found["finding_code"].astype(str), kind, -found["incidents"].to_numpy()))
    found = found.iloc[order]
    return found.assign(consequence=found["incidents"].astype(np.float64))


def findings_of_people(
    zones: gpd.GeoDataFrame, code: str, sections: gpd.GeoDataFrame | None, chiefs: pd.DataFrame
) -> gpd.GeoDataFrame:
    """List zones without chief, and chiefs with nothing or too much, by how much lies wrongly.

    That is, in the unit of the load: all of a zone without chief; of a chief how far it is from the median.
    """
    by_incidents = "incidents" in chiefs or ("incidents" in zones and not len(chiefs))
    bare = zones[~zones["has_chief"]]
    load = bare["incidents" if by_incidents and "incidents" in bare else "area_m2"].astype(np.float64)
    parts = [
        gpd.GeoDataFrame(
            {
                "finding": "zone_without_chief",
                "finding_code": code_text(bare[code]).to_numpy(),
                "concerned_codes": code_text(bare[code]).to_numpy(),
                "layer": "judged_zones",
                "consequence": load.to_numpy(),
                "area_m2": bare["area_m2"].to_numpy(),
                **({"incidents": bare["incidents"].to_numpy()} if "incidents" in bare else {}),
            },
            geometry=bare.geometry.to_numpy(),
            crs=zones.crs,
        )
    ]
    if len(chiefs):
        uneven = chiefs[chiefs["standing"] != ""].reset_index(drop=True)
        median = float(chiefs["load"].median())
        grounds = _grounds(uneven["chief_code"], zones, code, sections)
        own = uneven[[name for name in ("incidents", "road_m", "area_m2") if name in uneven]]
        told: dict[str, Any] = {
            "finding": "chief_" + uneven["standing"].astype(object),
            "finding_code": uneven["chief_code"],
            "concerned_codes": [codes for codes, _ in grounds],
            "layer": "chiefs",
            "consequence": (uneven["load"] - median).abs(),
        }
        shapes = np.array([*(shape for _, shape in grounds), None], dtype=object)[:-1]
        parts.append(gpd.GeoDataFrame(own.assign(**told), geometry=shapes, crs=zones.crs))
    found = _together(parts, zones.crs)
    score = found["consequence"].to_numpy(dtype=np.float64).round(6)
    order = np.lexsort((found["finding_code"].astype(str), found["finding"].astype(str), -score))
    return found.iloc[order]


def joined(by_promise: Mapping[str, gpd.GeoDataFrame], crs: Any) -> gpd.GeoDataFrame:
    """Put the findings of all promises into one frame, each ranked from 1."""
    parts = []
    for promise, found in by_promise.items():
        kept = found[[name for name in (*_COLUMNS, "geometry") if name in found]].reset_index(drop=True)
        parts.append(kept.assign(promise=promise, rank=np.arange(1, len(kept) + 1, dtype=np.int64)))
    whole = _together(parts, crs)
    whole = whole.reindex(columns=[*(name for name in _COLUMNS if name in whole), "geometry"])
    for name in ("incidents", "components"):
        if name in whole:
            whole[name] = whole[name].astype("Int64")
    texts = (
        "promise",
        "finding",
        "finding_code",
        "layer",
        "concerned_codes",
        "event_name",
        "road_name",
        "side",
    )
    for name in texts:
        if name in whole:
            whole[name] = whole[name].astype(object).where(whole[name].notna(), "").astype("str")
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=crs)


def in_streets(assigned: pd.DataFrame, streets: gpd.GeoDataFrame | None) -> pd.Series | None:
    """Return the street in which each incident lies; None where nothing tells.

    Of an incident on the border of two it is the lower code.
    """
    if "street_code" in assigned:
        told: pd.Series = assigned["street_code"]
        return told
    if streets is None or not isinstance(assigned, gpd.GeoDataFrame):
        return None
    found = pd.Series(None, index=range(len(assigned)), dtype=object)
    placed = has_place(assigned.geometry.to_numpy())
    if placed.any() and len(streets):
        places = convert_crs(assigned[placed], streets.crs, name="assigned").geometry.to_numpy()
        at, row = shapely.STRtree(streets.geometry.to_numpy()).query(places, predicate="intersects")
        codes = pd.Series(code_text(streets["street_code"]).to_numpy()[row])
        lowest = codes.groupby(np.flatnonzero(placed)[at]).min()
        found.loc[lowest.index] = lowest
    return found.set_axis(assigned.index)


def _open_matters(
    matters: pd.DataFrame, assigned: pd.DataFrame | None, streets: gpd.GeoDataFrame | None, crs: Any
) -> gpd.GeoDataFrame:
    """Return the pairs of event class and place without exactly one department, and their incidents."""
    rows = matters[matters["answer"] != "one"].reset_index(drop=True)
    incidents = np.zeros(len(rows), dtype=np.int64)
    if assigned is not None and "event_code" in assigned:
        place = in_streets(assigned, streets)
        anywhere = place is None or bool((rows["place_code"] == "").all())
        seen = pd.DataFrame({"event_code": code_text(assigned["event_code"]).to_numpy()})
        seen["place_code"] = "" if place is None or anywhere else place.astype(object).to_numpy()
        keys = ["event_code"] if anywhere else ["event_code", "place_code"]
        counts = seen.dropna().groupby(keys).size().rename("incidents")
        incidents = rows.join(counts, on=keys)["incidents"].fillna(0).to_numpy(dtype=np.int64)
    shapes: NDArray[Any] = np.full(len(rows), None, dtype=object)
    if streets is not None and len(streets):
        grounds = convert_crs(streets, crs, name="streets")
        of = dict(zip(code_text(grounds["street_code"]), grounds.geometry.to_numpy(), strict=True))
        shapes = np.array([*(of.get(code) for code in rows["place_code"]), None], dtype=object)[:-1]
    return gpd.GeoDataFrame(
        {
            "finding": "matter_" + rows["answer"].astype(object),
            "finding_code": rows["event_code"],
            "event_name": rows["event_name"],
            "concerned_codes": rows["place_code"],
            "layer": "matters",
            "incidents": incidents,
        },
        geometry=shapes,
        crs=crs,
    )


def _grounds(
    chiefs: pd.Series, zones: gpd.GeoDataFrame, code: str, sections: gpd.GeoDataFrame | None
) -> list[tuple[str, Any]]:
    """Return for each chief the codes of zones and sections, and their shape: of the zones, if any."""
    zone_chief = chiefs_of(zones)
    section_chief = None if sections is None else chiefs_of(sections)
    found: list[tuple[str, Any]] = []
    for chief in chiefs:
        own = zones[(zone_chief == chief).to_numpy()]
        codes = {*code_text(own[code])}
        shape = cover_of(own.geometry.to_numpy()) if len(own) else None
        if sections is not None and section_chief is not None:
            served = sections[(section_chief == chief).to_numpy()]
            codes |= {*code_text(served["section_code"])}
            if shape is None:
                shape = shapely.union_all(shapely.normalize(served.geometry.to_numpy()))
        found.append((";".join(sorted(codes)), shape))
    return found


def _in_doubt(assigned: pd.DataFrame) -> pd.Series:
    doubtful: pd.Series = (assigned["found"] == "none") | assigned["ambiguous"].astype(bool)
    return doubtful


def _answering(assigned: pd.DataFrame) -> NDArray[np.object_]:
    column = next((name for name in ("zone_code", "grid_code", "section_code") if name in assigned), None)
    if column is None:
        return np.full(len(assigned), "", dtype=object)
    told = assigned[column].astype(object)
    return told.where(told.notna(), "").astype(str).to_numpy(dtype=object)


def _together(parts: list[gpd.GeoDataFrame], crs: Any) -> gpd.GeoDataFrame:
    """Put frames under each other; columns that one lacks are missing there."""
    kept = [part for part in parts if len(part)] or parts[:1]
    plain = [pd.DataFrame(part).astype(object) for part in kept]
    whole = pd.concat(plain, ignore_index=True).infer_objects()
    return gpd.GeoDataFrame(whole, geometry=whole["geometry"].to_numpy(dtype=object), crs=crs)


@dataclass(frozen=True, slots=True)
class Figure:
    """How a figure is computed.

    Attributes
    ----------
    promise, measure, unit : str
    layer : str
        The table whose rows it is computed from.
    filter : str
        Which of its rows, as `DataFrame.query` reads it; empty for all.
    amount : str
        What is computed of these: ``count`` (of rows), ``count(c)`` (of rows where column c is filled),
        ``sum(c)``, ``max(c)`` or ``gini(c)``.
    whole_amount : str
        What is computed of all rows of the table, for the denominator; ``1`` for one that needs none.
    """

    promise: str
    measure: str
    unit: str
    layer: str
    filter: str
    amount: str
    whole_amount: str


def _shares(
    promise: str, stem: str, unit: str, layer: str, answers: Iterable[str], amount: str
) -> list[Figure]:
    return [
        Figure(promise, f"{stem}_{name}", unit, layer, f"answer == '{answer}'", amount, amount)
        for name, answer in (pair.split(":") if ":" in pair else (pair, pair) for pair in answers)
    ]


_ROADS, _MATTERS, _PEOPLE = "every_road", "every_matter", "everyone"
FIGURES: tuple[Figure, ...] = (
    *_shares(_ROADS, "ground", "m²", "ground", ["once:one", "several", "nobody", "accepted"], "sum(area_m2)"),
    *_shares(_ROADS, "road", "m", "stretches", ["one", "several", "nobody"], "sum(counted_m)"),
    Figure(
        _ROADS, "road_border", "m", "stretches", "border_road == True", "sum(counted_m)", "sum(counted_m)"
    ),
    *_shares(_MATTERS, "matters", "", "matters", ["one", "several", "fallback"], "count"),
    Figure(_MATTERS, "incidents_answered", "", "assigned", "found != 'none'", "count", "count"),
    Figure(
        _MATTERS,
        "incidents_undoubted",
        "",
        "assigned",
        "found != 'none' and ambiguous == False",
        "count",
        "count",
    ),
    Figure(_PEOPLE, "zones_with_chief", "", "judged_zones", "has_chief == True", "count", "count"),
    Figure(_PEOPLE, "chiefs_idle", "", "chiefs", "standing == 'idle'", "count", "count(load)"),
    Figure(_PEOPLE, "chiefs_overloaded", "", "chiefs", "standing == 'overloaded'", "count", "count(load)"),
    Figure(_PEOPLE, "load_gini", "", "chiefs", "", "gini(load)", "1"),
    Figure(_PEOPLE, "load_of_busiest", "", "chiefs", "", "max(load)", "sum(load)"),
    Figure(_PEOPLE, "incidents_with_chief", "", "assigned", "chief_serves == True", "count", "count"),
)

_OF: Mapping[str, Callable[[pd.Series], float]] = {
    "count": lambda values: float(values.notna().sum()),
    "sum": lambda values: float(np.sort(values.dropna().to_numpy(dtype=np.float64)).sum()),
    "max": lambda values: float(values.max()),
    "gini": lambda values: gini(values.dropna()),
}


def figures_of(tables: Mapping[str, pd.DataFrame], *, without: Iterable[str] = ()) -> pd.DataFrame:
    """Compute the figures that the tables there are allow.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the names that figures have for them.
    without : iterable of str
        Measures that are left out.

    Returns
    -------
    DataFrame
        One row a figure, in the order of `FIGURES`: ``promise``, ``measure``, ``value``, ``whole``, ``unit``,
        ``share``, and where it comes from: ``layer``, ``filter``, ``amount``, ``whole_amount``.

    Examples
    --------
    >>> ground = pd.DataFrame({"answer": ["one", "several", "nobody"], "area_m2": [8.0, 1.0, 1.0]})
    >>> figures_of({"ground": ground})[["measure", "share", "filter"]].head(2).to_numpy().tolist()
    [['ground_once', 0.8, "answer == 'one'"], ['ground_several', 0.1, "answer == 'several'"]]
    """
    left_out = {*without}
    rows = []
    for figure in FIGURES:
        if figure.layer not in tables or figure.measure in left_out:
            continue
        table = tables[figure.layer]
        chosen = table.query(figure.filter, engine="python") if figure.filter else table
        value, whole = _amount(chosen, figure.amount), _amount(table, figure.whole_amount)
        rows.append((figure.promise, figure.measure, value, whole, figure.unit, *_trace(figure)))
    names = ["promise", "measure", "value", "whole", "unit", "layer", "filter", "amount", "whole_amount"]
    found = pd.DataFrame(rows, columns=names).astype({"value": np.float64, "whole": np.float64})
    share = (found["value"] / found["whole"]).where(found["whole"] > 0)
    found.insert(5, "share", share)
    return found


def _trace(figure: Figure) -> tuple[str, str, str, str]:
    return figure.layer, figure.filter, figure.amount, figure.whole_amount


def _amount(rows: pd.DataFrame, amount: str) -> float:
    if amount == "1":
        return 1.0
    if amount == "count":
        return float(len(rows))
    how, column = amount.rstrip(")").split("(")
    return _OF[how](rows[column])

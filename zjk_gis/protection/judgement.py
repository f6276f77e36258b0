"""In which protected scope something lies (保护范围判定): how deep, whose rule, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.results import row_codes
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay.asked import Asked
from zjk_gis.overlay.polygons import cover_of
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.meetings import AMOUNT, meetings_of, with_depths
from zjk_gis.protection.scopes import grounds_of
from zjk_gis.protection.things import joined
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.protection.scopes import Grounds
    from zjk_gis.standards.rules import Overrides
    from zjk_gis.words import Language

__all__ = ["affected_features", "protected_scope"]


@checked
def protected_scope(
    features: gpd.GeoDataFrame,
    scopes: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame],
    *,
    survey_extents: gpd.GeoDataFrame | None = None,
    within_m: float = 100.0,
    tolerance_m: float = 0.1,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
    lang: Language = "zh",
) -> gpd.GeoDataFrame:
    """Tell in which protected scope things lie (保护范围判定): the strictest rule, how deep, who approves.

    Parameters
    ----------
    features : GeoDataFrame
        Points, lines and polygons, of one kind or several: projects, pipes, permits, illegal buildings,
        sign boards, cables, hazards, incidents.
    scopes : GeoDataFrame or mapping of str to GeoDataFrame
        Historic blocks (历史文化街区) with ``scope``, or several layers by name: ``historic_blocks``,
        ``cultural_relics`` (文物保护单位, with ``relic_scope``), ``historic_buildings``, ``ancient_trees``
        (古树名木, with ``crown_m``), ``river_areas`` (河道管理范围). A layer may also be named by a kind of
        scope of the table ``protection_scopes``, such as 燃气设施保护范围.
    survey_extents : GeoDataFrame, optional
        Polygons (普查范围): how far the survey of the scopes reached; with ``surveyed_layer`` where it was
        of one layer alone, with ``surveyed_on`` where the day is known. Without it nobody has said that
        ground without a scope is free: what is found in none is ``unknown``.
    within_m : float, default 100.0
        How far the nearest scope is looked for.
    tolerance_m : float, default 0.1
        How well borders are known: what reaches no deeper, or lies no farther outside, is on the border.
    zones : GeoDataFrame, optional
        Responsibility zones: who answers for what is found.
    streets : GeoDataFrame, optional
        In which street it lies.
    at : date or str, optional
        The day on which zones and scopes are valid; by default all count.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of ``protection_scopes``: another rank, a distance, a kind of your own.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.
    lang : {"zh", "en"}, default "zh"
        The language of the rules and approvers.

    Returns
    -------
    GeoDataFrame
        The rows of `features`, each once, in their order and under their index, with

        - ``protection`` (text): ``inside``, ``border``, ``outside`` or ``unknown``;
        - ``scope`` (text): the strictest kind that it lies in or, on a border, that it touches; ``scopes``:
          all that it lies in, the strictest first; ``border_scopes``: those whose border it touches; each
          joined by ``;``;
        - ``protected_code``, ``protected_name`` (text): of which block, unit or tree ``scope`` is;
        - ``inside_m``, ``inside_m2`` (float64, of lines and of polygons): what lies in scopes, ground of
          several counted once, so that it sums to the intersection with their union; ``scope_m``,
          ``scope_m2``: what of it lies in ``scope``; ``share`` (float64): of the whole;
        - ``depth_m`` (float64): how far inside ``scope`` it reaches;
        - ``nearest_scope`` (text) and ``distance_m`` (float64) of what is not inside: NaN beyond `within_m`;
        - ``rule``, ``approver``, ``clause``, ``confidence`` (text): of ``scope``, from the table;
        - ``known`` (bool): whether the surveys reached all of it; ``unknown_layers`` (text): those that did
          not; ``surveyed_on`` (text): the day of the oldest survey that it lies in;
        - with `zones` and `streets`, of what is inside or on a border: ``zone_code``, ``chief_code``,
          ``chief_name``, ``street_code``, ``street_name``.

        Columns of `features` with these names are kept as ``<name>_recorded``. ``attrs["set_aside"]`` lists
        rows without a sound shape, which are ``unknown``; areas whose scope is blank or not understood; and
        trees without a crown, of which only what is certain is asked: the distance around the trunk.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a kind has no distance in the table, no scope is understood or a number is negative.

    Notes
    -----
    Scopes of several laws lie over each other, and each applies: GB/T 50357-2018 and 国务院令 524 号 for
    blocks, 文物保护法 for units of cultural relics, GB/T 51168-2016 for ancient trees (the crown's projection
    and 5 m). Where they overlap the stricter goes before [S]; which of two laws is the stricter is the order
    of the table, which a city may change [M]. Depths are right to a centimetre. Measured in the CRS of the
    first layer of scopes if that is metric, otherwise in the CGCS2000 3-degree zone of its centre.

    Examples
    --------
    A project with 10 m² in the core and 500 m² in the control zone, and a sign board beyond both:

    >>> from shapely import Point, box
    >>> blocks = gpd.GeoDataFrame(
    ...     {"block_name": "堡子里", "scope": ["核心区", "建设控制地带"]},
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 150, 100)],
    ...     crs=4547,
    ... )
    >>> things = gpd.GeoDataFrame(geometry=[box(99, 0, 150, 10), Point(160, 50)], crs=4547)
    >>> survey = gpd.GeoDataFrame(geometry=[box(0, 0, 155, 100)], crs=4547)
    >>> found = protected_scope(things, blocks, survey_extents=survey)
    >>> found[["protection", "scope", "scopes", "inside_m2", "scope_m2", "distance_m"]]
      protection   scope         scopes  inside_m2  scope_m2  distance_m
    0     inside  核心保护范围  核心保护范围;建设控制地带      510.0      10.0         0.0
    1    unknown     NaN            NaN        NaN       NaN        10.0
    """
    require_amounts(within_m=within_m, tolerance_m=tolerance_m)
    asked = Asked(features, "features", strict=strict)
    grounds = grounds_of(scopes, asked.aside, at=at, tables=tables)
    shapes = asked.in_crs(grounds.crs)
    met = meetings_of(shapes, asked, grounds, within_m=within_m, tolerance_m=tolerance_m)
    answers = _judged(met, shapes, grounds, len(features), lang)
    names = list(scopes) if isinstance(scopes, Mapping) else sorted(set(grounds.layer.tolist()))
    known = _known(shapes, asked.usable, survey_extents, names, grounds.crs)
    nowhere = answers["protection"] == "outside"
    answers["protection"] = np.where(nowhere & ~known["known"], "unknown", answers["protection"])
    found = with_answers(features, _as_columns(answers | known, features.index))
    hit = np.isin(answers["protection"], ["inside", "border"])
    found = with_who_answers(found, zones, streets, at=at, which=hit)
    return asked.aside.told_in(found)


@checked
def affected_features(
    scopes: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame],
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    tolerance_m: float = 0.1,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
    lang: Language = "zh",
) -> gpd.GeoDataFrame:
    """List everything that lies in protected scopes (范围内要素清单), scope by scope.

    Parameters
    ----------
    scopes : GeoDataFrame or mapping of str to GeoDataFrame
        As `protected_scope` takes them: one block, or all of a city.
    layers : mapping of str to GeoDataFrame
        What is asked about, by name.
    tolerance_m : float, default 0.1
        What reaches no deeper, or lies no farther outside, is on the border.
    zones, streets : GeoDataFrame, optional
        Who answers for what is found.
    at : date or str, optional
    tables : mapping of str to DataFrame, str or Path, optional
    strict : bool, default False
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    GeoDataFrame
        One row a scope and thing, the strictest scopes first, in the CRS of the scopes: ``scope``,
        ``protected_code``, ``protected_name``, ``layer``, ``code`` (text, of the thing: its code or the label
        of its row), ``protection`` (``inside`` or ``border``), ``inside_m``, ``inside_m2`` (float64, in this
        scope), ``share`` (float64, of the thing), ``depth_m`` (float64), ``rule``, ``approver``, ``clause``,
        ``confidence`` (text), who answers as `protected_scope` tells it, and the thing's geometry.
        ``attrs["set_aside"]`` lists what is not judged.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        As `protected_scope` does; or if no layer is named.

    Examples
    --------
    >>> from shapely import LineString, Point, box
    >>> tree = gpd.GeoDataFrame({"tree_code": ["G1"], "crown_m": [10.0]}, geometry=[Point(0, 0)], crs=4547)
    >>> pipes = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2"]},
    ...     geometry=[LineString([(-50, 9), (50, 9)]), LineString([(-50, 11), (50, 11)])],
    ...     crs=4547,
    ... )
    >>> affected_features(tree, {"pipelines": pipes})[["scope", "protected_code", "code", "depth_m"]].round(2)
          scope protected_code code  depth_m
    0  古树名木保护范围             G1   P1      1.0
    """
    require_amounts(tolerance_m=tolerance_m)
    if not layers:
        raise InputError(tr("layers: name at least one layer to be looked through"))
    aside = SetAside(strict=strict)
    grounds = grounds_of(scopes, aside, at=at, tables=tables)
    parts = []
    for name, layer in layers.items():
        asked = Asked(layer, name, strict=strict)
        aside.rows += asked.aside.rows
        shapes = asked.in_crs(grounds.crs)
        met = meetings_of(shapes, asked, grounds, within_m=0.0, tolerance_m=tolerance_m)
        met = with_depths(met[met["inside"] | met["border"]].reset_index(drop=True), shapes, grounds)
        row = met["row"].to_numpy()
        parts.append(met.assign(layer=name, code=row_codes(layer)[row], shape=shapes[row]))
    met = pd.concat(parts, ignore_index=True)
    met = met.sort_values(["kind", "ground", "layer", "code", "row"], kind="stable", ignore_index=True)
    ground = met["ground"].to_numpy()
    table: dict[str, Any] = {
        "scope": grounds.table["scope"].to_numpy(dtype=object)[met["kind"]],
        "protected_code": grounds.code[ground],
        "protected_name": grounds.name[ground],
        "layer": met["layer"].to_numpy(dtype=object),
        "code": met["code"].to_numpy(dtype=object),
        "protection": np.where(met["inside"], "inside", "border"),
    }
    for dimension in (1, 2):
        there = (met["dimension"] == dimension).to_numpy()
        if there.any():
            table[AMOUNT[dimension]] = np.where(there, met["amount"], np.nan)
    table |= {
        "share": np.where(met["dimension"] > 0, met["amount"] / met["size"], np.nan),
        "depth_m": met["depth_m"].to_numpy(),
        **_rules(grounds, met["kind"].to_numpy(), lang),
    }
    found = gpd.GeoDataFrame(_as_columns(table, met.index), geometry=met["shape"].to_numpy(), crs=grounds.crs)
    return aside.told_in(with_who_answers(found, zones, streets, at=at))


def _judged(
    met: pd.DataFrame, shapes: NDArray[Any], grounds: Grounds, number: int, lang: Language
) -> dict[str, Any]:
    """Say of each row in which scopes it lies, by how much, and what is nearest to the others."""
    kinds = grounds.table["scope"].to_numpy(dtype=object)
    inside, border = met[met["inside"]], met[met["border"]]
    hit, edge = (
        np.bincount(inside["row"], minlength=number) > 0,
        np.bincount(border["row"], minlength=number) > 0,
    )
    telling = pd.concat([inside, border[~hit[border["row"]]]])
    strictest = np.full(number, -1, np.int64)
    least = telling.groupby("row")["kind"].min()
    strictest[least.index] = least
    main = with_depths(telling[telling["kind"].to_numpy() == strictest[telling["row"]]], shapes, grounds)
    depth = np.full(number, np.nan)
    deepest = main.groupby("row")["depth_m"].max()
    depth[deepest.index] = deepest

    def texts(pairs: pd.DataFrame, of: NDArray[Any]) -> NDArray[np.object_]:
        told = joined(pairs["row"], of[pairs["ground"]], number, in_order=True)
        told[told == ""] = None
        return told

    answers: dict[str, Any] = {
        "protection": np.select([hit, edge], ["inside", "border"], "outside"),
        "scope": np.array([*kinds, None], dtype=object)[strictest],
        "scopes": texts(inside, kinds[grounds.kind]),
        "border_scopes": texts(border, kinds[grounds.kind]),
        "protected_code": texts(main, grounds.code),
        "protected_name": texts(main, grounds.name),
        **_amounts(met, strictest, shapes),
        "depth_m": depth,
        **_nearest(met, kinds, number),
    }
    return answers | _rules(grounds, strictest, lang)


def _amounts(met: pd.DataFrame, strictest: NDArray[np.int64], shapes: NDArray[Any]) -> dict[str, Any]:
    """Return what lies inside, and in the strictest scope; of rows of a dimension, if there are any."""
    number = len(strictest)
    dimension = shapely.get_dimensions(shapes)
    row = met["row"].to_numpy()
    total = np.bincount(row, weights=met["once"], minlength=number)
    own = np.where(met["kind"].to_numpy() == strictest[row], met["once"], 0.0)
    first = np.bincount(row, weights=own, minlength=number)
    amounts: dict[str, Any] = {}
    share = np.full(number, np.nan)
    for each, measure in ((1, shapely.length), (2, shapely.area)):
        there = dimension == each
        if there.any():
            amounts[AMOUNT[each]] = np.where(there, total, np.nan)
            amounts[AMOUNT[each].replace("inside", "scope")] = np.where(there, first, np.nan)
            size = measure(shapes)
            share = np.where(there & (size > 0), total / np.where(size > 0, size, 1.0), share)
    return amounts | {"share": share}


def _nearest(met: pd.DataFrame, kinds: NDArray[Any], number: int) -> dict[str, Any]:
    """Return the nearest scope of each row, of equally near ones the strictest, and how far it is."""
    nearest = met.sort_values(["row", "distance_m", "ground"], kind="stable").drop_duplicates("row")
    distance, scope = np.full(number, np.nan), np.full(number, None, dtype=object)
    row = nearest["row"].to_numpy()
    distance[row] = nearest["distance_m"]
    off = (nearest["distance_m"] > 0).to_numpy()
    scope[row[off]] = kinds[nearest["kind"].to_numpy()[off]]
    return {"nearest_scope": scope, "distance_m": distance}


def _rules(grounds: Grounds, kind: NDArray[np.int64], lang: Language) -> dict[str, Any]:
    """Return the rule of each kind and who approves; nothing for -1."""
    table = grounds.table
    columns = {
        "rule": table[f"rule_{lang}"],
        "approver": table[f"approver_{lang}"],
        "clause": (table["source"] + " " + table["clause"]).str.strip(),
        "confidence": table["confidence"],
    }
    return {name: np.array([*values, None], dtype=object)[kind] for name, values in columns.items()}


def _known(
    shapes: NDArray[Any],
    usable: NDArray[np.bool_],
    extent: gpd.GeoDataFrame | None,
    layers: list[str],
    crs: Any,
) -> dict[str, Any]:
    """Say of each row whether the surveys of all layers reached it, which did not, and how old they are."""
    if extent is None:
        told = np.full(len(shapes), ";".join(layers), dtype=object)
        return {"known": np.zeros(len(shapes), dtype=bool), "unknown_layers": told}
    ground = ready(extent, "survey_extents", kind="polygon", crs=crs)
    of = as_text(ground["surveyed_layer"]).fillna("") if "surveyed_layer" in ground else None
    areas = flat(ground.geometry.to_numpy())
    lacking = np.full(len(shapes), "", dtype=object)
    for name in layers:
        cover = cover_of(areas if of is None else areas[of.isin(["", name]).to_numpy(dtype=bool)])
        shapely.prepare(cover)
        reached = usable & shapely.covers(cover, shapes)
        lacking = np.where(reached, lacking, np.where(lacking == "", name, lacking + ";" + name))
    known = lacking == ""
    told = pd.Series(lacking, dtype=object).mask(known).to_numpy()
    answers: dict[str, Any] = {"known": known, "unknown_layers": told}
    if "surveyed_on" in ground:
        answers["surveyed_on"] = _oldest(shapes, areas, ground["surveyed_on"])
    return answers


def _oldest(shapes: NDArray[Any], areas: NDArray[Any], surveyed_on: pd.Series) -> NDArray[Any]:
    """Return the day of the oldest survey that each shape lies in, as text."""
    days = read_times(surveyed_on).times.dt.strftime("%Y-%m-%d").to_numpy(dtype=object)
    area, row = shapely.STRtree(shapes).query(areas, predicate="intersects")
    seen = pd.DataFrame({"row": row, "day": days[area]}).dropna().groupby("row")["day"].min()
    told = np.full(len(shapes), None, dtype=object)
    told[seen.index] = seen
    return told


def _as_columns(answers: dict[str, Any], index: pd.Index) -> dict[str, Any]:
    """Give texts the dtype of texts."""
    return {
        name: pd.Series(values, index=index, dtype="str") if np.asarray(values).dtype.kind in "OU" else values
        for name, values in answers.items()
    }

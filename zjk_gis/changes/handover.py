"""The hand-over list (移交清单): what each chief gives to whom and gets from whom when zones change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.assign.incidents import assign_incidents
from zjk_gis.assign.reassign import reassign_incidents
from zjk_gis.assign.states import is_open
from zjk_gis.crs import convert_crs
from zjk_gis.layers.columns.nobody import chiefs_of
from zjk_gis.layers.metric import ready
from zjk_gis.layers.recorded import with_answers

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.changes.moved import Codes, MovedGround, Side

__all__ = ["changed_incidents", "components_in", "handover_list", "open_by_move", "roads_in"]

_ROAD = ("road_code", "road_name", "road_class", "edge_code")
_LEAST_M = 1e-6
_KEY = ["chief_code", "direction", "counterpart_chief", "from_code", "to_code"]


def roads_in(roads: gpd.GeoDataFrame, moved: gpd.GeoDataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Measure the roads on each piece of ground; one along a border counts half.

    Returns
    -------
    rows : DataFrame
        One row a piece and road.
    length : ndarray of float64
        In all for each piece.
    """
    lines = ready(roads, "roads", kind="line", crs=moved.crs)
    shapes, pieces = lines.geometry.to_numpy(), moved.geometry.to_numpy()
    piece, line = shapely.STRtree(shapes).query(pieces, predicate="intersects")
    on = shapely.length(shapely.intersection(shapes[line], pieces[piece]))
    along = shapely.length(shapely.intersection(shapes[line], shapely.boundary(pieces[piece])))
    length = on - 0.5 * along
    keep = length > _LEAST_M
    piece, line, length = piece[keep], line[keep], length[keep]
    named = [name for name in _ROAD if name in lines]
    rows = lines[named].iloc[line].reset_index(drop=True)
    rows = pd.DataFrame(rows).assign(move_code=moved["move_code"].to_numpy()[piece], road_m=length)
    # A road of several edges is one row; what has no name or code at all is one road, too.
    road = [name for name in named if name != "edge_code"] or named
    total = rows.groupby(["move_code", *road], dropna=False, sort=True)["road_m"].sum().reset_index()
    lengths = np.zeros(len(pieces))
    np.add.at(lengths, piece, length)
    return total, lengths


def components_in(layer: gpd.GeoDataFrame, name: str, moved: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Count the rows of a layer on each piece of ground; what lies on a border, on the first piece."""
    if not len(layer):
        return np.zeros(len(moved), dtype=np.int64)
    kinds = set(layer.geom_type.dropna())
    kind: Any = "point" if kinds <= {"Point", "MultiPoint"} else "line"
    if kinds <= {"Polygon", "MultiPolygon"}:
        kind = "polygon"
    shapes = ready(layer, name, kind=kind, crs=moved.crs).geometry.to_numpy()
    points = shapes if kind == "point" else shapely.point_on_surface(shapes)
    return np.bincount(_piece_of(points, moved)[1], minlength=len(moved))


def changed_incidents(
    incidents: gpd.GeoDataFrame,
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    code: str,
    moved: gpd.GeoDataFrame,
    *,
    even_if_off: bool = False,
) -> gpd.GeoDataFrame:
    """Return the incidents that another code or chief answers for than before."""
    before = assign_incidents(incidents, old, code=code, even_if_off=even_if_off)
    after = reassign_incidents(before, old, new, code=code)
    answers = {}
    for name, assigned in (("from", before), ("to", after)):
        answers[f"{name}_code"] = assigned[code].fillna("")
        answers[f"{name}_chief"] = chiefs_of(assigned).fillna("").astype("str")
    differ = (answers["from_code"] != answers["to_code"]) | (answers["from_chief"] != answers["to_chief"])
    changed = incidents[differ.to_numpy()]
    point, piece = _piece_of(convert_crs(changed.geometry, moved.crs, name="incidents").to_numpy(), moved)
    codes = np.full(len(changed), "", dtype=object)
    codes[point] = moved["move_code"].to_numpy(dtype=object)[piece]
    told = {
        name: answers[name][differ.to_numpy()] for name in ("from_code", "to_code", "from_chief", "to_chief")
    }
    told["open"] = _still_open(changed)
    told["move_code"] = pd.Series(codes, index=changed.index, dtype="str")
    found = with_answers(changed, told)
    lost = int(after["reason"].isin(["no_position", "bad_position"]).sum())
    found.attrs = {"reassigned": after.attrs["reassigned"], "no_position": lost}
    return found


def open_by_move(changed: gpd.GeoDataFrame, moved: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Count the open incidents that change hands on each piece."""
    counts = changed.loc[changed["open"], "move_code"].value_counts()
    open_: NDArray[np.int64] = moved["move_code"].map(counts).fillna(0).to_numpy(dtype=np.int64)
    return open_


def handover_list(
    ground: MovedGround,
    moved: gpd.GeoDataFrame,
    old: Side,
    new: Side,
    *,
    roads: pd.DataFrame | None,
    incidents: gpd.GeoDataFrame | None,
    counted: Iterable[str],
) -> pd.DataFrame:
    """List what each chief gives to whom and gets from whom."""
    names = list(counted)
    measured = ["area_m2", *(["road_m"] if roads is not None else []), *names]
    rows = []
    for at, (given, taken) in enumerate(zip(ground.given, ground.taken, strict=True)):
        for giver, taker, direction in _hands(given, taken, old, new):
            rows.append((at, giver, taker, direction))
    hands = pd.DataFrame(rows, columns=["at", "from_code", "to_code", "direction"])
    hands["move_code"] = moved["move_code"].to_numpy()[hands["at"].to_numpy(dtype=np.int64)]
    for name in measured:
        hands[name] = moved[name].to_numpy()[hands["at"].to_numpy(dtype=np.int64)]
    hands = _with_chiefs(hands, old, new)
    listed = hands.groupby(_KEY, as_index=False)[measured].sum()
    if roads is not None:
        listed = listed.merge(_road_words(hands, roads), on=_KEY, how="left")
    if incidents is not None:
        listed = listed.merge(_open_incidents(incidents, old, new), on=_KEY, how="outer")
        listed["open"] = listed["open"].fillna(0).astype(np.int64)
        listed[["area_m2"]] = listed[["area_m2"]].fillna(0.0)
        for name in measured:
            kind = np.int64 if name in names else np.float64
            listed[name] = listed[name].fillna(0).astype(kind)
    texts = [name for name in (*_KEY, "roads", "open_incidents") if name in listed]
    listed[texts] = listed[texts].fillna("").astype("str")
    named = {chief: side.name_of[code] for side in (old, new) for code, chief in side.chief_of.items()}
    if any(named.values()):
        listed.insert(1, "chief_name", listed["chief_code"].map(named).fillna("").astype("str"))
    order = [name for name in listed if name not in names and name not in ("open", "open_incidents")]
    tail = [name for name in ("open", "open_incidents") if name in listed]
    return listed[[*order, *names, *tail]].sort_values(_KEY, kind="stable").reset_index(drop=True)


def _hands(given: Codes, taken: Codes, old: Side, new: Side) -> list[tuple[str, str, str]]:
    """Return (code before, code after, direction) for all who give a piece or get it."""

    def passes(code: str, others: Codes) -> bool:
        return code not in others or old.chief_of[code] != new.chief_of[code]

    givers = [code for code in given if passes(code, taken)]
    takers = [code for code in taken if passes(code, given)]
    rows = [(giver, taker, "gives") for giver in givers for taker in takers or taken or ("",)]
    return rows + [(giver, taker, "gets") for taker in takers for giver in givers or given or ("",)]


def _with_chiefs(hands: pd.DataFrame, old: Side, new: Side) -> pd.DataFrame:
    """Name the chief each row is for and the other one; a chief hands nothing over to himself."""
    giver = hands["from_code"].map(lambda code: old.chief_of.get(code, ""))
    taker = hands["to_code"].map(lambda code: new.chief_of.get(code, ""))
    gives = hands["direction"] == "gives"
    hands = hands.assign(chief_code=giver.where(gives, taker), counterpart_chief=taker.where(gives, giver))
    himself = (hands["chief_code"] == hands["counterpart_chief"]) & (hands["chief_code"] != "")
    return hands[~himself]


def _road_words(hands: pd.DataFrame, roads: pd.DataFrame) -> pd.DataFrame:
    """Name the roads of each row with their metres, the longest first."""
    name = next((column for column in ("road_name", "road_code", "edge_code") if column in roads), None)
    named = roads.assign(road=roads[name].fillna("").astype(str) if name else "")
    each = hands[[*_KEY, "move_code"]].merge(named[["move_code", "road", "road_m"]], on="move_code")
    total = each.groupby([*_KEY, "road"], as_index=False)["road_m"].sum()
    total = total[total["road"] != ""].sort_values(
        [*_KEY, "road_m", "road"], ascending=[True] * 5 + [False, True]
    )
    words = [f"{road} {metres:.1f} m" for road, metres in zip(total["road"], total["road_m"], strict=True)]
    told = total[_KEY].assign(roads=pd.Series(words, index=total.index, dtype="str"))
    joined: pd.DataFrame = told.groupby(_KEY)["roads"].agg(";".join).reset_index()
    return joined


def _open_incidents(incidents: gpd.GeoDataFrame, old: Side, new: Side) -> pd.DataFrame:
    """Count and name the open incidents that each row of the list hands over."""
    still = incidents[incidents["open"]]
    name = "incident_code" if "incident_code" in still else None
    told = still[name].astype(str) if name else still.index.map(str)
    once = pd.DataFrame(
        {
            "from_code": still["from_code"].to_numpy(),
            "to_code": still["to_code"].to_numpy(),
            "incident": np.asarray(told, dtype=object),
        }
    )
    both = pd.concat([once.assign(direction="gives"), once.assign(direction="gets")], ignore_index=True)
    someone = both["from_code"].where(both["direction"] == "gives", both["to_code"]) != ""
    both = _with_chiefs(both[someone], old, new).sort_values([*_KEY, "incident"])
    grouped = both.groupby(_KEY)["incident"].agg(["count", ";".join]).reset_index()
    return grouped.set_axis([*_KEY, "open", "open_incidents"], axis="columns")


def _still_open(incidents: gpd.GeoDataFrame) -> pd.Series:
    """Tell which incidents are not closed yet: all where nothing says so."""
    known = is_open(incidents)
    return pd.Series(data=True, index=incidents.index, dtype=bool) if known is None else known


def _piece_of(points: NDArray[Any], moved: gpd.GeoDataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (point, piece) for the points on a piece; on a border the first piece has it."""
    pieces = moved.geometry.to_numpy()
    point, piece = shapely.STRtree(pieces).query(points, predicate="intersects")
    order = np.lexsort((piece, point))
    point, piece = point[order], piece[order]
    lone, first = np.unique(point, return_index=True)
    return lone, piece[first]

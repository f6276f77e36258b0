"""Overhead cables that run along a utility tunnel and could go into it (架空线入廊)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import ops

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.values import alike
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay.linear import stretches_along
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.things import codes_in, joined, texts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["cables_along_tunnels"]

_MEET_M = 1e-6  # stretches nearer than this meet
_CABLES, _TUNNELS = CATALOGUE["overhead_cables"], CATALOGUE["utility_tunnels"]


@checked
def cables_along_tunnels(
    cables: gpd.GeoDataFrame,
    tunnels: gpd.GeoDataFrame,
    *,
    within_m: float = 30.0,
    min_length_m: float = 10.0,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the stretches of overhead cables along a utility tunnel that could go into it (架空线入廊).

    Parameters
    ----------
    cables : GeoDataFrame
        Overhead cables (架空线缆): lines with ``cable_code``, perhaps with ``cable_kind`` and ``owner``.
    tunnels : GeoDataFrame
        Utility tunnels (综合管廊): lines with ``tunnel_code``.
    within_m : float, default 30.0
        How far from the tunnel a cable may run and still be along it.
    min_length_m : float, default 10.0
        Shorter stretches are left out.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区), for who answers.
    streets : GeoDataFrame, optional
        Streets (街道), with ``street_code``.
    at : date or str, optional
        The day on which zones are valid.
    strict : bool, default False
        Refuse cables without a code or a sound shape, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a stretch, by cable and along it, each metre once:

        - ``cable_code``, ``cable_kind``, ``owner`` (text);
        - ``from_m``, ``to_m`` and ``length_m`` (float64): along the cable as drawn;
        - ``share`` (float64): of the whole cable;
        - ``tunnel_codes`` (text): the tunnels alongside, sorted, joined by ``;``;
        - ``rule`` and ``confidence`` (text);
        - who answers: ``zone_code``, ``chief_code``, ``chief_name``, ``street_code``;

        and the stretch. ``attrs["set_aside"]`` lists the cables that are not judged.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a number is negative.

    Notes
    -----
    Each straight of a cable is judged by itself: one that crosses a tunnel, or leads away from it, does not
    run along it. Whether the tunnel takes such cables, and has room,
    is for its operator to say. The policy of 2022-03-17 (clause 20 [P]) asks that overhead lines go into
    tunnels; how near they must run is the city's to decide [U].

    Examples
    --------
    >>> from shapely import LineString
    >>> way = LineString([(0, 0), (100, 0)])
    >>> tunnels = gpd.GeoDataFrame({"tunnel_code": ["G1"]}, geometry=[way], crs=4547)
    >>> cables = gpd.GeoDataFrame(
    ...     {"cable_code": ["K1", "K2"]},
    ...     geometry=[LineString([(-50, 9), (80, 9)]), LineString([(50, -200), (50, 200)])],
    ...     crs=4547,
    ... )
    >>> cables_along_tunnels(cables, tunnels)[["cable_code", "from_m", "to_m", "length_m", "tunnel_codes"]]
      cable_code  from_m   to_m  length_m tunnel_codes
    0         K1    50.0  130.0      80.0           G1
    """
    require_amounts(within_m=within_m, min_length_m=min_length_m)
    aside = SetAside(strict=strict)
    sound = aside.sound(cables, "overhead_cables", kind="line", filled=[_CABLES.code])
    rows = ready(sound, "overhead_cables", kind="line", code=_CABLES.code)
    ways = ready(tunnels, "utility_tunnels", kind="line", code=_TUNNELS.code, crs=rows.crs)
    lines, part = shapely.get_parts(flat(rows.geometry.to_numpy()), return_index=True)
    galleries, gallery = shapely.get_parts(flat(ways.geometry.to_numpy()), return_index=True)
    runs = _runs(lines, galleries, within_m)
    runs["tunnel"] = codes_in(ways, "utility_tunnels", _TUNNELS.code)[gallery[runs["row"]]]
    joined = _joined(runs)
    joined = joined[joined["to_m"] - joined["from_m"] >= min_length_m].reset_index(drop=True)
    line = joined["line"].to_numpy()
    cable = part[line]
    before = _before(shapely.length(lines), part)[line]
    whole = shapely.length(rows.geometry.to_numpy())
    length = (joined["to_m"] - joined["from_m"]).to_numpy()
    kinds, owners = (_words(rows, column)[cable] for column in ("cable_kind", "owner"))
    table = pd.DataFrame(
        {
            "cable_code": texts(codes_in(rows, "overhead_cables", _CABLES.code)[cable]),
            "cable_kind": texts(kinds),
            "owner": texts(owners),
            "from_m": before + joined["from_m"],
            "to_m": before + joined["to_m"],
            "length_m": length,
            "share": length / whole[cable],
            "tunnel_codes": joined["tunnels"],
            "rule": texts(
                [tr("policy of 2022-03-17, clause 20; the distance is the city's to decide")] * len(joined)
            ),
            "confidence": texts(["U"] * len(joined)),
        }
    )
    shapes = [
        ops.substring(lines[each], begin, end)
        for each, begin, end in zip(line.tolist(), joined["from_m"], joined["to_m"], strict=True)
    ]
    found = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=rows.crs), crs=rows.crs)
    found = found.sort_values(["cable_code", "from_m", "to_m"], kind="stable", ignore_index=True)
    return aside.told_in(with_who_answers(found, zones, streets, at=at))


def _runs(lines: NDArray[Any], galleries: NDArray[Any], within_m: float) -> pd.DataFrame:
    """Return from where to where along each line its straights run along a tunnel."""
    coords, line = shapely.get_coordinates(lines, return_index=True)
    same = line[:-1] == line[1:]
    ends = np.stack([coords[:-1][same], coords[1:][same]], axis=1)
    metres = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    straight = metres > 0
    ends, metres, of_line = ends[straight], metres[straight], line[:-1][same][straight]
    runs = stretches_along(shapely.linestrings(ends), galleries, within_m)
    begins = _before(metres, of_line)[runs["line"]]
    told: pd.DataFrame = runs.assign(
        from_m=runs["from_m"] + begins, to_m=runs["to_m"] + begins, line=of_line[runs["line"]]
    )
    return told


def _joined(runs: pd.DataFrame) -> pd.DataFrame:
    """Join stretches of a line that overlap or meet, whichever tunnels they run along."""
    runs = runs.sort_values(["line", "from_m", "to_m", "tunnel"], ignore_index=True)
    reach = runs.groupby("line")["to_m"].cummax().groupby(runs["line"]).shift()
    begins = ~(runs["from_m"] <= reach + _MEET_M)
    number = begins.cumsum() - 1
    groups = runs.groupby(number)
    return pd.DataFrame(
        {
            "line": groups["line"].first(),
            "from_m": groups["from_m"].min(),
            "to_m": groups["to_m"].max(),
            "tunnels": texts(joined(number, runs["tunnel"], int(begins.sum()))),
        }
    )


def _before(metres: NDArray[np.float64], owner: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how long the pieces of an owner are that come before each of its pieces."""
    length = pd.Series(metres)
    return np.asarray(length.groupby(owner).cumsum() - length, dtype=np.float64)


def _words(rows: gpd.GeoDataFrame, column: str) -> NDArray[Any]:
    if column not in rows:
        return np.full(len(rows), "", dtype=object)
    told = somebody(rows[column]) if column == "owner" else alike(rows[column], _CABLES.field(column))
    return told.fillna("").to_numpy(dtype=object)

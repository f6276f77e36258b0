"""Repairs made that were proposed and accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from geopandas.array import from_shapely

from zjk_gis.arguments import checked
from zjk_gis.coverage.gaps import gap_shapes, ground_and_zones
from zjk_gis.coverage.mending import Fixes, matched, mended
from zjk_gis.coverage.overlaps import overlap_shapes
from zjk_gis.coverage.repair import judged_zones
from zjk_gis.coverage.rules import GapRules, OverlapRules
from zjk_gis.crs import convert_crs
from zjk_gis.errors import GeometryError, InputError, MissingColumnError, name_rows
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.shapes import has_place
from zjk_gis.overlay.faces import faces_of, ready_zones
from zjk_gis.overlay.snapping import SAME_M
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["apply_repairs"]

_NEEDED = ("repair_code", "status", "gaining_code", "losing_code")
_CONSERVED = 1e-9  # of the covered area
_UNCHANGED = 1e-6  # of a zone's area, between the proposal and the day it is made


@checked
def apply_repairs(
    zones: gpd.GeoDataFrame,
    proposals: gpd.GeoDataFrame,
    *,
    accept: Collection[str] | None = None,
    region: gpd.GeoDataFrame | None = None,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
) -> gpd.GeoDataFrame:
    """Make the fixes that were accepted, and return the mended zones.

    Parameters
    ----------
    zones : GeoDataFrame
        Those that `repair_coverage` was asked about.
    proposals : GeoDataFrame
        What it answered.
    accept : collection of str, optional
        The ``repair_code`` of the fixes to be made; also of such as were left to a person, if that is what
        the person decided. By default all that are ``proposed``.
    region : GeoDataFrame, optional
        What should be covered, to count the gaps that are left.
    code, at, level
        As for `repair_coverage`.

    Returns
    -------
    GeoDataFrame
        The same rows, index, columns and CRS. Only geometries change: of the zones that gain or lose, and of
        their neighbours, which get the vertices that they lacked on the common border. Heights (Z) of changed
        shapes are lost; a column with areas is not computed again. ``attrs["repairs"]`` tells

        - ``applied``: repair codes; ``refused``: repair codes with what the guard said;
        - ``changed_codes``: zones that gained or lost; ``renoded_codes``: that only got vertices;
        - ``covered_before_m2``, ``filled_m2``, ``covered_after_m2``: the first two make up the third;
        - ``measured_in``: the CRS in which areas and borders were compared, a metric one;
        - ``coverage_is_valid``: whether the zones are a valid coverage afterwards (borders match, nothing
          overlaps), and ``not_valid_codes``: whose borders do not;
        - ``overlaps_left``, ``overlap_area_left_m2``, ``gaps_left``, ``gap_area_left_m2``: gaps of `region`
          or, without it, within the zones' own outline.

    Raises
    ------
    MissingColumnError
        If `proposals` lacks a column.
    InputError
        If a repair code is not there or comes twice, or if zones have changed since the proposal.
    GeometryError
        If the mended zones would not cover what they did and what was filled, to a billionth (or to what a
        ten-millionth of a metre along the changed borders makes); then nothing is returned.

    Notes
    -----
    A fix is refused, and told, if a zone would be empty, invalid (also once it is written in the CRS of
    `zones`) or in more parts than before; the others are made, and no code and no row is ever lost. Zones in
    degrees come back in degrees: vertices that were there keep every digit, new ones are true to a
    micrometre; an edge of 100 m that gets a vertex bends by up to 0.2 mm, as what is straight in metres is
    not quite so in degrees.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import zjk_gis
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 51, 50), box(50, 0, 100, 50)], crs=4547
    ... )
    >>> mended = apply_repairs(zones, zjk_gis.repair_coverage(None, zones))
    >>> mended.area.tolist(), mended.attrs["repairs"]["applied"]
    ([2500.0, 2500.0], ['R001'])
    """
    rows = _accepted(proposals, accept)
    metric = ready_zones(zones, code=code).reset_index(drop=True)
    judged = judged_zones(metric, code, at, level, zones.index)
    codes = code_text(judged[code]).to_numpy(dtype=object)
    shapes = shapely.force_2d(judged.geometry.to_numpy())
    fixes = _fixes(convert_crs(rows, metric.crs, name="proposals"), codes)
    _check_unchanged(rows, shapes, fixes)
    after, refused, result = _made(zones, judged, shapes, fixes)
    done = refused == ""
    vertices = _are_vertices(fixes)
    changed = np.zeros(len(shapes), dtype=bool)
    changed[fixes.changed[done & ~vertices]] = True
    touched = np.flatnonzero(after != shapes)

    filled = float(shapely.area(fixes.grounds[done & (fixes.losing < 0)]).sum())
    covered = [float(shapely.area(faces_of(each).cover)) for each in (shapes, after)]
    rounding = SAME_M * float(shapely.length(after[touched]).sum())
    if abs(covered[1] - covered[0] - filled) > max(_CONSERVED * covered[1], rounding):
        raise GeometryError(
            tr(
                "the repaired zones would cover {covered:,.4f} m² instead of {covered_2:,.4f} m²; "
                "nothing was done. Repair fewer at once with accept=",
                covered=covered[1],
                covered_2=covered[0] + filled,
            )
        )
    account: dict[str, Any] = {
        "applied": rows["repair_code"].to_numpy(dtype=object)[done].tolist(),
        "refused": dict(zip(rows["repair_code"][~done].tolist(), refused[~done].tolist(), strict=True)),
        "changed_codes": sorted(codes[changed].tolist()),
        "renoded_codes": sorted(codes[[at for at in touched if not changed[at]]].tolist()),
        "covered_before_m2": covered[0],
        "filled_m2": filled,
        "covered_after_m2": covered[1],
        "measured_in": metric.crs.to_string(),
        **_validity(result.geometry.to_numpy()[judged.index], codes),
    }
    result.attrs["repairs"] = account | _left(result, region, metric.crs, code=code, at=at, level=level)
    return result


def _made(
    zones: gpd.GeoDataFrame, judged: gpd.GeoDataFrame, shapes: NDArray[Any], fixes: Fixes
) -> tuple[NDArray[Any], NDArray[np.object_], gpd.GeoDataFrame]:
    """Make the fixes; where a zone would be invalid in the layer's own CRS, all but those beside it."""
    refused = np.full(len(fixes.grounds), "", dtype=object)
    vertices = _are_vertices(fixes)
    while True:
        tried, after = refused == "", shapes
        for own, make in ((tried & ~vertices, mended), (tried & vertices, _match)):
            after, refused[own] = make(after, fixes.take(own))
        touched = np.flatnonzero(after != shapes)
        result, sound = _with_shapes(zones, judged, shapes, after, touched)
        if sound.all():
            return after, refused, result
        beside = shapely.STRtree(after[touched[~sound]]).query(
            fixes.grounds, predicate="dwithin", distance=SAME_M
        )[0]
        hindered = np.zeros(len(refused), dtype=bool)
        hindered[beside] = True
        hindered &= tried
        refused[hindered if hindered.any() else tried] = "would_be_invalid"


def _are_vertices(fixes: Fixes) -> NDArray[np.bool_]:
    """Tell which fixes give vertices rather than ground."""
    return np.asarray((shapely.get_dimensions(fixes.grounds) == 0) & (fixes.losing < 0))


def _match(shapes: NDArray[Any], fixes: Fixes) -> tuple[NDArray[Any], NDArray[np.object_]]:
    return matched(shapes, fixes.grounds, fixes.gaining)


def _validity(shapes: NDArray[Any], codes: NDArray[np.object_]) -> dict[str, Any]:
    """Say whether borders match and nothing overlaps, and otherwise whose do not."""
    bad = ~shapely.is_empty(shapely.coverage_invalid_edges(shapely.force_2d(shapes)))
    return {"coverage_is_valid": not bad.any(), "not_valid_codes": sorted(codes[bad].tolist())}


def _accepted(proposals: gpd.GeoDataFrame, accept: Collection[str] | None) -> gpd.GeoDataFrame:
    """Return the rows to be made, in the order of their codes."""
    lacking = [name for name in _NEEDED if name not in proposals]
    if lacking:
        raise MissingColumnError(
            tr("proposals: no column {lacking!r}; give what repair_coverage returned", lacking=lacking[0])
        )
    names = code_text(proposals["repair_code"])
    if names.duplicated().any():
        raise InputError(
            tr("proposals: repair_code {iloc} comes twice", iloc=names[names.duplicated()].iloc[0])
        )
    if accept is None:
        kept = (proposals["status"] == "proposed").to_numpy()
    else:
        wanted = {accept} if isinstance(accept, str) else {str(name) for name in accept}
        unknown = sorted(wanted - set(names))
        if unknown:
            raise InputError(
                tr("accept: no repair {unknown} among the proposals", unknown=", ".join(unknown))
            )
        kept = names.isin(wanted).to_numpy()
    nowhere = kept & ~has_place(proposals.geometry.to_numpy())
    if nowhere.any():
        raise GeometryError(
            tr(
                "proposals: {rows} have no place; ask repair_coverage again",
                rows=name_rows(proposals.index[nowhere]),
            )
        )
    rows = proposals[kept].sort_values("repair_code").reset_index(drop=True)
    lost = rows["gaining_code"].isna() | (rows["gaining_code"] == "")
    if lost.any():
        raise InputError(
            tr(
                "repair {iloc} has no gaining_code: write who is to have it",
                iloc=rows["repair_code"][lost].iloc[0],
            )
        )
    return rows


def _fixes(rows: gpd.GeoDataFrame, codes: NDArray[np.object_]) -> Fixes:
    place = {name: at for at, name in enumerate(codes)}
    sides = []
    for column in ("gaining_code", "losing_code"):
        names = rows[column].fillna("").astype(str)
        unknown = sorted({name for name in names if name and name not in place})
        if unknown:
            raise InputError(
                tr(
                    "proposals: {column} {unknown} is not a code of the zones that are judged",
                    column=column,
                    unknown=", ".join(unknown[:5]),
                )
            )
        sides.append(np.array([place.get(name, -1) for name in names], dtype=np.int64))
    return Fixes(rows.geometry.to_numpy(), sides[0], sides[1])


def _check_unchanged(rows: gpd.GeoDataFrame, shapes: NDArray[Any], fixes: Fixes) -> None:
    """Refuse proposals that were made for other shapes than these."""
    areas = np.append(shapely.area(shapes), np.nan)
    for side, at in (("gaining", fixes.gaining), ("losing", fixes.losing)):
        if f"{side}_before_m2" not in rows:
            continue
        before = rows[f"{side}_before_m2"].to_numpy(dtype=np.float64)
        other = np.abs(areas[at] - before) > _UNCHANGED * np.abs(before)
        if other.any():
            raise InputError(
                tr(
                    "zones: {set} changed since the repairs were proposed; ask repair_coverage again",
                    set=", ".join(sorted(set(rows[f"{side}_code"][other]))[:5]),
                )
            )


def _with_shapes(
    zones: gpd.GeoDataFrame,
    judged: gpd.GeoDataFrame,
    before: NDArray[Any],
    after: NDArray[Any],
    touched: NDArray[np.int64],
) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """Put the touched ones of the judged rows into a copy of the layer; tell which are valid in its CRS."""
    shapes = zones.geometry.to_numpy().copy()
    places = judged.index.to_numpy()
    new = after[touched]
    if judged.crs != zones.crs:
        # Vertices that were there keep their digits, also where another zone gets them; new are converted.
        known, first = np.unique(_places_of(before), return_index=True)
        wanted = _places_of(new)
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        points = gpd.GeoSeries.from_xy(wanted.real, wanted.imag, crs=judged.crs).to_crs(zones.crs)
        fresh = points.x.to_numpy() + 1j * points.y.to_numpy()
        own = _places_of(shapes[places])[first[at]]
        placed = np.where(known[at] == wanted, own, fresh)
        new = shapely.set_coordinates(new.copy(), np.stack([placed.real, placed.imag], axis=1))
    shapes[places[touched]] = new
    result = zones.copy()
    result[zones.geometry.name] = from_shapely(shapes, crs=zones.crs)
    return result, np.asarray(shapely.is_valid(new))


def _left(
    result: gpd.GeoDataFrame, region: gpd.GeoDataFrame | None, crs: CRS, **where: Any
) -> dict[str, Any]:
    """Count the gaps and overlaps that are left."""
    if region is not None:
        region = convert_crs(region, crs, name="region")
    ground, divided = ground_and_zones(region, result, None, **where)
    told: dict[str, Any] = {}
    for word, shapes in (
        ("overlap", overlap_shapes(divided, OverlapRules())[0]),
        ("gap", gap_shapes(divided, ground, GapRules())),
    ):
        told |= {f"{word}s_left": len(shapes), f"{word}_area_left_m2": float(shapely.area(shapes).sum())}
    return told


def _places_of(shapes: NDArray[Any]) -> NDArray[np.complex128]:
    coords = shapely.get_coordinates(shapes)
    return np.asarray(coords[:, 0] + 1j * coords[:, 1])

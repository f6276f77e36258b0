"""What are these coordinates? Every reading that fits, with what speaks for it; nothing is done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from zjk_gis.arguments import checked
from zjk_gis.coordinates.datums import stated_datum
from zjk_gis.coordinates.guesses import CoordinateGuess, Hypothesis
from zjk_gis.coordinates.readings import city_bounds, readings
from zjk_gis.coordinates.shifted import DATUMS, FARTHEST_M, NOISE_M, shift_test, to_ground
from zjk_gis.crs import CGCS2000, as_metric, convert_crs, datum_of
from zjk_gis.crs.systems import in_china, same_numbers, title_of
from zjk_gis.errors import EmptyLayerError, InputError, name_rows
from zjk_gis.layers.columns.coordinates import named_columns, read_positions
from zjk_gis.layers.shapes import has_place
from zjk_gis.layers.spec import AREAL
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.coordinates.readings import Reading
    from zjk_gis.coordinates.shifted import ShiftTest

__all__ = ["infer_coordinates", "likeliest", "probable_crs"]

_LEAST_POINTS = 20  # by which a datum is told
_MOST_TESTED = 2000  # points whose distances are measured
_AROUND_REFERENCE = 0.05  # degrees: more than any shift
_SURE = 0.97  # no inference is certain
_WORTH_NAMING = 0.1  # a second guess that is less likely is left out of a hint of one line
_FAINT = 0.02  # readings with less than this share of what speaks for all are left out


@checked
def infer_coordinates(
    layer: pd.DataFrame | gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    x: str | None = None,
    y: str | None = None,
    reference: gpd.GeoDataFrame | None = None,
) -> CoordinateGuess:
    """Say what the coordinates of a table or layer probably are, and why; nothing is changed.

    Parameters
    ----------
    layer : DataFrame, GeoDataFrame or GeoSeries
        A table with columns of coordinates, as numbers or text, or a layer whose CRS is missing or doubted.
    x, y : str, optional
        The columns, in either order; by default those of the usual names, or the geometry if there is one.
    reference : GeoDataFrame, optional
        Ground that the points should lie on or near, in a known CRS: roads (lines) or boundaries (polygons).
        Without it GCJ-02 and BD-09 cannot be told from the ground.

    Returns
    -------
    CoordinateGuess
        Its ``hypotheses``, the likeliest first; ``confirm(layer)`` places the layer.

    Raises
    ------
    EmptyLayerError
        If no row has a usable position.
    InputError
        If no columns of coordinates are recognised, or only one is named.
    MissingColumnError
        If a named column is not there.
    CRSError
        If the reference has no CRS, or rests on an old datum.

    Notes
    -----
    Read are longitudes and latitudes (decimal, in degrees, minutes and seconds, or packed as 114.5220),
    Gauss-Krüger coordinates with and without zone prefix, Web Mercator, each in either order of the axes.
    What speaks for a reading is the share of rows that fit it and of those that come to lie in Zhangjiakou,
    or around the reference. The majority decides: a reading that fits over half of the rows leaves out those
    that fit fewer, and the rows that it does not fit are named. A datum is told if at least 20 points come to
    lie within 200 m of the reference (mean, each counted to 1,000 m) and clearly nearer than in the other
    two; of polygons, if clearly more lie inside them, as most distances are 0 whatever the datum.
    Xi'an 80 and Beijing 54 cannot be told from CGCS2000 by numbers: they differ by tens of metres (confidence
    M). The confidence measures the evidence and is not a probability.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"X": ["4520947", "4521003"], "Y": ["38573312", "38573399"]})
    >>> guess = infer_coordinates(table)
    >>> guess.best.what, guess.best.crs, guess.best.confidence
    ('Gauss-Krüger, zone prefix 38, northing first (survey order)', 4526, 0.97)
    >>> guess.confirm(table).geometry.to_crs(4490).x.round(3).tolist()
    [114.869, 114.87]
    """
    numbers = _numbers(layer, x, y)
    usable = np.isfinite(numbers.x) & np.isfinite(numbers.y)
    if not usable.any():
        raise EmptyLayerError(tr("the layer: no row has a usable position, so nothing can be inferred"))
    place, place_name, ground = city_bounds(), tr("in Zhangjiakou or next to it"), None
    if reference is not None:
        ground = as_metric(reference, "reference")
        bounds = convert_crs(ground.geometry, CGCS2000, name="reference").total_bounds
        west, south, east, north = (float(bound) for bound in bounds)
        around = _AROUND_REFERENCE
        place = (west - around, south - around, east + around, north + around)
        place_name = tr("around the reference")
    numbers = replace(numbers, x=numbers.x[usable], y=numbers.y[usable], rows=numbers.rows[usable])
    found = readings(numbers.x, numbers.y, place=place, place_name=place_name)
    hypotheses = _weighed(found, ground, numbers) or [_unknown(numbers.x, numbers.y)]
    return CoordinateGuess(tuple(hypotheses), numbers.columns, len(layer), numbers.usable)


def probable_crs(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Say in one line what coordinates probably are, to help whoever has to name their system.

    Parameters
    ----------
    x, y : ndarray of float64
        In the order in which they came; NaN where there is no position.

    Returns
    -------
    str

    Examples
    --------
    >>> probable_crs(np.array([38573300.0]), np.array([4520900.0]))
    'probably Gauss-Krüger, zone prefix 38 (crs=4526, 97 % sure, CGCS2000 supposed)'
    """
    usable = np.isfinite(x) & np.isfinite(y)
    if not usable.any():
        return tr("no row has a usable position")
    x, y = x[usable], y[usable]
    hypotheses = _of_numbers(x, y)
    if not hypotheses:
        return _unknown(x, y).evidence[0]
    worth = [each for each in hypotheses[1:2] if each.confidence >= _WORTH_NAMING]
    told = [
        tr(
            "{what} (crs={epsg}, {sure:.0f} % sure, CGCS2000 supposed)",
            what=each.what,
            epsg=each.crs,
            sure=100 * each.confidence,
        )
        for each in [hypotheses[0], *worth]
    ]
    return tr("probably {what}", what=tr(", or ").join(told))


def likeliest(x: NDArray[np.float64], y: NDArray[np.float64]) -> Hypothesis | None:
    """Return what usable numbers most probably are, in the order in which they came; None if nothing fits.

    Examples
    --------
    >>> likeliest(np.array([573300.0]), np.array([4520900.0])).crs
    4547
    """
    hypotheses = _of_numbers(x, y)
    return hypotheses[0] if hypotheses else None


def _of_numbers(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Hypothesis]:
    found = readings(x, y, place=city_bounds(), place_name=tr("in Zhangjiakou or next to it"))
    return _weighed(
        found, None, _Numbers(x, y, np.arange(len(x)), None, len(x), (), None, mostly_angles=False)
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of a layer as they came: two columns, or all vertices of a geometry, with their rows."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rows: NDArray[Any]
    columns: tuple[str, str] | None
    usable: int
    notes: tuple[str, ...]
    label: CRS | None
    mostly_angles: bool


def _numbers(
    layer: pd.DataFrame | gpd.GeoDataFrame | gpd.GeoSeries, x: str | None, y: str | None
) -> _Numbers:
    """Read the columns named or recognised, or the geometry."""
    if x is None and y is None and isinstance(layer, gpd.GeoDataFrame | gpd.GeoSeries):
        shapes = layer.geometry.to_numpy()
        vertices, owner = shapely.get_coordinates(shapes, return_index=True)
        usable = int(has_place(shapes).sum())
        label = layer.crs
        said = () if label is None else (tr("the layer says that it is in {system}", system=label.name),)
        rows = layer.index.to_numpy(dtype=object)[owner]
        return _Numbers(vertices[:, 0], vertices[:, 1], rows, None, usable, said, label, mostly_angles=False)
    table = pd.DataFrame(layer)
    pair = named_columns(table.columns, x, y, tr("the layer"))
    if pair is None:
        raise InputError(
            tr(
                "the layer: no columns of coordinates among {columns}; name them with x= and y=",
                columns=listed(table.columns),
            )
        )
    positions = read_positions(table, pair)
    usable, angles = int((positions.why == "").sum()), int(positions.is_dms.sum())
    notes = [tr("columns {names}", names=tr("{first} and {last}", first=pair.east, last=pair.north))]
    if angles:
        notes.append(
            tr(
                "{count:,} of {whole:,} rows are written in degrees, minutes and seconds",
                count=angles,
                whole=usable,
            )
        )
    if usable < len(table):
        notes.append(
            tr(
                "{count:,} of {whole:,} rows have no usable position",
                count=len(table) - usable,
                whole=len(table),
            )
        )
    columns = (pair.east, pair.north)
    return _Numbers(
        positions.x,
        positions.y,
        table.index.to_numpy(dtype=object),
        columns,
        usable,
        tuple(notes),
        None,
        mostly_angles=2 * angles > usable,
    )


def _weighed(found: list[Reading], ground: gpd.GeoDataFrame | None, numbers: _Numbers) -> list[Hypothesis]:
    """Turn readings into hypotheses: by what speaks for each, and by the reference where there is one."""
    found = [reading for reading in found if reading.weight > _FAINT * found[0].weight]
    tests: list[ShiftTest | None] = [None] * len(found)
    weights = np.array([reading.weight for reading in found])
    if ground is not None:
        tree = shapely.STRtree(ground.geometry.to_numpy())
        areal = set(ground.geom_type.dropna()) <= AREAL
        tests = [_tested(reading, tree, ground.crs, is_areal=areal) for reading in found]
        means = np.array([np.nan if test is None else test.mean_m[test.best] for test in tests])
        weights = weights / np.nan_to_num((means + NOISE_M) ** 2, nan=(FARTHEST_M + NOISE_M) ** 2)
    shares = weights / weights.sum() if found else weights
    hypotheses = []
    for reading, share, test in zip(found, shares.tolist(), tests, strict=True):
        confidence = min(_SURE, share * reading.fits * (1 + reading.in_place) / 2)
        hypotheses += _of_reading(reading, confidence, test, numbers)
    kept = [each for each in hypotheses if each.confidence >= _FAINT] or hypotheses[:1]
    return sorted(kept, key=lambda each: -each.confidence)


def _tested(reading: Reading, tree: shapely.STRtree, crs: CRS, *, is_areal: bool) -> ShiftTest | None:
    """Measure the distances of some points from the reference, in each datum."""
    rows = np.flatnonzero(in_china(reading.lon, reading.lat))
    if not len(rows) or not len(tree):
        return None
    rows = rows[:: max(1, len(rows) // _MOST_TESTED)]

    def distance_m(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        spots = to_ground(lon, lat, crs)
        found = tree.query_nearest(spots, return_distance=True, all_matches=False)
        distances: NDArray[np.float64] = found[1]
        return distances

    return shift_test(reading.lon[rows], reading.lat[rows], distance_m, is_areal=is_areal)


def _of_reading(
    reading: Reading, confidence: float, test: ShiftTest | None, numbers: _Numbers
) -> list[Hypothesis]:
    """Return a hypothesis for each datum that a reading may be in, or one that leaves the datum open."""
    evidence = [*reading.evidence, *numbers.notes]
    if len(reading.odd):
        odd = pd.unique(numbers.rows[reading.odd])
        said = tr(
            "{count:,} positions cannot be read so ({rows})", count=len(reading.odd), rows=name_rows(odd)
        )
        if reading.exchanged:
            said += tr(", {count} of them with the axes exchanged", count=reading.exchanged)
        evidence.append(said)
    alike = [
        tr("{datum} (EPSG:{epsg})", datum=title_of(system.datum), epsg=system.epsg)
        for system in same_numbers(reading.epsg)
    ]
    if alike:
        evidence.append(
            tr(
                "{systems} look the same, tens of metres apart: ask whoever made the data",
                systems=tr("{first} and {last}", first=listed(alike[:-1]), last=alike[-1]),
            )
        )
    made = Hypothesis(
        what=_what(reading, mostly_angles=numbers.mostly_angles),
        crs=_labelled(reading.epsg, numbers.label),
        datum="undecided",
        north_first=reading.north_first,
        packed=reading.kind == "packed_degrees",
        evidence=tuple(evidence),
        confidence=confidence,
    )
    columns = stated_datum([], numbers.columns or ())
    stated = datum_of(numbers.label) if columns is None and numbers.label is not None else None
    if columns is not None:
        stated = columns.datum
        datum = tr("several datums") if stated is None else title_of(stated)
        evidence.append(tr("the {where} say {datum}", where=columns.where, datum=datum))
    if stated == "gcj02" or stated == "bd09":
        made = replace(made, datum=stated)
    if test is None:
        evidence.append(
            tr("datum: without a reference layer GCJ-02 and BD-09 cannot be told from the ground")
        )
        return [replace(made, evidence=tuple(evidence))]
    evidence.append(_measured(test))
    if test.points < _LEAST_POINTS or not test.is_clear:
        few = test.points < _LEAST_POINTS
        why = tr("fewer than {least} points", least=_LEAST_POINTS) if few else tr("no clear difference")
        evidence.append(tr("datum: undecided, {why}", why=why))
        return [replace(made, evidence=tuple(evidence))]
    return [
        replace(made, datum=datum, evidence=tuple(evidence), confidence=confidence * test.odds[datum])
        for datum in DATUMS
    ]


def _measured(test: ShiftTest) -> str:
    """Say what the answer about the datum rests on."""
    read = list(zip(DATUMS, (tr("as given"), tr("from GCJ-02"), tr("from BD-09")), strict=True))
    if test.is_areal:
        shares = listed(
            tr("{share:.1%} {given}", share=test.inside[datum], given=given) for datum, given in read
        )
        return tr(
            "of {points:,} points lie inside the reference: {shares}", points=test.points, shares=shares
        )
    metres = listed(
        tr(
            "{metres:,.0f} m {given} (nearest for {nearest:,})",
            metres=test.median_m[datum],
            given=given,
            nearest=test.nearest[datum],
        )
        for datum, given in read
    )
    return tr(
        "median distance of {points:,} points from the reference: {metres}",
        points=test.points,
        metres=metres,
    )


def _what(reading: Reading, *, mostly_angles: bool) -> str:
    """Name a reading in words."""
    if reading.kind in ("degrees", "packed_degrees"):
        words = (
            tr("latitude and longitude (axes exchanged)")
            if reading.north_first
            else tr("longitude and latitude")
        )
        if reading.kind == "packed_degrees":
            return tr("{what}, packed as degrees.minutes-seconds (114.5220 for 114°52′20″)", what=words)
        return tr("{what}, written in degrees, minutes and seconds", what=words) if mostly_angles else words
    words = tr("Web Mercator")
    if reading.kind != "web_mercator":
        name = CRS(reading.epsg).name  # CGCS2000 / 3-degree Gauss-Kruger zone 38, or CM 114E
        zone = name.split()[-1]
        words = tr("Gauss-Krüger, zone prefix {zone}", zone=zone)
        if reading.kind == "no_prefix":
            words = tr(
                "Gauss-Krüger, central meridian {meridian}°E, no zone prefix",
                meridian=zone.removesuffix("E"),
            )
    return tr("{what}, northing first (survey order)", what=words) if reading.north_first else words


def _labelled(epsg: int, label: CRS | None) -> int:
    """Return the code of the layer's own CRS, if that is the same projection or degrees as well."""
    own = None if label is None else label.to_epsg()
    if label is None or own is None:
        return epsg
    guessed = CRS.from_epsg(epsg)
    if guessed.is_geographic or label.is_geographic:
        return own if guessed.is_geographic and label.is_geographic else epsg
    return own if _numbers_of(guessed) == _numbers_of(label) else epsg


def _numbers_of(crs: CRS) -> list[tuple[str, str]]:
    operation = crs.coordinate_operation
    return [] if operation is None else [(part.name, part.value) for part in operation.params]


def _unknown(x: NDArray[np.float64], y: NDArray[np.float64]) -> Hypothesis:
    words = tr(
        "numbers from {west:g} to {east:g} and from {south:g} to {north:g} are neither degrees in China nor "
        "Gauss-Krüger or Web Mercator metres: perhaps a local system (see zjk_gis.crs.fit_similarity)",
        west=x.min(),
        east=x.max(),
        south=y.min(),
        north=y.max(),
    )
    return Hypothesis(tr("unknown"), None, "undecided", False, False, (words,), 0.0)

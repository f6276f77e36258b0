"""Parameters fitted to control points: how well they fit is part of the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.crs.conversion import with_remarks
from zjk_gis.crs.parameters import Convention, Helmert7, Similarity, geocentric
from zjk_gis.errors import InputError
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["ControlFit", "fit_helmert7", "fit_similarity"]

_Parameters = TypeVar("_Parameters", Similarity, Helmert7)

_SUSPICIOUS = 0.01  # how rarely chance alone may call one of the points an outlier
_EXACT_M = 1e-4  # residuals below a tenth of a millimetre are rounding: no ground to suspect a point
_SECONDS = 180 * 3600 / math.pi


@presented
@checked
@dataclass(frozen=True, slots=True)
class ControlFit(Generic[_Parameters]):
    """Fitted parameters, and how well they fit.

    Attributes
    ----------
    parameters : Similarity or Helmert7
    residuals : DataFrame
        One row for each control point, by its name: ``residual_m`` (float, metres: how far the point moved by
        the parameters lies from where it should), its parts ``east_m`` and ``north_m`` (with seven
        parameters ``x_m``, ``y_m``, ``z_m``, geocentric), and ``without_it_m``: how far it lies if the
        parameters are fitted to all others (NaN where these are too few).
    rms_m : float
        Root mean square of `residual_m`.
    outlier : str or None
        The point that does not fit the others: a deviation as large as its would come about by chance once
        in a hundred fits, or less often. None where none does, or there are too few points to tell.
    remarks : tuple of str
        What to know before using the parameters.
    """

    parameters: _Parameters
    residuals: pd.DataFrame
    rms_m: float
    outlier: str | None
    remarks: tuple[str, ...]

    def apply(self, layer: _Layer, *, name: str = "") -> _Layer:
        """Move a layer by the fitted parameters; ``attrs["report"].remarks`` says how well they fit."""
        moved = self.parameters.apply(layer, name=name)
        fitted = tr(
            "{name}: moved by parameters fitted to {count} control points, rms {rms:.3f} m",
            name=name or tr("the layer"),
            count=len(self.residuals),
            rms=self.rms_m,
        )
        with_remarks(moved, [fitted, *self.remarks])
        return moved

    def _presentation(self) -> Presentation:
        fitted = tr(
            "Fitted to {count:,} control points, rms {rms:.3f} m.", count=len(self.residuals), rms=self.rms_m
        )
        outlier = (
            tr("No point stands out.")
            if self.outlier is None
            else tr("Point {name} does not fit the others.", name=self.outlier)
        )
        rows = [
            [str(name), f"{row['residual_m']:.3f}", f"{row['without_it_m']:.3f}"]
            for name, row in self.residuals.iterrows()
        ]
        return Presentation(
            f"{fitted} {outlier}", [tr("point"), tr("residual (m)"), tr("without it (m)")], rows
        )


@checked
def fit_similarity(
    source_xy: ArrayLike,
    target_xy: ArrayLike,
    *,
    source_crs: Any = None,
    target_crs: Any = None,
    names: Sequence[object] | None = None,
) -> ControlFit[Similarity]:
    """Fit the four parameters between two plane systems to points known in both, and say how well they fit.

    Parameters
    ----------
    source_xy, target_xy : array_like, n × 2
        Easting and northing of the same points in both systems, metres. Survey tables have the northing
        first: exchange the columns.
    source_crs, target_crs : optional
        The systems, such as ``2383`` and ``4547``; None for a local one.
    names : sequence, optional
        Of the points; by default their numbers from 0.

    Returns
    -------
    ControlFit

    Raises
    ------
    InputError
        If there are fewer than 2 points, they do not match in number, some are not finite, or all lie in one
        place.

    Notes
    -----
    Two points fit exactly and prove nothing; four are the least that show which of them is wrong. Parameters
    serve within the ground that the points enclose: a city, not a province.

    Examples
    --------
    >>> old = [(573000, 4520000), (575000, 4520000), (574000, 4522000), (574000, 4519000)]
    >>> new = [(573112, 4519988), (575112, 4519988), (574112, 4521988), (574112, 4518988)]
    >>> fit = fit_similarity(old, new, source_crs=2383, target_crs=4547)
    >>> round(fit.parameters.dx_m, 3), round(fit.parameters.dy_m, 3), round(fit.rms_m, 6)
    (112.0, -12.0, 0.0)
    """
    source, target = _points(source_xy, 2, "source_xy"), _points(target_xy, 2, "target_xy")
    labels = _labels(source, target, names, least=2)
    centre = source.mean(axis=0)
    x, y = (source - centre).T
    one, nought = np.ones_like(x), np.zeros_like(x)
    design = np.stack([np.stack([one, nought, x, -y], axis=1), np.stack([nought, one, y, x], axis=1)], axis=1)
    solved, residuals, without, outlier = _solve(design, target, labels)
    east, north, a, b = solved
    parameters = Similarity(
        dx_m=float(east - a * centre[0] + b * centre[1]),
        dy_m=float(north - b * centre[0] - a * centre[1]),
        rotation_s=float(math.atan2(b, a) * _SECONDS),
        scale_ppm=float((math.hypot(a, b) - 1) * 1e6),
        source_crs=source_crs,
        target_crs=target_crs,
    )
    return _told(parameters, residuals, without, outlier, labels, ("east_m", "north_m"), spare=2)


@checked
def fit_helmert7(
    source_lonlat: ArrayLike,
    target_lonlat: ArrayLike,
    *,
    source_crs: Any,
    target_crs: Any,
    convention: Convention = "coordinate_frame",
    names: Sequence[object] | None = None,
) -> ControlFit[Helmert7]:
    """Fit the seven parameters between two datums to points known in both, and say how well they fit.

    Parameters
    ----------
    source_lonlat, target_lonlat : array_like, n × 3 or n × 2
        Longitude and latitude in degrees and height above the ellipsoid in metres of the same points on both
        datums. Without heights 0 is taken for all, which a remark says.
    source_crs, target_crs : optional
        Systems on the two datums, such as ``4610`` and ``4490``; layers come back in `target_crs`.
    convention : {"coordinate_frame", "position_vector"}, default "coordinate_frame"
        How the rotations are written.
    names : sequence, optional
        Of the points; by default their numbers from 0.

    Returns
    -------
    ControlFit

    Raises
    ------
    InputError
        If there are fewer than 3 points, they do not match in number, some are not finite, or they lie so
        close to one line that the rotations are undetermined.

    Notes
    -----
    Bursa-Wolf on geocentric coordinates, with small rotations. Within one city the shifts and the rotations
    can hardly be told apart: the parameters may look strange and fit well, but only there.

    Examples
    --------
    >>> old = [(114.0, 40.0, 700), (116.0, 40.0, 900), (115.0, 42.0, 1400), (115.2, 40.9, 800)]
    >>> fit = fit_helmert7(old, old, source_crs=4490, target_crs=4490)
    >>> round(fit.parameters.dx_m, 3) + 0, round(fit.parameters.rx_s, 3) + 0, round(fit.rms_m, 6)
    (0.0, 0.0, 0.0)
    """
    from pyproj import CRS

    source, target = _heights(source_lonlat, "source_lonlat"), _heights(target_lonlat, "target_lonlat")
    labels = _labels(source, target, names, least=3)
    one = np.stack(geocentric(CRS.from_user_input(source_crs)).transform(*source.T), axis=1)
    other = np.stack(geocentric(CRS.from_user_input(target_crs)).transform(*target.T), axis=1)
    centre = one.mean(axis=0)
    x, y, z = (one - centre).T
    design = np.zeros((len(one), 3, 7))
    design[:, 0, 0] = design[:, 1, 1] = design[:, 2, 2] = 1.0
    design[:, :, 3] = np.stack([x, y, z], axis=1)
    # Rotations as a position vector's, times the scale: the columns are the cross products with each axis.
    design[:, :, 4] = np.stack([0 * x, -z, y], axis=1)
    design[:, :, 5] = np.stack([z, 0 * x, -x], axis=1)
    design[:, :, 6] = np.stack([-y, x, 0 * x], axis=1)
    solved, residuals, without, outlier = _solve(design, other, labels)
    scale, (rx, ry, rz) = solved[3], solved[4:] / solved[3]
    sign = 1.0 if convention == "position_vector" else -1.0
    turn = np.array([[1.0, -rz, ry], [rz, 1.0, -rx], [-ry, rx, 1.0]])
    shift = solved[:3] - scale * (turn @ centre)
    parameters = Helmert7(
        dx_m=float(shift[0]),
        dy_m=float(shift[1]),
        dz_m=float(shift[2]),
        rx_s=float(sign * rx * _SECONDS),
        ry_s=float(sign * ry * _SECONDS),
        rz_s=float(sign * rz * _SECONDS),
        scale_ppm=float((scale - 1) * 1e6),
        convention=convention,
        source_crs=source_crs,
        target_crs=target_crs,
    )
    fit = _told(parameters, residuals, without, outlier, labels, ("x_m", "y_m", "z_m"), spare=3)
    if np.shape(source_lonlat)[-1] == 3 and np.shape(target_lonlat)[-1] == 3:
        return fit
    remark = tr("no heights were given for the control points: 0 was taken for all")
    return ControlFit(fit.parameters, fit.residuals, fit.rms_m, fit.outlier, (*fit.remarks, remark))


def _solve(
    design: NDArray[np.float64], target: NDArray[np.float64], labels: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], str | None]:
    """Solve by least squares; tell the residuals, those of each point without it, and what does not fit."""
    count, axes, unknowns = design.shape
    matrix, wanted = design.reshape(count * axes, unknowns), target - target.mean(axis=0)
    size = np.linalg.norm(matrix, axis=0)
    solved, _, rank, _ = np.linalg.lstsq(matrix / np.where(size == 0, 1, size), wanted.ravel(), rcond=1e-10)
    if rank < unknowns or (size == 0).any():
        raise InputError(
            tr(
                "the control points lie so close together or to one line that {unknowns} parameters "
                "are undetermined; add points farther apart",
                unknowns=unknowns,
            )
        )
    solved = solved / size
    solved[:axes] += target.mean(axis=0)
    residuals = target - (matrix @ solved).reshape(count, axes)
    without, outlier = np.full(count, np.nan), None
    spare = axes * (count - 1) - unknowns
    if spare < 0:
        return solved, residuals, without, outlier
    # The residual of a point against the others' fit follows from the hat matrix, without fitting again.
    basis = np.linalg.qr(matrix / size)[0].reshape(count, axes, unknowns)
    chances = np.ones(count)
    total = float((residuals**2).sum())
    for at in range(count):
        leverage = np.eye(axes) - basis[at] @ basis[at].T
        if np.linalg.eigvalsh(leverage)[0] < 1e-9:
            continue  # the others leave this point's place open
        deleted = np.linalg.solve(leverage, residuals[at])
        without[at] = np.linalg.norm(deleted)
        explained = float(residuals[at] @ deleted)
        rest = max(total - explained, 0.0)
        if spare and explained > _EXACT_M**2:
            chances[at] = _f_tail(explained / axes / max(rest / spare, 1e-18), axes, spare)
    worst = int(chances.argmin())
    if chances[worst] * count < _SUSPICIOUS:
        outlier = labels[worst]
    return solved, residuals, without, outlier


def _f_tail(f: float, over: int, under: int) -> float:
    """Return how often a ratio of variances exceeds f by chance (F distribution), `over` being 2 or 3."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    u = (nodes + 1) / 2
    a, b = under / 2, over / 2

    def beta(limit: float) -> float:
        # The integral of t^(a-1) (1-t)^(b-1), with t = limit u² so that it is smooth at 0.
        return float((weights * limit**a * u ** (2 * a - 1) * (1 - limit * u * u) ** (b - 1)).sum())

    return beta(under / (under + over * f)) / beta(1.0)


def _told(
    parameters: _Parameters,
    residuals: NDArray[np.float64],
    without: NDArray[np.float64],
    outlier: str | None,
    labels: list[str],
    axes: tuple[str, ...],
    *,
    spare: int,
) -> ControlFit[_Parameters]:
    import pandas as pd

    length = np.linalg.norm(residuals, axis=1)
    table = pd.DataFrame(
        {**dict(zip(axes, residuals.T, strict=True)), "residual_m": length, "without_it_m": without},
        index=pd.Index(labels, name="point"),
    )
    remarks = []
    if len(labels) == spare:
        remarks.append(
            tr("{spare} control points fit exactly whatever they are: add one to check them", spare=spare)
        )
    if outlier is not None:
        off = float(without[labels.index(outlier)])
        remarks.append(
            tr(
                "control point {outlier} lies {off:.3f} m from where the others put it; check it",
                outlier=outlier,
                off=off,
            )
        )
    return ControlFit(parameters, table, float(np.sqrt((length**2).mean())), outlier, tuple(remarks))


def _points(given: ArrayLike, columns: int, name: str) -> NDArray[np.float64]:
    points = np.asarray(given, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != columns:
        raise InputError(
            tr(
                "{name} must have {columns} columns, one row for each point, not the shape {shape}",
                name=name,
                columns=columns,
                shape=points.shape,
            )
        )
    if not np.isfinite(points).all():
        which = ", ".join(map(str, np.flatnonzero(~np.isfinite(points).all(axis=1))[:5]))
        raise InputError(
            tr("{name}: points {which} are not finite; leave them out on both sides", name=name, which=which)
        )
    return points


def _heights(given: ArrayLike, name: str) -> NDArray[np.float64]:
    points = np.asarray(given, dtype=np.float64)
    if points.ndim == 2 and points.shape[1] == 2:
        points = np.column_stack([points, np.zeros(len(points))])
    points = _points(points, 3, name)
    if (np.abs(points[:, 0]) > 360).any() or (np.abs(points[:, 1]) > 90).any():
        raise InputError(tr("{name} must be longitude and latitude in degrees, in this order", name=name))
    return points


def _labels(
    source: NDArray[np.float64], target: NDArray[np.float64], names: Sequence[object] | None, *, least: int
) -> list[str]:
    if len(source) != len(target):
        raise InputError(
            tr(
                "{source_count} control points in one system and {target_count} in the other; pair them",
                source_count=len(source),
                target_count=len(target),
            )
        )
    if len(source) < least:
        raise InputError(
            tr(
                "{source_count} control points; at least {least} are needed, and one more to check them",
                source_count=len(source),
                least=least,
            )
        )
    labels = [str(name) for name in (range(len(source)) if names is None else names)]
    if len(labels) != len(source) or len(set(labels)) != len(labels):
        raise InputError(
            tr("names: there must be {source_count} of them, all different", source_count=len(source))
        )
    return labels

"""Parameters that lead from one datum to another, given by a survey office or fitted to control points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.crs.systems import datum_of
from zjk_gis.crs.vertices import with_vertices_moved
from zjk_gis.errors import CRSError
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS, Transformer

    _Layer = TypeVar("_Layer", gpd.GeoDataFrame, gpd.GeoSeries)

__all__ = ["Convention", "Helmert7", "Similarity", "geocentric"]

Convention = Literal["position_vector", "coordinate_frame"]

_ARCSECOND = math.pi / 180 / 3600


@checked
@dataclass(frozen=True, slots=True)
class Similarity:
    """Four parameters (四参数) from one plane to another: a turn, a scale and two shifts.

    ::

        east'  = dx_m + m (cos r · east − sin r · north)        m = 1 + scale_ppm / 1,000,000
        north' = dy_m + m (sin r · east + cos r · north)        r = rotation_s arcseconds

    Attributes
    ----------
    dx_m, dy_m : float
        Shifts of the easting and of the northing, metres.
    rotation_s : float
        Arcseconds, counter-clockwise. Where a survey office calls the northing X and the easting Y, its
        rotation has the other sign.
    scale_ppm : float
    source_crs, target_crs : optional
        The two plane systems; None for a local one without a code (地方独立坐标系).

    Examples
    --------
    >>> import geopandas as gpd
    >>> office = Similarity(dx_m=100, dy_m=-20, rotation_s=0, scale_ppm=0, source_crs=2383, target_crs=4547)
    >>> moved = office.apply(gpd.GeoSeries.from_xy([574000], [4520000], crs=2383), name="manholes")
    >>> float(moved.x[0]), float(moved.y[0]), moved.crs.to_epsg()
    (574100.0, 4519980.0, 4547)
    """

    dx_m: float
    dy_m: float
    rotation_s: float
    scale_ppm: float
    source_crs: Any = None
    target_crs: Any = None

    def move(
        self, east: NDArray[np.float64], north: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return eastings and northings in the other plane."""
        scale = 1.0 + self.scale_ppm * 1e-6
        a, b = scale * math.cos(self.rotation_s * _ARCSECOND), scale * math.sin(self.rotation_s * _ARCSECOND)
        return self.dx_m + a * east - b * north, self.dy_m + b * east + a * north

    def apply(self, layer: _Layer, *, name: str = "") -> _Layer:
        """Move a layer from the source plane to the target plane; heights stay.

        Raises
        ------
        CRSError
            If the layer is not in `source_crs`.
        """
        own = None if layer.crs is None or layer.crs.is_engineering else layer.crs
        if own != _crs(self.source_crs):
            raise CRSError(
                tr(
                    "{name}: is in {named}, but these parameters lead from {named_2}",
                    name=name or tr("the layer"),
                    named=_named(own),
                    named_2=_named(_crs(self.source_crs)),
                )
            )
        return with_vertices_moved(layer, self.move, _crs(self.target_crs))


@checked
@dataclass(frozen=True, slots=True)
class Helmert7:
    """Seven parameters (七参数, Bursa-Wolf) between two datums, applied to geocentric coordinates.

    Attributes
    ----------
    dx_m, dy_m, dz_m : float
    rx_s, ry_s, rz_s : float
        Arcseconds.
    scale_ppm : float
    convention : {"position_vector", "coordinate_frame"}
        Which way the rotations turn: EPSG 9606 or 9607. The signs of all three differ, and a report that does
        not say which it means has to be tried on a control point. The Bursa formula of Chinese textbooks
        is the coordinate frame's (confidence M).
    source_crs, target_crs : optional
        Any systems of the two datums; a layer comes back in `target_crs`.

    Notes
    -----
    Rotations are taken as small, as PROJ's ``+proj=helmert`` does. Heights of a layer stay as they are: city
    data carry heights above the sea (1985), not above the ellipsoid.

    Examples
    --------
    >>> import geopandas as gpd
    >>> office = Helmert7(
    ...     dx_m=10, dy_m=-20, dz_m=5, rx_s=0.1, ry_s=0.2, rz_s=-0.3, scale_ppm=1.5,
    ...     convention="coordinate_frame", source_crs=2383, target_crs=4547,
    ... )
    >>> moved = office.apply(gpd.GeoSeries.from_xy([574000], [4520000], crs=2383), name="manholes")
    >>> moved.crs.to_epsg(), bool(moved.x[0] != 574000)
    (4547, True)
    """

    dx_m: float
    dy_m: float
    dz_m: float
    rx_s: float
    ry_s: float
    rz_s: float
    scale_ppm: float
    convention: Convention
    source_crs: Any
    target_crs: Any

    def move_geocentric(self, xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return geocentric coordinates (n × 3, metres) in the other datum."""
        sign = 1.0 if self.convention == "position_vector" else -1.0
        rx, ry, rz = (sign * angle * _ARCSECOND for angle in (self.rx_s, self.ry_s, self.rz_s))
        turn = np.array([[1.0, -rz, ry], [rz, 1.0, -rx], [-ry, rx, 1.0]])
        shift = np.array([self.dx_m, self.dy_m, self.dz_m])
        moved: NDArray[np.float64] = shift + (1.0 + self.scale_ppm * 1e-6) * (xyz @ turn.T)
        return moved

    def apply(self, layer: _Layer, *, name: str = "") -> _Layer:
        """Move a layer from the source datum to `target_crs`.

        Raises
        ------
        CRSError
            If the layer is not on the datum of `source_crs`.
        """
        from pyproj import CRS, Transformer

        source, target = CRS.from_user_input(self.source_crs), CRS.from_user_input(self.target_crs)
        if layer.crs is None or not _same_datum(layer.crs, source):
            raise CRSError(
                tr(
                    "{name}: is in {named}, but these parameters lead from {named_2}",
                    name=name or tr("the layer"),
                    named=_named(layer.crs),
                    named_2=_named(source),
                )
            )
        to_degrees = Transformer.from_crs(layer.crs, layer.crs.geodetic_crs, always_xy=True)
        from_degrees = Transformer.from_crs(target.geodetic_crs, target, always_xy=True)
        up, down = geocentric(source), geocentric(target)

        def move(
            x: NDArray[np.float64], y: NDArray[np.float64]
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            lon, lat = to_degrees.transform(x, y)
            xyz = np.stack(up.transform(lon, lat, np.zeros(len(x))), axis=1)
            a, b, c = self.move_geocentric(xyz).T
            lon, lat, _ = down.transform(a, b, c, direction="INVERSE")
            east, north = from_degrees.transform(lon, lat)
            return east, north

        return with_vertices_moved(layer, move, target)


def geocentric(crs: CRS) -> Transformer:
    """Return what turns longitude, latitude (degrees) and height of a datum into geocentric metres."""
    from pyproj import Transformer

    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise CRSError(
            tr("{name} has no ellipsoid, so no seven parameters lead to or from it", name=crs.name)
        )
    return Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart "
        f"+a={ellipsoid.semi_major_metre!r} +rf={ellipsoid.inverse_flattening!r}"
    )


def _same_datum(one: CRS, other: CRS) -> bool:
    datum = datum_of(one)
    return one.geodetic_crs == other.geodetic_crs if datum is None else datum == datum_of(other)


def _crs(given: Any) -> CRS | None:
    from pyproj import CRS

    return None if given is None else CRS.from_user_input(given)


def _named(crs: CRS | None) -> str:
    return tr("no CRS") if crs is None else crs.name

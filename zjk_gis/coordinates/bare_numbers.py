"""Which system bare numbers are in, and which rows do not fit it: one rule, whoever reads them.

A table says «x, y» and no more. The rule, by the first 10,000 rows with two usable numbers:

1. A system that the caller names is taken. It is refused if most of the numbers cannot be in it: degrees in
   metres, metres in degrees.
2. Most are degrees in China, in either order of the axes: all are taken for CGCS2000 (EPSG:4490). They are
   refused if they look like packed degrees, minutes and seconds.
3. Most have the form of Gauss-Krüger metres, and one reading of these is at least 90 % sure
   (`zjk_gis.infer_coordinates` says how that is judged): its system is taken.
4. Otherwise nobody knows, and the caller must say.

What is taken is told. A row that does not fit has no position: it is set aside with its reason, whichever row
it is, and the others are answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pyproj import CRS

from zjk_gis.coordinates.inference import likeliest, probable_crs
from zjk_gis.coordinates.readings import packed_evidence
from zjk_gis.crs import CGCS2000
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import CRSError
from zjk_gis.layers.columns.coordinates import SAMPLE_ROWS, is_most, looks_projected
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SURE", "BareSystem", "Limit", "fits", "limit_of", "misfits", "system_of"]

SURE = 0.9  # from here on a reading of numbers is believed

Limit = Literal["china", "globe", "metres", "bare_metres"]

_FARTHEST_M = 1e8  # no projected coordinate on Earth is as great, with any zone prefix


@dataclass(frozen=True, slots=True)
class BareSystem:
    """The system that bare numbers are taken to be in.

    Attributes
    ----------
    crs : CRS or None
        None where no row has a usable position.
    limit : {"china", "globe", "metres", "bare_metres"}
        Within what every row must lie; see `misfits`.
    found : str
        Where it is from: ``argument``, or that it was assumed, and why.
    remark : str
        What a person should know; empty where nothing was assumed.
    """

    crs: CRS | None
    limit: Limit
    found: str
    remark: str = ""

    def said(self, *, datum_known: bool) -> list[str]:
        """Return the remark; of degrees whose datum nobody knows it says so, too."""
        if not self.remark:
            return []
        if datum_known or self.limit != "china":
            return [self.remark]
        undecided = tr(
            "; whether they are GCJ-02 or BD-09 is undecided (zjk_gis.infer_coordinates, reference=roads)"
        )
        return [self.remark + undecided]


def system_of(
    x: NDArray[np.float64], y: NDArray[np.float64], *, given: CRS | None, name: str, columns: str
) -> BareSystem:
    """Say which system numbers are in; see the module for the rule.

    Parameters
    ----------
    x, y : ndarray of float64
        In the order east, north; NaN where a row has no usable position. The first 10,000 usable ones count.
    given : CRS or None
        What the caller says.
    name : str
        Of the file, for errors and remarks.
    columns : str
        What the columns are called, likewise.

    Returns
    -------
    BareSystem

    Raises
    ------
    CRSError
        If the system has to be named, or the numbers cannot be in the one named.

    Examples
    --------
    >>> x, y = np.full(10, 114.88), np.full(10, 40.82)
    >>> x[3], y[3] = 12.49, 41.89  # Rome
    >>> found = system_of(x, y, given=None, name="a.csv", columns="lon and lat")
    >>> found.crs.to_epsg(), misfits(x, y, found.limit)[3]
    (4490, np.str_('outside_china'))
    """
    usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))[:SAMPLE_ROWS]
    x, y = x[usable], y[usable]
    degrees = in_china(x, y) | in_china(y, x)
    if given is not None:
        _refuse_contradiction(x, y, degrees, given, name, columns)
        return BareSystem(given, limit_of(given), "argument")
    if not len(x):
        return BareSystem(None, "globe", tr("none: no row has a usable position"))
    if is_most(degrees):
        return _degrees(x, y, degrees, name, columns)
    metres = looks_projected(x, y)
    best = likeliest(x[metres], y[metres]) if is_most(metres) else None
    if best is not None and best.confidence >= SURE and best.crs is not None and not best.north_first:
        remark = tr(
            "{name}: {columns} taken for {what} (EPSG:{epsg}), {sure:.0f} % sure, CGCS2000 supposed; name "
            "another system with crs=",
            name=name,
            columns=columns,
            what=best.what,
            epsg=best.crs,
            sure=100 * best.confidence,
        )
        found = tr("assumed: {why}", why=best.what)
        return BareSystem(CRS.from_epsg(best.crs), "bare_metres", found, remark)
    hint = probable_crs(x, y)
    if degrees.any():
        hint = tr(
            "{count} of {whole} positions are not degrees in China; crs=4490 if they are degrees all the "
            "same",
            count=int((~degrees).sum()),
            whole=len(x),
        )
    raise CRSError(
        tr("{name}: name the system of {columns} with crs=; {hint}", name=name, columns=columns, hint=hint)
    )


def _degrees(
    x: NDArray[np.float64], y: NDArray[np.float64], degrees: NDArray[np.bool_], name: str, columns: str
) -> BareSystem:
    packed = packed_evidence(x[degrees], y[degrees])
    if packed is not None:
        raise CRSError(
            tr(
                "{name}: {columns} look like packed degrees, minutes and seconds (114.5220 for "
                "114°52′20″): {packed}; place them with "
                "zjk_gis.infer_coordinates(table).confirm(table), or pass crs=4490 if they are "
                "decimal degrees",
                name=name,
                columns=columns,
                packed=packed,
            )
        )
    why = (
        tr("all {whole} positions are degrees in China", whole=len(x))
        if degrees.all()
        else tr("{count} of {whole} positions are degrees in China", count=int(degrees.sum()), whole=len(x))
    )
    found = tr("assumed: {why}", why=why)
    swapped = int(in_china(y, x).sum())
    if swapped:
        why += tr(", {count} of them with the axes exchanged (see check_positions)", count=swapped)
    remark = tr(
        "{name}: {columns} taken for CGCS2000 (EPSG:4490): {why}", name=name, columns=columns, why=why
    )
    return BareSystem(CRS.from_epsg(CGCS2000), "china", found, remark)


def _refuse_contradiction(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    degrees: NDArray[np.bool_],
    given: CRS,
    name: str,
    columns: str,
) -> None:
    """Refuse a system in which most of the numbers cannot be."""
    if given.is_projected and is_most(degrees):
        raise CRSError(
            tr(
                "{name}: {columns} hold degrees, but crs={name_2} is in metres; crs= says what the "
                "file's numbers are in (perhaps 4490), .to_crs() converts afterwards",
                name=name,
                columns=columns,
                name_2=given.name,
            )
        )
    metres = looks_projected(x, y) | looks_projected(y, x)
    if given.is_geographic and is_most(metres):
        raise CRSError(
            tr(
                "{name}: {columns} hold metres, but crs={name_2} is in degrees: {probable_crs}",
                name=name,
                columns=columns,
                name_2=given.name,
                probable_crs=probable_crs(x, y),
            )
        )


def limit_of(crs: CRS, *, is_bare: bool = True) -> Limit:
    """Return within what the coordinates of a system must lie that somebody has named.

    Parameters
    ----------
    crs : CRS
    is_bare : bool, default True
        Whether the numbers stand in a table; degrees among its metres are then a row that does not fit.
    """
    if crs.is_geographic:
        return "globe"
    return "bare_metres" if is_bare else "metres"


def misfits(x: NDArray[np.float64], y: NDArray[np.float64], limit: Limit) -> NDArray[np.str_]:
    """Say of every position why it cannot be one; empty text where it can, and where there is none.

    Parameters
    ----------
    x, y : ndarray of float64
    limit : {"china", "globe", "metres", "bare_metres"}
        ``china``: a longitude and a latitude in China, as the system was assumed for that reason; ``globe``:
        on Earth; ``metres``: no farther than any projected coordinate; ``bare_metres``: nor degrees in China.

    Returns
    -------
    ndarray of str
        ``swapped_axes``, ``outside_china`` or ``bad_position``.

    Examples
    --------
    >>> misfits(np.array([114.88, 40.82, 2.35]), np.array([40.82, 114.88, 48.86]), "china").tolist()
    ['', 'swapped_axes', 'outside_china']
    """
    fine = fits(x, y, limit)
    why: NDArray[np.str_] = np.zeros(len(x), dtype="<U13")
    wrong = np.flatnonzero(~fine & np.isfinite(x) & np.isfinite(y))
    if len(wrong):
        why[wrong] = "bad_position"
        if limit in ("china", "globe"):
            east, north = x[wrong], y[wrong]
            if limit == "china":
                why[wrong[(np.abs(east) <= 180) & (np.abs(north) <= 90)]] = "outside_china"
            why[wrong[in_china(north, east)]] = "swapped_axes"
    return why


def fits(x: NDArray[np.float64], y: NDArray[np.float64], limit: Limit) -> NDArray[np.bool_]:
    """Tell which positions can be ones, within a limit (see `misfits`); False for NaN."""
    if limit == "china":
        return in_china(x, y)
    if limit == "globe":
        on_earth: NDArray[np.bool_] = (np.abs(x) <= 180) & (np.abs(y) <= 90)
        return on_earth
    fine: NDArray[np.bool_] = (np.abs(x) <= _FARTHEST_M) & (np.abs(y) <= _FARTHEST_M)
    if limit == "bare_metres":
        fine &= ~(in_china(x, y) | in_china(y, x))
    return fine

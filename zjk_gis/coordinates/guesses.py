"""What coordinates may be: hypotheses with their evidence, which the caller confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.coordinates.datums import convert_datum
from zjk_gis.coordinates.readings import unpacked
from zjk_gis.crs.conversion import with_remarks
from zjk_gis.crs.systems import title_of
from zjk_gis.crs.vertices import with_vertices_moved
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.coordinates import Pair, read_positions
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CoordinateGuess", "Hypothesis"]

GuessedDatum = Literal["wgs84", "gcj02", "bd09", "undecided"]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One thing that coordinates may be.

    Attributes
    ----------
    what : str
        In words: ``longitude and latitude``, ``Gauss-Krüger, zone prefix 38`` and the like, with
        ``northing first`` or ``latitude first`` where the columns are in that order.
    crs : int or None
        EPSG code of the numbers; None if nothing known fits.
    datum : {"wgs84", "gcj02", "bd09", "undecided"}
        Whether longitudes and latitudes are shifted; ``wgs84`` stands for the ground, CGCS2000 included.
    north_first : bool
        Whether the first column, or the x of a geometry, points north.
    packed : bool
        Whether 114.5220 means 114°52′20″.
    evidence : tuple of str
    confidence : float
        From 0 to 1.
    """

    what: str
    crs: int | None
    datum: GuessedDatum
    north_first: bool
    packed: bool
    evidence: tuple[str, ...]
    confidence: float


@presented
@dataclass(frozen=True, slots=True)
class CoordinateGuess:
    """What coordinates may be, the likeliest first.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
    columns : tuple of str or None
        The two columns judged, in the order x, y; None for a geometry.
    rows, usable : int
        How many rows there are, and how many have a usable position.
    """

    hypotheses: tuple[Hypothesis, ...]
    columns: tuple[str, str] | None
    rows: int
    usable: int

    @property
    def best(self) -> Hypothesis:
        """The likeliest."""
        return self.hypotheses[0]

    def confirm(
        self, layer: pd.DataFrame | gpd.GeoDataFrame | gpd.GeoSeries, *, choice: int = 1
    ) -> gpd.GeoDataFrame:
        """Place a layer as a hypothesis says.

        Parameters
        ----------
        layer : DataFrame, GeoDataFrame or GeoSeries
            The one judged, or another of the same make.
        choice : int, default 1
            Which hypothesis, counted from 1.

        Returns
        -------
        GeoDataFrame
            In the CRS of the hypothesis; longitudes and latitudes in GCJ-02 or BD-09 are brought to
            CGCS2000. Rows without a usable position have no geometry. ``attrs["report"].confirmed``
            tells what was confirmed.

        Raises
        ------
        InputError
            If there is no such hypothesis, or it is that nothing known fits.
        """
        if not 1 <= choice <= len(self.hypotheses):
            raise InputError(
                tr(
                    "choice must be from 1 to {hypotheses_count}, not {choice}",
                    hypotheses_count=len(self.hypotheses),
                    choice=choice,
                )
            )
        hypothesis = self.hypotheses[choice - 1]
        if hypothesis.crs is None:
            raise InputError(
                tr("the coordinates are of no kind that is known, so there is nothing to confirm")
            )
        placed = self._placed(layer, hypothesis)
        if hypothesis.datum in ("gcj02", "bd09"):
            placed = convert_datum(placed, source=hypothesis.datum, target="cgcs2000")
        facts = {
            "what": hypothesis.what,
            "crs": hypothesis.crs,
            "datum": hypothesis.datum,
            "confidence": round(hypothesis.confidence, 2),
        }
        remark = tr(
            "coordinates confirmed: {what}, datum {datum}",
            what=hypothesis.what,
            datum=_datum_said(hypothesis),
        )
        with_remarks(placed, [remark], confirmed=facts)
        return placed

    def _placed(
        self, layer: pd.DataFrame | gpd.GeoDataFrame | gpd.GeoSeries, hypothesis: Hypothesis
    ) -> gpd.GeoDataFrame:
        """Return the layer with its axes, its degrees and its CRS as the hypothesis says."""

        def move(
            x: NDArray[np.float64], y: NDArray[np.float64]
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            if hypothesis.north_first:
                x, y = y, x
            return (unpacked(x), unpacked(y)) if hypothesis.packed else (x, y)

        if self.columns is not None:
            for column in self.columns:
                if column not in layer:
                    raise MissingColumnError(
                        tr("the layer: no column {column!r}; confirm one of the same make", column=column)
                    )
            positions = read_positions(pd.DataFrame(layer), Pair(*self.columns, sure=True))
            x, y = move(positions.x, positions.y)
            usable = positions.why == ""
            shapes: NDArray[np.object_] = np.full(len(layer), None, dtype=object)
            shapes[usable] = shapely.points(x[usable], y[usable])
            placed = gpd.GeoDataFrame(
                layer.copy(), geometry=gpd.GeoSeries(shapes, index=layer.index, crs=hypothesis.crs)
            )
            placed.attrs = dict(layer.attrs)
            return placed
        frame = layer.to_frame("geometry") if isinstance(layer, gpd.GeoSeries) else layer
        if not isinstance(frame, gpd.GeoDataFrame):
            raise InputError(tr("the layer: has no geometry; confirm one of the same make"))
        return with_vertices_moved(frame, move, hypothesis.crs)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each hypothesis: ``what``, ``crs``, ``datum``, ``confidence``, ``evidence``."""
        return pd.DataFrame(
            {
                "what": [each.what for each in self.hypotheses],
                "crs": pd.array([each.crs for each in self.hypotheses], dtype="Int64"),
                "datum": [each.datum for each in self.hypotheses],
                "confidence": [each.confidence for each in self.hypotheses],
                "evidence": [tr("; ").join(each.evidence) for each in self.hypotheses],
            },
            index=pd.RangeIndex(1, len(self.hypotheses) + 1, name="choice"),
        )

    def __str__(self) -> str:
        lines = []
        for number, each in enumerate(self.hypotheses, start=1):
            system = tr("no known system")
            if each.crs is not None:
                system = tr("EPSG:{epsg}, datum {datum}", epsg=each.crs, datum=_datum_said(each))
            said = tr(
                "{number}. {what} ({system}): {sure:.0f} %",
                number=number,
                what=each.what,
                system=system,
                sure=100 * each.confidence,
            )
            lines.append(said)
            lines += [f"   - {line}" for line in each.evidence]
        return "\n".join(lines)

    def _presentation(self) -> Presentation:
        where = tr("the geometry") if self.columns is None else listed(self.columns)
        told = tr(
            "{rows:,} rows, {usable:,} of them with a usable position in {where}. The likeliest: {what}.",
            rows=self.rows,
            usable=self.usable,
            where=where,
            what=self.best.what,
        )
        rows = [
            [
                each.what,
                "" if each.crs is None else f"EPSG:{each.crs}",
                _datum_said(each),
                f"{each.confidence:.0%}",
            ]
            for each in self.hypotheses
        ]
        return Presentation(told, [tr("what it is"), tr("CRS"), tr("datum"), tr("confidence")], rows)


def _datum_said(hypothesis: Hypothesis) -> str:
    return tr("undecided") if hypothesis.datum == "undecided" else title_of(hypothesis.datum)

"""What is settled once for a source of batches, by its first rows: the datum of its positions, its times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS

from zjk_gis.coordinates.datums import shift, stated_datum
from zjk_gis.crs import CGCS2000
from zjk_gis.crs.systems import title_of
from zjk_gis.errors import CRSError
from zjk_gis.layers.columns.times import YEAR_FIRST, time_order
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from zjk_gis.io.tables.cells import Places
    from zjk_gis.layers.columns.datum_words import WebDatum
    from zjk_gis.layers.columns.times import TimeOrder
    from zjk_gis.layers.labels import Language

__all__ = ["Settled"]

_SHIFTED = ("gcj02", "bd09")


class Settled:
    """The half of a source that is the same whatever its rows are made of."""

    files: Sequence[Path]
    remarks: list[str]
    crs: CRS
    datum: WebDatum | None = None
    order: TimeOrder = YEAR_FIRST
    lang: Language = "zh"  # of the reasons beside rejected rows
    headings: Language = "en"  # of the two columns before them
    has_heights: bool = False  # whether points have more than two coordinates

    @property
    def is_moved(self) -> bool:
        """Whether positions are brought to the ground from GCJ-02 or BD-09."""
        return self.datum in _SHIFTED

    def first_times(self) -> pd.Series | None:
        """Return what the column of times holds in the first rows; None where there is none."""
        raise NotImplementedError

    def settle_datum(self, declared: WebDatum | None, titles: Iterable[str], columns: Iterable[str]) -> None:
        """Settle the datum: what the caller declares, or else what the file itself says.

        Raises
        ------
        CRSError
            If it is one of web maps, and the positions are not longitudes and latitudes.
        """
        name = self.files[0].name
        datum = declared
        if datum is None:
            stated = stated_datum(titles, columns)
            if stated is None:
                return
            if stated.datum is None:
                self.remarks.append(
                    tr(
                        "{name}: names several datums ({where}), so none is taken for that of the positions; "
                        "name it with datum=",
                        name=name,
                        where=stated.where,
                    )
                )
                return
            datum = stated.datum
            self.remarks.append(
                tr(
                    "{name}: the datum is {title_of}, as the {where} says",
                    name=name,
                    title_of=title_of(datum),
                    where=stated.where,
                )
            )
        self.datum = datum
        if not self.is_moved:
            return
        if not self.crs.is_geographic:
            raise CRSError(
                tr(
                    "{name}: datum {title_of} is for longitudes and latitudes, but the positions are in "
                    "{name_2}; name the right crs= or leave datum= out",
                    name=name,
                    title_of=title_of(datum),
                    name_2=self.crs.name,
                )
            )
        self.crs = CRS.from_epsg(CGCS2000)
        self.remarks.append(
            tr(
                "{name}: converted from {title_of} to {title_of_2}",
                name=name,
                title_of=title_of(datum),
                title_of_2=title_of("cgcs2000"),
            )
        )

    def on_ground(self, places: Places) -> Places:
        """Return positions on the ground."""
        if self.datum is None or not self.is_moved:
            return places
        there = np.flatnonzero(np.isfinite(places.x))
        x, y = places.x.copy(), places.y.copy()
        x[there], y[there] = shift(x[there], y[there], source=self.datum, target="cgcs2000")
        return replace(places, x=x, y=y)

    def settle_times(self, *, dayfirst: bool | None, time_format: str | None, tz: str) -> None:
        """Settle how times are read, by the first 10,000 rows.

        Raises
        ------
        InputError
            If these can be read in more than one way.
        """
        sample = self.first_times()
        if sample is None:
            return
        name = f"{self.files[0].name}: {sample.name}"
        self.order = time_order(
            sample, dayfirst=dayfirst, time_format=time_format, tz=tz, name=name, whole=False
        )
        self.remarks += self.order.remarks

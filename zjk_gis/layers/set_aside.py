"""Rows that cannot be judged: set aside with their reason, so that one wrong value does not stop all others.

Only rows whose absence falsifies no other answer are set aside: a manhole without a position, a pipe of no
valid shape. Zones and the ground that they share are refused as a whole, since a zone left out is a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError, name_rows
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, coded, name_values, rows_by_value, text_of
from zjk_gis.layers.spec import AREAL, LINEAR, PUNCTUAL
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import Field

__all__ = ["SetAside"]

_KINDS = {"polygon": AREAL, "line": LINEAR, "point": PUNCTUAL}


class SetAside:
    """The rows set aside while a question is answered.

    Parameters
    ----------
    strict : bool, default False
        Set no row aside, so that the checks that follow refuse the layer and name its rows.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> manholes = gpd.GeoDataFrame({"manhole_code": ["M1", "M2"]}, geometry=[Point(0, 0), None], crs=4547)
    >>> aside = SetAside()
    >>> aside.sound(manholes, "manholes", kind="point", filled=["manhole_code"])["manhole_code"].tolist()
    ['M1']
    >>> aside.rows
    [{'layer': 'manholes', 'row': 1, 'why': 'no_geometry', 'value': ''}]
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.rows: list[dict[str, Any]] = []

    def sound(
        self,
        layer: gpd.GeoDataFrame,
        name: str,
        *,
        kind: Literal["polygon", "line", "point"],
        filled: Sequence[str] = (),
    ) -> gpd.GeoDataFrame:
        """Return the rows whose columns are filled and whose shape is sound and of a kind; all if none is so.

        Parameters
        ----------
        layer : GeoDataFrame
        name : str
            What the layer is called.
        kind : {"polygon", "line", "point"}
        filled : sequence of str, optional
            Columns that must be filled; one that is not there is left to the check that follows.

        Returns
        -------
        GeoDataFrame
            `layer` itself where no row is set aside.
        """
        if self.strict or getattr(layer, "_geometry_column_name", None) not in layer:
            return layer
        shapes = layer.geometry.to_numpy()
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        other = ~layer.geom_type.isin(_KINDS[kind]).to_numpy(dtype=bool)
        unsound = ~shapely.is_valid(shapes)
        blank = {each: as_text(layer[each]).isna().to_numpy() for each in filled if each in layer}
        wrong = np.logical_or.reduce([missing, other, unsound, *blank.values()])
        if not wrong.any() or wrong.all():
            return layer
        value = layer.geom_type.astype(object).where(other & ~missing, "")
        reasons = np.select(
            [missing, other, unsound], ["no_geometry", "other_geometry", "invalid_geometry"], ""
        )
        for column, rows in blank.items():
            reasons, value = np.where(rows, "not_filled", reasons), value.mask(rows, column)
        self.note(layer, name, wrong, reasons, value)
        return layer[~wrong]

    def coded(self, layer: pd.DataFrame, field: Field, name: str) -> pd.Series:
        """Read a column of coded values; what is blank or not understood is noted, and missing.

        Returns
        -------
        Series of str
            As `zjk_gis.layers.columns.values.understood` returns it.

        Raises
        ------
        InputError
            If no value is understood, or `strict` is set and one is blank or not understood; the message
            names the values and the nearest known ones.
        """
        meant, wrong = coded(layer, field, name)
        unknown = meant.isna().to_numpy(dtype=bool)
        if self.strict and unknown.any():
            told = name_values(rows_by_value(layer[field.name].fillna("(blank)")[unknown]), field, None)
            raise InputError(
                tr(
                    "{name}: {unknown} of {layer_count} rows have no known {name_2} ({rows}): {told}",
                    name=name,
                    unknown=int(unknown.sum()),
                    layer_count=len(layer),
                    name_2=field.name,
                    rows=name_rows(layer.index[unknown]),
                    told=told,
                )
            )
        reasons = np.where(wrong, "not_understood", "not_filled")
        self.note(layer, name, unknown, reasons, layer[field.name])
        return meant

    def amounts(
        self, layer: gpd.GeoDataFrame, name: str, column: str
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Read numbers of at least 0; what is something else is noted, and counts as not known.

        Returns
        -------
        amounts : ndarray of float64
            0 where it is not known.
        unknown : ndarray of bool

        Raises
        ------
        MissingColumnError
            If there is no such column.
        InputError
            If `strict` is set and a value is something else; the message names the rows.
        """
        require_columns(layer, name, column)
        values = pd.to_numeric(layer[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        fine = np.isfinite(values) & (values >= 0)
        wrong = ~fine & layer[column].notna().to_numpy()
        if self.strict and wrong.any():
            raise InputError(
                tr(
                    "{name}: {wrong} of {layer_count} rows have a {column} that is not a number of at "
                    "least 0 ({rows}); correct them or leave them empty",
                    name=name,
                    wrong=int(wrong.sum()),
                    layer_count=len(layer),
                    column=column,
                    rows=name_rows(layer.index[wrong]),
                )
            )
        self.note(layer, name, wrong, "not_an_amount", layer[column])
        return np.where(fine, values, 0.0), ~fine

    def note(
        self,
        layer: pd.DataFrame,
        name: str,
        wrong: NDArray[np.bool_],
        why: str | NDArray[np.str_],
        values: pd.Series,
    ) -> None:
        """Remember rows, why they are set aside and what stands there."""
        reasons = np.broadcast_to(np.asarray(why), len(layer))
        for at in np.flatnonzero(wrong).tolist():
            value = text_of(values.iloc[at]) or ""
            self.rows.append({"layer": name, "row": layer.index[at], "why": str(reasons[at]), "value": value})

    def added_to(self, result: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Add what was set aside to what a result tells already."""
        if self.rows:
            result.attrs["set_aside"] = [*result.attrs.get("set_aside", []), *self.rows]
        return result

    def told_in(self, result: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Put what was set aside into ``attrs["set_aside"]`` of a result."""
        result.attrs["set_aside"] = self.rows
        return result

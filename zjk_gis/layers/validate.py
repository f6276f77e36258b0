"""Does a layer look as its spec says? Column names put right, and problems listed row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError
from zjk_gis.layers.periods import ALWAYS, NEVER
from zjk_gis.layers.values import as_text, converted, is_code, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import Field, LayerSpec

__all__ = ["conform", "fields_of", "validate"]

_COLUMNS = ["row", "field", "value", "rule", "severity", "message"]
_UNIT = re.compile(r"\((?:m|m2|mm)\)$")  # NFKC has made m² to m2
_WHAT = {
    "number": "a number",
    "integer": "a whole number",
    "date": "a date; write it as 2025-12-31",
    "datetime": "a time; write it as 2025-12-31 08:30:00",
    "boolean": "yes or no; write 是 or 否",
    "text": "a code with all its digits; a number keeps only 15, so store it as text",
}


def conform(layer: gpd.GeoDataFrame, spec: LayerSpec) -> gpd.GeoDataFrame:
    """Give the columns of a layer the library's English names.

    Parameters
    ----------
    layer : GeoDataFrame
        With columns under any name that the spec accepts: English, Chinese or an alias, in any case, with
        outer blanks, in full-width letters or with a unit in brackets.
    spec : LayerSpec

    Returns
    -------
    GeoDataFrame
        A copy; other columns are left alone. ``attrs["renamed"]`` maps old names to new ones.

    Raises
    ------
    InputError
        If two columns could be the same field and neither has the English name; the message names both.

    Examples
    --------
    >>> from shapely import box
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> grids = gpd.GeoDataFrame({"网格编码 ": ["130703005001001"]}, geometry=[box(0, 0, 1, 1)], crs=4547)
    >>> conform(grids, UNIT_GRIDS).attrs["renamed"]
    {'网格编码 ': 'grid_code'}
    """
    repeated = layer.columns[layer.columns.duplicated()]
    if len(repeated):
        message = f"{spec.name}: the column {repeated[0]!r} is there more than once; rename one of them"
        raise InputError(message)
    fields = {_key(name): field.name for field in spec.fields for name in field.names}
    kept = {layer.active_geometry_name} if isinstance(layer, gpd.GeoDataFrame) else set()
    claims: dict[str, list[str]] = {}
    for column in layer.columns:
        field = fields.get(_key(str(column)))
        if field is not None and column not in kept:
            claims.setdefault(field, []).append(column)
    renamed: dict[str, str] = {}
    for name, columns in claims.items():
        if name in columns:
            continue
        if len(columns) > 1:
            listed = " and ".join(repr(column) for column in columns)
            message = f"{spec.name}: {listed} could both be {name}; rename the right one to {name!r}"
            raise InputError(message)
        renamed[columns[0]] = name
    result = layer.rename(columns=renamed)
    result.attrs = {**layer.attrs, "renamed": renamed}
    return result


def fields_of(layer: pd.DataFrame, spec: LayerSpec) -> set[str]:
    """Return the fields of a spec that a layer has a column for, under whatever name.

    Examples
    --------
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> sorted(fields_of(pd.DataFrame(columns=["网格编码 ", "面积(m²)", "other"]), UNIT_GRIDS))
    ['area_m2', 'grid_code']
    """
    fields = {_key(name): field.name for field in spec.fields for name in field.names}
    return {fields[key] for key in map(_key, map(str, layer.columns)) if key in fields}


def validate(layer: gpd.GeoDataFrame, spec: LayerSpec) -> pd.DataFrame:
    """List what in a layer is not as its spec says.

    Parameters
    ----------
    layer : GeoDataFrame
        With the English column names (see `conform`).
    spec : LayerSpec

    Returns
    -------
    DataFrame
        One row for each problem, those of the whole layer first, then in the order of the layer's rows;
        empty if there is none.

        - ``row``: index label; missing where the layer as a whole is meant
        - ``field`` (text): column
        - ``value`` (text): what stands there
        - ``rule`` (text): ``missing_column``, ``missing_value``, ``wrong_type``, ``not_allowed``,
          ``out_of_bounds``, ``bad_code``, ``duplicate_code``, ``overlapping_versions``,
          ``period_reversed``, ``no_crs``, ``no_geometry``, ``empty_geometry``, ``wrong_geometry_type`` or
          ``invalid_geometry``
        - ``severity`` (text): ``error``, or ``warning`` for what can be worked with all the same
        - ``message`` (text): what to do

    Notes
    -----
    In a layer that keeps versions a code may come again if the periods, both days included, do not
    overlap.

    Examples
    --------
    >>> from shapely import box
    >>> from zjk_gis.layers.catalogue import UNIT_GRIDS
    >>> grids = gpd.GeoDataFrame(
    ...     {"grid_code": ["130703005001001", "13070300500100", None]},
    ...     geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1), None],
    ...     crs=4547,
    ... )
    >>> validate(grids, UNIT_GRIDS)[["row", "rule"]].to_numpy().tolist()
    [[1, 'bad_code'], [2, 'missing_value'], [2, 'no_geometry']]
    """
    problems = _Problems(layer)
    for field in spec.fields:
        if field.name in layer.columns:
            _check_field(problems, layer[field.name], field)
        elif field.required:
            others = ", ".join(field.names[1:])
            problems.add_layer(field.name, "missing_column", f"add the column {field.name} (also {others})")
    _check_codes(problems, layer, spec)
    _check_geometry(problems, layer, spec)
    return problems.table()


class _Problems:
    """What was found so far; put in order at the end."""

    def __init__(self, layer: pd.DataFrame) -> None:
        self.index = layer.index
        self.found: list[pd.DataFrame] = []
        self.places: list[NDArray[np.int64]] = []

    def add_layer(self, field: str, rule: str, message: str, *, severity: str = "error") -> None:
        """Note a problem of the layer as a whole."""
        row = {"row": [None], "field": field, "value": "", "rule": rule, "severity": severity}
        self.found.append(pd.DataFrame({**row, "message": message}).astype(object))
        self.places.append(np.array([-1], dtype=np.int64))

    def add(
        self,
        wrong: NDArray[np.bool_],
        field: str,
        rule: str,
        message: str | list[str],
        *,
        values: pd.Series | None = None,
    ) -> None:
        """Note a problem of the rows where `wrong` is true."""
        if not wrong.any():
            return
        text = "" if values is None else as_text(values[wrong]).fillna("").to_numpy()
        columns = {
            "row": self.index[wrong].to_numpy(dtype=object),
            "field": field,
            "value": text,
            "rule": rule,
        }
        self.found.append(pd.DataFrame({**columns, "severity": "error", "message": message}).astype(object))
        self.places.append(np.flatnonzero(wrong))

    def table(self) -> pd.DataFrame:
        """Return all problems in the order of the rows."""
        if not self.found:
            return pd.DataFrame(columns=_COLUMNS, dtype=object)
        order = np.argsort(np.concatenate(self.places), kind="stable")
        return pd.concat(self.found, ignore_index=True).iloc[order].reset_index(drop=True)[_COLUMNS]


def _check_field(problems: _Problems, column: pd.Series, field: Field) -> None:
    values, wrong = converted(column, field)
    problems.add(wrong, field.name, "wrong_type", f"is not {_WHAT[field.dtype]}", values=column)
    missing = values.isna().to_numpy(dtype=bool) & ~wrong
    if field.required:
        problems.add(missing, field.name, "missing_value", f"fill in {field.name} ({field.title})")
    fine = ~missing & ~wrong
    if field.allowed:
        other = fine & ~values.isin(field.allowed).to_numpy(dtype=bool)
        problems.add(
            other, field.name, "not_allowed", f"write one of: {', '.join(field.allowed)}", values=column
        )
    if field.minimum is not None or field.maximum is not None:
        low = -np.inf if field.minimum is None else field.minimum
        high = np.inf if field.maximum is None else field.maximum
        numbers = values.to_numpy(dtype=np.float64)
        bounds = f"at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
        outside = fine & ((numbers < low) | (numbers > high))
        message = f"must be {bounds} {field.unit}".rstrip()
        problems.add(outside, field.name, "out_of_bounds", message, values=column)
    if field.digits is not None:
        bad = fine & ~values.str.fullmatch(rf"[0-9]{{{field.digits}}}", na=False).to_numpy(dtype=bool)
        message = f"must have {field.digits} digits; a spreadsheet may have cut leading zeros"
        problems.add(bad, field.name, "bad_code", message, values=column)
    if is_code(field) and pd.api.types.is_numeric_dtype(column.dtype) and fine.any():
        message = f"{field.name} is stored as numbers; read it as text, so that no zero is lost"
        problems.add_layer(field.name, "wrong_type", message, severity="warning")


def _check_codes(problems: _Problems, layer: gpd.GeoDataFrame, spec: LayerSpec) -> None:
    """Codes name one row each, or one row at a time where the layer keeps versions."""
    periods = [name for name in ("valid_from", "valid_to") if spec.versioned and name in layer.columns]
    begins, unreadable_begin = _days(layer, spec, "valid_from", NEVER)
    ends, unreadable_end = _days(layer, spec, "valid_to", ALWAYS)
    reversed_ = (begins > ends) & ~unreadable_begin & ~unreadable_end
    if periods:
        message = "ends before it begins; correct valid_from or valid_to"
        problems.add(reversed_, periods[-1], "period_reversed", message, values=layer[periods[-1]])
    if spec.code not in layer.columns:
        return
    codes, wrong = converted(layer[spec.code], spec.field(spec.code))
    present = codes.notna().to_numpy(dtype=bool) & ~wrong
    if not periods:
        repeated = present & codes.duplicated(keep=False).to_numpy()
        message = "the code is there more than once; give each row its own"
        problems.add(repeated, spec.code, "duplicate_code", message, values=codes)
        return
    at = np.flatnonzero(present & ~reversed_ & ~unreadable_begin & ~unreadable_end)
    overlapping = np.zeros(len(layer), dtype=bool)
    overlapping[at] = _overlapping(codes.iloc[at].to_numpy(), begins[at], ends[at])
    message = "its period overlaps another of the same code; end the earlier the day before the later begins"
    problems.add(overlapping, spec.code, "overlapping_versions", message, values=codes)


def _overlapping(
    codes: NDArray[np.object_], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which periods share a day with another of the same code."""
    table = pd.DataFrame({"code": codes, "begin": begins, "end": ends})
    ordered = table.sort_values(["code", "begin", "end"], kind="stable")
    groups = ordered.groupby("code", sort=False)
    latest_end_before = (
        ordered.assign(end=groups["end"].cummax()).groupby("code", sort=False)["end"].shift(fill_value=NEVER)
    )
    next_begin = groups["begin"].shift(-1, fill_value=ALWAYS)
    first = groups.cumcount() == 0
    last = groups.cumcount(ascending=False) == 0
    shares = ((ordered["begin"] <= latest_end_before) & ~first) | ((ordered["end"] >= next_begin) & ~last)
    return shares.sort_index().to_numpy()


def _days(
    layer: gpd.GeoDataFrame, spec: LayerSpec, name: str, missing: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return day numbers, `missing` where the side is open, and which values are no dates."""
    if not spec.versioned or name not in layer.columns:
        return np.full(len(layer), missing, dtype=np.int64), np.zeros(len(layer), dtype=bool)
    times, wrong = converted(layer[name], spec.field(name))
    days = times.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64)), wrong


def _check_geometry(problems: _Problems, layer: gpd.GeoDataFrame, spec: LayerSpec) -> None:
    if not isinstance(layer, gpd.GeoDataFrame) or layer.active_geometry_name is None:
        problems.add_layer("geometry", "no_geometry", "the layer has no geometry column; set one")
        return
    name = layer.active_geometry_name
    if layer.crs is None:
        message = "the layer has no coordinate reference system; set it with .set_crs()"
        problems.add_layer(name, "no_crs", message)
    shapes = layer.geometry.to_numpy()
    missing, empty = shapely.is_missing(shapes), shapely.is_empty(shapes)
    problems.add(missing, name, "no_geometry", "has no geometry; draw it")
    problems.add(empty, name, "empty_geometry", "the geometry is empty; draw it or delete the row")
    kinds = layer.geometry.geom_type
    other = ~missing & ~empty & ~kinds.isin(spec.geometry).to_numpy()
    message = f"must be a {' or '.join(sorted(spec.geometry))}"
    problems.add(other, name, "wrong_geometry_type", message, values=kinds)
    invalid = ~missing & ~shapely.is_valid(shapes)
    if invalid.any():
        reasons = [f"{why}; repair it" for why in shapely.is_valid_reason(shapes[invalid])]
        problems.add(invalid, name, "invalid_geometry", reasons, values=kinds)


def _key(name: str) -> str:
    """Reduce a column name to what two spellings of it share: no case, blanks, width or unit."""
    return _UNIT.sub("", plain(name).casefold()).replace(" ", "")

"""A layer checked against its spec: every fault by row, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import as_metric, convert_crs
from zjk_gis.crs.projections import greenwich_base
from zjk_gis.crs.systems import in_china
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE, spec_of
from zjk_gis.layers.checks.problems import Problems
from zjk_gis.layers.checks.topology import TOPOLOGY, Periods
from zjk_gis.layers.columns.codes import matched_names
from zjk_gis.layers.columns.coordinates import is_most
from zjk_gis.layers.columns.periods import ALWAYS, NEVER
from zjk_gis.layers.columns.values import converted, in_order, is_code, understood
from zjk_gis.layers.labels import check_language
from zjk_gis.layers.naming import conform
from zjk_gis.layers.shapes import cleaned, has_shape, only
from zjk_gis.layers.soundness import faults_of, tell_fault
from zjk_gis.standards import check_codes
from zjk_gis.standards.schemes import scheme_of
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.layers.checks.problems import ValidationReport
    from zjk_gis.layers.labels import Language
    from zjk_gis.layers.spec import Field, LayerSpec
    from zjk_gis.standards.rules import Overrides

__all__ = ["check_coded_places", "validate"]

# What a value of a type is; in the words of the catalogue of sentences.
_WHAT = {
    "number": "a number",
    "integer": "a whole number",
    "date": "a date; write it as 2025-12-31",
    "datetime": "a time; write it as 2025-12-31 08:30:00",
    "boolean": "yes or no; write 是 or 否",
    "text": "a code with all its digits; a number keeps only 15, so store it as text",
}
_PLACES = (("communities", "community"), ("streets", "street"), ("districts", "district"))
_ENOUGH = 0.99  # of a polygon's area: borders of grids and communities are drawn separately


@checked
def validate(
    layer: pd.DataFrame | gpd.GeoDataFrame,
    spec: LayerSpec | str,
    *,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    tables: Overrides | None = None,
    lang: Language = "zh",
) -> ValidationReport:
    """List what in a layer is not as its spec says.

    Parameters
    ----------
    layer : GeoDataFrame or DataFrame
        With the English column names (see `read_layer`).
    spec : LayerSpec or str
        What it should be: a spec, or the name of one in the catalogue, such as ``"unit_grids"`` or
        ``"单元网格"``.
    layers : mapping of str to GeoDataFrame, optional
        Other layers by their English name, against which codes and references are held: ``communities``,
        ``streets`` or ``districts`` tell whether a grid lies in the place that its code names,
        ``manholes`` whether the ends of a pipe exist.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `rules_table`): allowed values, places, limits, or ``checks``, by
        which the severity of a check is changed.
    lang : {"zh", "en"}, default "zh"
        The language of the messages.

    Returns
    -------
    ValidationReport
        ``problems`` by row, ``counts`` by rule, which rows are ``clean``, and whether all is ``ok``; what
        could not be checked for want of another layer is in ``not_checked``. `write_problems` writes it.

    Raises
    ------
    InputError
        If there is no such spec or language.

    Notes
    -----
    In a layer that keeps versions a code may come again if the periods, both days included, do not overlap.
    What is checked of codes says `check_codes`; the other checks, their severity, source and how sure that
    is stand in ``rules_table("checks")``.

    Examples
    --------
    >>> from shapely import box
    >>> squares = [box(573000 + i, 4520000, 573001 + i, 4520001) for i in range(2)]
    >>> grids = gpd.GeoDataFrame(
    ...     {"grid_code": ["130703005001001", "13070300500100", None]}, geometry=[*squares, None], crs=4547
    ... )
    >>> report = validate(grids, "unit_grids", lang="en")
    >>> report.ok, report.clean.tolist()
    (False, [True, False, False])
    >>> report.problems[["row", "rule"]].to_numpy().tolist()
    [[1, 'wrong_length'], [2, 'missing_value'], [2, 'no_geometry']]
    """
    check_language(lang)
    if isinstance(spec, str):
        spec = spec_of(spec)
    if not isinstance(layer, pd.DataFrame):
        raise InputError(
            tr(
                "{name}: must be a layer or a table, not {name_2}",
                name=spec.name,
                name_2=type(layer).__name__,
            )
        )
    given = _conformed(layers or {})
    problems = Problems(layer, tables, lang)
    for field in spec.fields:
        if field.name in layer.columns:
            _check_field(problems, layer[field.name], field, given)
        elif field.required:
            names = ", ".join(field.names[1:])
            problems.add_layer(field.name, "missing_column", field=field.name, title=field.title, names=names)
    periods = _periods(problems, layer, spec)
    _check_repeated_codes(problems, layer, spec, periods)
    grounded = _check_geometry(problems, layer, spec)
    if grounded is not None:
        if "in_coded_place" in spec.topology:
            check_coded_places(problems, grounded, spec, given)
        for name in spec.topology:
            if name in TOPOLOGY:
                TOPOLOGY[name](problems, grounded, spec, periods)
    return problems.report(spec)


def _conformed(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Give the other layers the library's column names."""
    result = {}
    for name, other in layers.items():
        if name not in CATALOGUE:
            raise InputError(
                tr(
                    "layers= has {name!r}, which is not a layer of the catalogue: {catalogue}",
                    name=name,
                    catalogue=", ".join(CATALOGUE),
                )
            )
        result[name] = conform(other, CATALOGUE[name])
    return result


def _check_field(
    problems: Problems, column: pd.Series, field: Field, layers: dict[str, gpd.GeoDataFrame]
) -> None:
    values, wrong = converted(column, field)
    if field.scales and wrong.any():  # words of an order, such as 一级
        numbers, wrong, _ = in_order(column, field, tables=problems.tables)
        values = pd.Series(numbers, index=column.index)
    what = tr(_WHAT[field.dtype], lang=problems.lang)
    problems.add(wrong, field.name, "wrong_type", values=column, what=what)
    missing = values.isna().to_numpy(dtype=bool) & ~wrong
    if field.required:
        problems.add(missing, field.name, "missing_value", field=field.name, title=field.title)
    fine = ~missing & ~wrong
    if field.domain:
        _check_domain(problems, column, values, fine, field)
    if field.minimum is not None or field.maximum is not None:
        _check_bounds(problems, column, values, fine, field)
    if field.scheme:
        _check_scheme(problems, values.where(fine), field)
    elif field.digits is not None:
        bad = fine & ~values.str.fullmatch(rf"[0-9]{{{field.digits}}}", na=False).to_numpy(dtype=bool)
        problems.add(bad, field.name, "bad_code", values=column, digits=field.digits)
    if is_code(field) and pd.api.types.is_numeric_dtype(column.dtype) and fine.any():
        problems.add_layer(field.name, "codes_as_numbers", field=field.name)
    if field.refers_to:
        _check_reference(problems, values, fine, field, layers)


def _check_domain(
    problems: Problems, column: pd.Series, values: pd.Series, fine: NDArray[np.bool_], field: Field
) -> None:
    """List values that are not allowed, and those that are but for their spelling."""
    allowed = field.allowed(problems.tables)
    meant, wrong = understood(values, field, tables=problems.tables)
    problems.add(fine & wrong, field.name, "not_allowed", values=column, allowed=", ".join(allowed))
    other = fine & ~wrong & ~values.isin(allowed).to_numpy(dtype=bool)
    words = [{"meant": value} for value in meant[other]]
    problems.add(other, field.name, "other_spelling", values=column, words=words)


def _check_bounds(
    problems: Problems, column: pd.Series, values: pd.Series, fine: NDArray[np.bool_], field: Field
) -> None:
    low = -np.inf if field.minimum is None else field.minimum
    high = np.inf if field.maximum is None else field.maximum
    numbers = values.to_numpy(dtype=np.float64)
    outside = fine & ((numbers < low) | (numbers > high))
    unit = f" {field.unit}" if field.unit else ""
    problems.add(
        outside,
        field.name,
        "out_of_bounds",
        values=column,
        bounds=tr("at least {low:g}{unit}", low=low, unit=unit, lang=problems.lang)
        if high == np.inf
        else tr("from {low:g} to {high:g}{unit}", low=low, high=high, unit=unit, lang=problems.lang),
    )


def _check_scheme(problems: Problems, values: pd.Series, field: Field) -> None:
    found = check_codes(values, field.scheme, tables=problems.tables, lang=problems.lang)
    for rule, rows in found.groupby("rule", sort=False):
        wrong = np.zeros(len(values), dtype=bool)
        wrong[rows["at"]] = True
        problems.add(wrong, field.name, str(rule), values=values, messages=rows["message"].to_numpy())


def _check_reference(
    problems: Problems,
    values: pd.Series,
    fine: NDArray[np.bool_],
    field: Field,
    layers: dict[str, gpd.GeoDataFrame],
) -> None:
    given = [name for name in field.refers_to if name in layers]
    if not given:
        problems.skip(f"unknown_reference {field.name}", f"layers={{{field.refers_to[0]!r}: ...}}")
        return
    named = [(name, by) for name in given for by in CATALOGUE[name].names if by in layers[name]]
    if not named:
        why = tr("{layers} without codes", layers=listed(given, lang=problems.lang), lang=problems.lang)
        problems.skip(f"unknown_reference {field.name}", why)
        return
    match = matched_names(values.where(fine), [layers[name][by] for name, by in named])
    named_layers = listed(given, lang=problems.lang)
    problems.add(fine & ~match.known, field.name, "unknown_reference", values=values, layers=named_layers)
    other = fine & match.known & (match.codes != values).to_numpy(dtype=bool)
    words = [{"known": code, "layers": named_layers} for code in match.codes[other]]
    problems.add(other, field.name, "other_zeros", values=values, words=words)


def _periods(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec) -> Periods:
    """Read from when to when each row holds, and list those that end before they begin."""
    names = {field.name for field in spec.fields}
    begins, unreadable_begin = _days(layer, spec, "valid_from", NEVER)
    ends, unreadable_end = _days(layer, spec, "valid_to", ALWAYS)
    usable = ~unreadable_begin & ~unreadable_end
    reversed_ = (begins > ends) & usable
    if "valid_to" in names and "valid_to" in layer.columns:
        problems.add(reversed_, "valid_to", "period_reversed", values=layer["valid_to"])
    return Periods(begins=begins, ends=ends, usable=usable & ~reversed_)


def _check_repeated_codes(
    problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, periods: Periods
) -> None:
    """Codes name one row each, or one row at a time where the layer keeps versions."""
    if spec.code not in layer.columns:
        return
    codes, wrong = converted(layer[spec.code], spec.field(spec.code))
    present = codes.notna().to_numpy(dtype=bool) & ~wrong
    if not spec.versioned or not {"valid_from", "valid_to"} & set(layer.columns):
        repeated = present & codes.duplicated(keep=False).to_numpy()
        problems.add(repeated, spec.code, "duplicate_code", values=codes)
        return
    at = np.flatnonzero(present & periods.usable)
    overlapping = np.zeros(len(layer), dtype=bool)
    overlapping[at] = _overlapping(codes.iloc[at].to_numpy(), periods.begins[at], periods.ends[at])
    problems.add(overlapping, spec.code, "overlapping_versions", values=codes)


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
    """Return day numbers, `missing` where the side is open, and which values are not dates."""
    if name not in layer.columns or name not in {field.name for field in spec.fields}:
        return np.full(len(layer), missing, dtype=np.int64), np.zeros(len(layer), dtype=bool)
    times, wrong = converted(layer[name], spec.field(name))
    days = times.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64)), wrong


def _check_geometry(problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec) -> gpd.GeoDataFrame | None:
    """Check each shape by itself; return the layer with those that can be compared with each other."""
    if not isinstance(layer, gpd.GeoDataFrame) or layer.active_geometry_name is None:
        problems.add_layer("geometry", "no_geometry")
        return None
    name = layer.active_geometry_name
    is_placed = layer.crs is not None and not layer.crs.is_engineering
    if not is_placed:
        problems.add_layer(name, "no_crs")
    shapes = layer.geometry.to_numpy()
    shapes, hollow = cleaned(shapes)
    missing, empty = shapely.is_missing(shapes), shapely.is_empty(shapes)
    problems.add(missing, name, "no_geometry")
    problems.add(empty, name, "empty_geometry")
    problems.add(hollow, name, "empty_part", values=layer.geometry.geom_type)
    present = ~missing & ~empty
    kinds = shapely.get_type_id(shapes)
    fitting = [int(getattr(shapely.GeometryType, kind.upper())) for kind in spec.geometry]
    other = present & ~np.isin(kinds, fitting)
    if other.any():
        allowed = tr(" or ", lang=problems.lang).join(sorted(spec.geometry))
        problems.add(other, name, "wrong_geometry_type", values=layer.geometry.geom_type, allowed=allowed)
    invalid = ~missing & ~shapely.is_valid(shapes)
    if invalid.any():
        words: list[dict[str, object]] = [
            {"reason": tell_fault(fault, place, problems.lang)}
            for fault, place in zip(*faults_of(shapes[invalid]), strict=True)
        ]
        problems.add(invalid, name, "invalid_geometry", values=layer.geometry.geom_type, words=words)
    if not is_placed:
        return None
    abroad, elsewhere = _abroad(layer, present, spec.name)
    if is_most(elsewhere[present]):  # a layer of another country, and measured there
        problems.add_layer(name, "layer_outside_china")
        abroad &= ~elsewhere
    problems.add(abroad, name, "outside_china")
    # What lies abroad has no metre here: areas, lengths and places are asked of the others.
    if not abroad.any() and not hollow.any():
        return layer
    return layer.set_geometry(only(shapes, ~abroad), crs=layer.crs)


def _abroad(
    layer: gpd.GeoDataFrame, present: NDArray[np.bool_], name: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which shapes have their middle outside China, and which of them in a place that can be meant."""
    bounds = layer.geometry.bounds.to_numpy()[present]
    with np.errstate(invalid="ignore", over="ignore"):  # of a shape that reaches to infinity
        middles = gpd.GeoSeries.from_xy((bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2)
    degrees = middles.set_crs(layer.crs).to_crs(greenwich_base(layer.crs, name))
    lon, lat = degrees.x.to_numpy(), degrees.y.to_numpy()
    outside = ~in_china(lon, lat)
    abroad, elsewhere = np.zeros((2, len(layer)), dtype=bool)
    abroad[present] = outside
    elsewhere[present] = outside & np.isfinite(lon) & (np.abs(lat) <= 90) & ~in_china(lat, lon)
    return abroad, elsewhere


def check_coded_places(
    problems: Problems, layer: gpd.GeoDataFrame, spec: LayerSpec, layers: dict[str, gpd.GeoDataFrame]
) -> None:
    """List the rows that do not lie in the place their code names, by the finest layer given.

    Points and lines must touch the place; polygons must have 99 % of their area in it.
    """
    scheme = scheme_of(spec.field(spec.code).scheme)
    parts = [(name, part) for name, part in _PLACES if scheme.span(part) is not None and scheme.name != part]
    given = [(name, part) for name, part in parts if name in layers]
    if not given:
        problems.skip("in_coded_place", f"layers={{{parts[0][0]!r}: ...}}")
        return
    if spec.code not in layer.columns:
        return
    name, part = given[0]
    begin = (scheme.span("district") or (0, 0))[0]
    end = (scheme.span(part) or (0, 0))[1]
    codes, wrong = converted(layer[spec.code], spec.field(spec.code))
    whole = ~wrong & codes.str.fullmatch(rf"[0-9]{{{scheme.digits}}}", na=False).to_numpy(dtype=bool)
    shapes = layer.geometry.to_numpy()
    usable = whole & has_shape(shapes) & shapely.is_valid(shapes)
    prefixes = codes.str[begin:end]
    places = _Places(layers[name], name, layer)
    known = prefixes.isin(places.codes).to_numpy(dtype=bool)
    problems.add(
        usable & ~known,
        spec.code,
        "place_not_in_layer",
        values=codes,
        words=[{"layer": name, "place": each} for each in prefixes[usable & ~known]],
    )
    at = np.flatnonzero(usable & known)
    share, elsewhere = places.shares(layer.geometry.iloc[at], prefixes.iloc[at].to_numpy(dtype=object))
    astray = share < _ENOUGH
    wrongly = np.zeros(len(layer), dtype=bool)
    wrongly[at[astray]] = True
    words: list[dict[str, object]] = [
        {"reason": _where(each, own, where, problems.lang)}
        for each, own, where in zip(share[astray], prefixes.iloc[at[astray]], elsewhere[astray], strict=True)
    ]
    problems.add(wrongly, spec.code, "in_coded_place", values=codes, words=words)


def _where(share: float, own: str, where: str, lang: Language) -> str:
    """Say where a row lies that is not in the place that its code names."""
    if share <= 0 and where:
        return tr("lies outside {own}, in {where}", own=own, where=where, lang=lang)
    if share <= 0:
        return tr("lies outside {own}", own=own, lang=lang)
    if where:
        return tr(
            "only {share:.1f} % of it lies in {own}, most in {where}",
            share=100 * share,
            own=own,
            where=where,
            lang=lang,
        )
    return tr("only {share:.1f} % of it lies in {own}", share=100 * share, own=own, lang=lang)


class _Places:
    """The places of a layer, in the CRS of the rows to be checked against them."""

    def __init__(self, places: gpd.GeoDataFrame, name: str, layer: gpd.GeoDataFrame) -> None:
        self._metric = as_metric(layer, tr("the layer")).crs
        metric = convert_crs(places, self._metric, name=name)
        shapes, _ = cleaned(metric.geometry.to_numpy())
        codes, _ = converted(metric[CATALOGUE[name].code], CATALOGUE[name].field(CATALOGUE[name].code))
        usable = codes.notna().to_numpy(dtype=bool) & has_shape(shapes) & shapely.is_valid(shapes)
        self.codes: NDArray[np.object_] = codes[usable].to_numpy(dtype=object)
        self._shapes = shapes[usable]
        self._tree = shapely.STRtree(self._shapes)

    def shares(
        self, rows: gpd.GeoSeries, prefixes: NDArray[np.object_]
    ) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return how much of each row lies in the place of its prefix, and where its middle lies instead."""
        shapes = convert_crs(rows, self._metric, name=tr("the layer")).to_numpy()
        row, place = self._tree.query(shapes, predicate="intersects")
        own = self.codes[place] == prefixes[row]
        share = np.zeros(len(shapes))
        areal = shapely.get_dimensions(shapes) == 2
        share[row[own & ~areal[row]]] = 1.0
        row_in, place_in = self._tree.query(shapes[areal], predicate="covered_by")
        row_in = np.flatnonzero(areal)[row_in]
        share[row_in[self.codes[place_in] == prefixes[row_in]]] = 1.0
        partly = own & areal[row] & (share[row] < 1)
        pieces = shapely.area(shapely.intersection(shapes[row[partly]], self._shapes[place[partly]]))
        np.add.at(share, row[partly], pieces / shapely.area(shapes[row[partly]]))
        elsewhere = np.full(len(shapes), "", dtype=object)
        astray = np.flatnonzero(share < _ENOUGH)
        if len(astray):
            middles = shapely.point_on_surface(shapes[astray])
            found, where = self._tree.query(middles, predicate="intersects")
            order = np.lexsort((self.codes[where].astype("U32"), found))[::-1]
            elsewhere[astray[found[order]]] = self.codes[where[order]]
        return share, elsewhere

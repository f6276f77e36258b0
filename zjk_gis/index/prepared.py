"""A layer made ready to answer: checked, brought to metres, its level chosen, its words taken along.

What has to be known of a layer before points are put to it is found out here, once, and nowhere else:

1. Its column of codes is found, and filled.
2. Its geometry is sound, of one kind, and in a CRS whose unit is the true metre.
3. One level of the hierarchy answers: the one asked for, or the finest.
4. The rows have periods, and a rank by the policy.
5. The words that go along with an answer are codes, chiefs and the parts of a grid code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.crs import require_crs, require_layer
from zjk_gis.index.coded import Coded
from zjk_gis.index.kernel import Rows
from zjk_gis.index.policy import Policy, policy_of, rank_of
from zjk_gis.index.sides import sides_answered
from zjk_gis.index.steering import level_told, steered_by
from zjk_gis.layers.catalogue import RESPONSIBILITY_ZONES, ROAD_NAME, ROAD_SECTIONS, UNIT_GRIDS
from zjk_gis.layers.columns.levels import ANY_LEVEL, choose_level
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, validity_days
from zjk_gis.layers.columns.times import BEIJING, check_tz
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["CHIEF", "CODES", "MOST_DAYS", "PERIOD", "Prepared", "code_column", "prepare"]

CODES = (RESPONSIBILITY_ZONES.code, UNIT_GRIDS.code, ROAD_SECTIONS.code)
PERIOD = ("valid_from", "valid_to")
CHIEF = ("chief_code", "chief_name")
MOST_DAYS = 4_000_000  # from 1970, either way: what NumPy writes as a date
_TOLD = ("priority", "level", "side", ROAD_NAME.name)
_GRID_CODE_DIGITS = 15
# The parts of a 15-digit grid code: 6 district + 3 street + 3 community + 3 sequence.
_PARTS_OF_GRID_CODE = {"community_code": 12, "street_code": 9, "district_code": 6}


@dataclass(frozen=True)
class Prepared:
    """A layer made ready: what the rule asks of its rows, and what an answer says of them.

    Attributes
    ----------
    crs, measured_in : CRS
        Of the layer as it was given, and that in which its rows are compiled.
    code : str or None
        The column of codes.
    row : ndarray of int64
        The positions of the rows that answer in the layer as it was given, ascending.
    given : int
        How many rows that had.
    rows : Rows
    carried : dict of str to Coded
        The words that go along with an answer: codes, chief, the parts of a grid code.
    told : dict of str to Coded
        The words that a person asks for who looks at a row: its priority, level, side and road.
    periods : tuple of str
        Which of the columns of validity there are.
    level : int or None
        The level that answers; None where none was chosen.
    asked_level : int, str or None
        The level as it was asked for.
    levels : dict
        What is told of the level, see `zjk_gis.index.steering.level_told`.
    steered_by : dict of str to str
        What each column did, see `zjk_gis.index.steering.steered_by`.
    policy : Policy
    tz : str
        The time zone whose days the periods are.
    """

    crs: CRS
    measured_in: CRS
    code: str | None
    row: NDArray[np.int64]
    given: int
    rows: Rows
    carried: dict[str, Coded]
    told: dict[str, Coded]
    periods: tuple[str, ...]
    level: int | None
    asked_level: int | str | None
    levels: dict[str, Any]
    steered_by: dict[str, str]
    policy: Policy
    tz: str

    @property
    def keeps_all(self) -> bool:
        """Whether every row of the layer answers."""
        return len(self.row) == self.given

    @cached_property
    def codes(self) -> NDArray[np.str_] | None:
        """The codes in the order of the layer given, empty where a row does not answer."""
        if self.code is None:
            return None
        codes = np.full(self.given, "", dtype=object)
        codes[self.row] = self.carried[self.code].texts()
        return codes.astype(np.str_)

    def table(self, shapes: NDArray[Any]) -> gpd.GeoDataFrame:
        """Put the rows together again as a layer, of their shapes and what is known of them."""
        words = {**self.carried, **self.told}
        columns: dict[str, Any] = {name: pd.Series(each.texts(), dtype="str") for name, each in words.items()}
        for name, days, open_ in zip(
            PERIOD, (self.rows.begins, self.rows.ends), (NEVER, ALWAYS), strict=True
        ):
            if name in self.periods:
                columns[name] = _dates(days, open_)
        layer = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=self.measured_in)
        return layer.set_index(pd.Index(self.row))


def code_column(layer: pd.DataFrame, names: Sequence[str | None] = CODES) -> str | None:
    """Return the first of some columns of codes that a layer has; None where it has none of them.

    Examples
    --------
    >>> code_column(pd.DataFrame({"section_code": [], "zone_code": []}))
    'zone_code'
    """
    return next((name for name in names if name is not None and name in layer), None)


def prepare(
    layer: gpd.GeoDataFrame,
    name: str,
    *,
    kind: Literal["polygon", "line"],
    code: str | None,
    level: int | str | None,
    policy: Policy | None,
    tz: str = BEIJING,
    crs: CRS | None = None,
    invalid: Callable[[NDArray[Any]], NDArray[np.bool_]] | None = None,
    rank: Callable[[], NDArray[np.int64] | None] | None = None,
) -> tuple[Prepared, gpd.GeoDataFrame]:
    """Check a layer, and find out what has to be known of it before points are put to it.

    Parameters
    ----------
    layer : GeoDataFrame
    name : str
        What it is called in errors.
    kind : {"polygon", "line"}
    code : str or None
        Its column of codes; None where it needs none.
    level : int, str or None
        The level that answers, see `zjk_gis.layers.columns.levels.choose_level`.
    policy : Policy or None
    tz : str
    crs : CRS, optional
        In which it is compiled, where that is not to be settled here.
    invalid : callable, optional
        Tells which of an array of geometries are invalid; by default GEOS is asked.
    rank : callable, optional
        Gives the ranks of the rows where `invalid` had to know them; None where it had not.

    Returns
    -------
    prepared : Prepared
    layer : GeoDataFrame
        The rows that answer, in the order of `Prepared.row`.

    Raises
    ------
    CRSError, EmptyLayerError, MissingColumnError, GeometryError, InputError
        If the layer cannot be used; the message names the rows.
    """
    policy = policy_of(policy)
    check_tz(tz)
    require_layer(layer, name)
    given_crs, given = require_crs(layer, name), len(layer)
    is_linear = kind == "line"
    layer = ready(layer, name, kind=kind, code=code, named_by="code", crs=crs, invalid=invalid)  # 1, 2
    # A section of any level answers unless one is asked for.
    chosen = choose_level(layer, ANY_LEVEL if is_linear and level is None else level, name)  # 3
    steered, levels = steered_by(layer, chosen, policy, is_linear=is_linear), level_told(chosen, layer)
    layer = layer if chosen.kept.all() else layer[chosen.kept]
    begins, ends = validity_days(layer, name, tz=tz)  # 4
    numbers = np.arange(len(layer)) if code is None else pd.factorize(code_text(layer[code]), sort=True)[0]
    ranks = None if rank is None else rank()
    if ranks is None:
        ranks = rank_of(layer, code, begins, policy=policy, name=name)
    rows = Rows(
        code=numbers.astype(np.int64),
        rank=ranks,
        begins=begins,
        ends=ends,
        side=sides_answered(layer) if is_linear else np.zeros(len(layer), np.int8),
    )
    carried = _carried(layer, code)  # 5
    told = dict.fromkeys((policy.priority, *_TOLD))
    prepared = Prepared(
        crs=given_crs,
        measured_in=layer.crs,
        code=code,
        row=np.flatnonzero(chosen.kept).astype(np.int64),
        given=given,
        rows=rows,
        carried=carried,
        told={each: Coded.of(layer[each]) for each in told if each in layer and each not in carried},
        periods=tuple(each for each in PERIOD if each in layer),
        level=chosen.number,
        asked_level=level,
        levels=levels,
        steered_by=steered,
        policy=replace(policy),
        tz=str(tz),
    )
    return prepared, layer


def _carried(layer: gpd.GeoDataFrame, code: str | None) -> dict[str, Coded]:
    """Collect the words that go along with an answer: code, chief, the parts of a grid code."""
    names = dict.fromkeys((code, *CHIEF))
    carried = {name: Coded.of(layer[name]) for name in names if name is not None and name in layer}
    if code == UNIT_GRIDS.code:
        grid = code_text(layer[code])
        well_formed = grid.str.fullmatch(rf"\d{{{_GRID_CODE_DIGITS}}}").fillna(False).astype(bool)
        for name, digits in _PARTS_OF_GRID_CODE.items():
            carried[name] = Coded.of(grid.where(well_formed).str[:digits])
    return carried


def _dates(days: NDArray[np.int64], open_: int) -> pd.Series:
    """Write day numbers as dates; none where a period is open."""
    bounded = days != open_
    texts = np.full(len(days), None, dtype=object)
    texts[bounded] = days[bounded].astype("datetime64[D]").astype(str)
    return pd.Series(texts, dtype="str")

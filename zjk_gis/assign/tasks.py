"""The layers of a plan: which each is, how it is compiled, and how its answers are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from zjk_gis.crs import is_metric, require_layer, title_of_crs
from zjk_gis.errors import CRSError, InputError, MissingColumnError
from zjk_gis.index.answering import AnsweringIndex
from zjk_gis.index.coded import Coded
from zjk_gis.index.kernel import FOUND, REASONS
from zjk_gis.index.prepared import CHIEF, CODES, code_column
from zjk_gis.index.sections import SectionIndex
from zjk_gis.index.zones import ZoneIndex
from zjk_gis.layers.catalogue import ROAD_SECTIONS, UNIT_GRIDS
from zjk_gis.layers.usual import is_said
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.index.kernel import Answers
    from zjk_gis.index.policy import Policy

__all__ = ["LAYERS", "Task", "check_index", "index_of"]

_NO_SHAPE = int(shapely.GeometryType.MISSING)
_LINES = {int(shapely.GeometryType.LINESTRING), int(shapely.GeometryType.MULTILINESTRING)}

# Each layer of a plan: the column of codes it must have, if one, and what its own columns begin with.
LAYERS = {
    "zones": (None, ""),
    "grids": (UNIT_GRIDS.code, "grid_"),
    "sections": (ROAD_SECTIONS.code, "section_"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """A layer of a plan.

    Attributes
    ----------
    name : str
        ``zones``, ``grids`` or ``sections``.
    index : ZoneIndex or SectionIndex
        What answers.
    """

    name: str
    index: AnsweringIndex

    @property
    def prefix(self) -> str:
        """What the names of its columns begin with."""
        return LAYERS[self.name][1]

    @property
    def code(self) -> str:
        """The column of codes."""
        return str(self.index.code)

    @property
    def crs(self) -> CRS:
        """In which distances are measured."""
        return self.index.measured_in

    def columns(self, answers: Answers) -> dict[str, Coded | NDArray[np.generic]]:
        """Name the answers, and take along what the answering row says."""
        carried, prefix = self.index.carried, self.prefix
        columns: dict[str, Coded | NDArray[np.generic]] = {self.code: carried[self.code].take(answers.row)}
        columns |= {
            f"{prefix}found": Coded(answers.found, FOUND),
            f"{prefix}distance_m": answers.distance,
            f"{prefix}candidates": answers.candidates,
            f"{prefix}ambiguous": answers.ambiguous,
            f"{prefix}reason": Coded(answers.reason, REASONS),
        }
        if answers.share is not None:
            columns[f"{prefix}share"] = answers.share
        for name, words in carried.items():
            if name != self.code:
                columns[prefix + name if name in CHIEF else name] = words.take(answers.row)
        return columns


def index_of(
    layer: gpd.GeoDataFrame | AnsweringIndex,
    name: str,
    wanted: str | None,
    *,
    code: str | None,
    level: int | str | None,
    policy: Policy | None,
    tz: str,
    expected: int,
) -> AnsweringIndex:
    """Compile a layer, or look whether an index of it was built as it is asked for."""
    if isinstance(layer, AnsweringIndex):
        check_index(layer, name, wanted)
        layer.refuse_other(name, code=code, level=level, policy=policy)
        if layer.tz != tz and layer.rows.are_bounded and is_said(tz):
            raise InputError(
                tr(
                    "{name}: the index was built with tz={tz!r}, and now tz={tz_2!r} is asked for; leave "
                    "it out, or build another index",
                    name=name,
                    tz=layer.tz,
                    tz_2=tz,
                )
            )
        return layer
    require_layer(layer, name)
    if code is None:
        code = code_column(layer)
    if code is None:
        raise MissingColumnError(
            tr(
                "{name}: no column of codes; it needs {codes} or {codes_2}, or name yours with code= "
                "(its columns are {columns})",
                name=name,
                codes=", ".join(CODES[:-1]),
                codes_2=CODES[-1],
                columns=", ".join(map(str, layer.columns)),
            )
        )
    kinds = set(np.unique(shapely.get_type_id(layer.geometry.to_numpy())).tolist()) - {_NO_SHAPE}
    if kinds and kinds <= _LINES:
        return SectionIndex.of_layer(layer, name, code=code, level=level, policy=policy, tz=tz)
    return ZoneIndex.of_layer(layer, name, code=code, level=level, policy=policy, tz=tz, expected=expected)


def check_index(index: AnsweringIndex, name: str, wanted: str | None) -> None:
    """Refuse an index that cannot answer: it has no codes, or others, or its distances are not metres."""
    if index.code is None or (wanted is not None and index.code != wanted):
        of_codes = (
            tr("the column of codes {wanted}", wanted=wanted)
            if wanted is not None
            else tr("a column of codes")
        )
        raise MissingColumnError(
            tr(
                "{name}: the index was built without {of_codes}; build it with code=",
                name=name,
                of_codes=of_codes,
            )
        )
    if not is_metric(index.measured_in):
        raise CRSError(
            tr(
                "{name}: the index is in {title_of_crs} ({name_2}), in which distances cannot be "
                "measured; build it from a layer in a projected CRS, such as EPSG:4547",
                name=name,
                title_of_crs=title_of_crs(index.measured_in),
                name_2=index.measured_in.name,
            )
        )

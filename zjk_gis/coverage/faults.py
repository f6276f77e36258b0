"""Gaps and overlaps of zones from one division of the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.coverage.gaps import gaps_of, ground_and_zones
from zjk_gis.coverage.overlaps import overlaps_of
from zjk_gis.coverage.rules import (
    ALLOWED_WITHIN_M,
    BY,
    MIN_AREA_M2,
    MIN_WIDTH_M,
    MISSING_ZONE_SHARE,
    SLIVER_WIDTH_M,
    FaultRules,
    rules_of,
)
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.overlay.contents import contents_of
from zjk_gis.presentation import Presentation, presented
from zjk_gis.progress import track
from zjk_gis.threads import all_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd

    from zjk_gis.coverage.gaps import Ground
    from zjk_gis.overlay.faces import Divided

__all__ = ["CoverageFaults", "coverage_faults"]


@presented
class CoverageFaults(NamedTuple):
    """What `coverage_faults` found.

    Attributes
    ----------
    gaps, overlaps : GeoDataFrame
        See `coverage_gaps` and `overlapping_zones`.
    """

    gaps: gpd.GeoDataFrame
    overlaps: gpd.GeoDataFrame

    def _presentation(self) -> Presentation:
        told = tr(
            "Gaps: {gaps:,}, {gap_m2:,.1f} m² in all. Overlaps: {overlaps:,}, {overlap_m2:,.1f} m² in all.",
            gaps=len(self.gaps),
            gap_m2=self.gaps["area_m2"].sum(),
            overlaps=len(self.overlaps),
            overlap_m2=self.overlaps["area_m2"].sum(),
        )
        both = [
            frame.rename(columns={f"{name}_code": "fault_code"})[["fault_code", "kind", "area_m2", "width_m"]]
            for name, frame in (("gap", self.gaps), ("overlap", self.overlaps))
        ]
        worst = pd.concat([pd.DataFrame(each) for each in both], ignore_index=True)
        return excerpt(
            told, worst.sort_values("area_m2", ascending=False, kind="stable"), list(worst.columns)
        )


@checked
def coverage_faults(
    region: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame,
    *,
    code: str = "zone_code",
    at: str | dt.date | None = None,
    level: int | str | None = None,
    allowed: gpd.GeoDataFrame | None = None,
    allowed_within_m: float = ALLOWED_WITHIN_M,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    sliver_width_m: float = SLIVER_WIDTH_M,
    missing_zone_share: float = MISSING_ZONE_SHARE,
    by: Literal["pair", "set"] = BY,
    rules: FaultRules | None = None,
    people: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
) -> CoverageFaults:
    """Find the ground that no zone covers, and the ground that several claim (责任空白与重叠).

    The zones are checked and the ground is divided by them once, which is most of the work for either.

    Parameters
    ----------
    region : GeoDataFrame or None
    zones : GeoDataFrame
    code, at, level, allowed, allowed_within_m, missing_zone_share : optional
        See `coverage_gaps`.
    min_area_m2, min_width_m, sliver_width_m, people, buildings, roads : optional
        See `coverage_gaps`; they apply to overlaps, too.
    by : {"pair", "set"}, default "pair"
        See `overlapping_zones`.
    rules : FaultRules, optional
        What counts as a fault, as one value; an option said beside them has the last word.

    Returns
    -------
    CoverageFaults
        ``gaps`` and ``overlaps``, both in the CRS in which gaps are measured.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        As `coverage_gaps` and `overlapping_zones` do.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"]}, geometry=[box(0, 0, 60, 100), box(50, 0, 90, 100)], crs=4547
    ... )
    >>> region = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> gaps, overlaps = coverage_faults(region, zones)
    >>> gaps["area_m2"].tolist(), overlaps["area_m2"].tolist()
    ([1000.0], [1000.0])
    """
    asked_for = rules_of(
        FaultRules,
        rules,
        min_area_m2=min_area_m2,
        min_width_m=min_width_m,
        sliver_width_m=sliver_width_m,
        missing_zone_share=missing_zone_share,
        allowed_within_m=allowed_within_m,
        by=by,
    )
    ready: list[tuple[Ground, Divided]] = []
    found: list[gpd.GeoDataFrame] = []

    def describe() -> None:  # neither needs the other, and much of either runs without the interpreter's lock
        ground, divided = ready[0]
        asked = {
            "gaps": lambda: gaps_of(divided, ground, asked_for),
            "overlaps": lambda: overlaps_of(divided, asked_for),
        }
        found.extend(all_of(lambda name: asked[name](), asked))

    def divide() -> None:
        ready.append(ground_and_zones(region, zones, allowed, code=code, at=at, level=level))

    steps = (divide, describe)
    for step in track(steps, title=tr("gaps and overlaps")):
        step()
    gaps, overlaps = found
    layers = {"people": people, "buildings": buildings, "roads": roads}
    return CoverageFaults(contents_of(gaps, **layers), contents_of(overlaps, **layers))

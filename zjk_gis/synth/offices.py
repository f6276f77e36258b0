"""The offices: codes of districts, streets, communities and grids; zones and their faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from zjk_gis.synth.ground import Ground

__all__ = [
    "CRS",
    "EXPIRED",
    "FIRST_DAY",
    "LANDMARK_STREETS",
    "LAST_DAY",
    "REDRAWN",
    "Offices",
    "all_communities",
    "communities_of_banks",
    "make_offices",
]

CRS = 4547
FIRST_DAY, LAST_DAY, REDRAWN = "2024-01-01", "2025-12-31", "2025-01-01"
DAY_BEFORE, EXPIRED = "2024-12-31", "2025-06-30"
# The districts whose streets a bank uses, the nearest first: west of the river 桥西, east of it 桥东.
_DISTRICTS = (("130703", "130708", "130709", "130722"), ("130702", "130705", "130706", "130730"))
# 堡子里街道 and 大境门街道 lie where the historic blocks of these names do.
LANDMARK_STREETS = ("130703005", "130703002")
_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")


def all_communities() -> dict[str, list[str]]:
    """Return the codes of the communities of every street."""
    table = rules_table("communities")
    return {str(street): sorted(codes) for street, codes in table.groupby("street_code")["community_code"]}


def communities_of_banks() -> list[list[tuple[str, int]]]:
    """Return for each bank its streets, but for the landmarks', and how many communities each has."""
    return [
        [
            (street, len(codes))
            for district in districts
            for street, codes in all_communities().items()
            if street.startswith(district) and int(street[6:]) < 100 and street not in LANDMARK_STREETS
        ]
        for districts in _DISTRICTS
    ]


@dataclass(slots=True)
class Offices:
    """Administrative layers and zones, and what is wrong with the zones."""

    layers: dict[str, gpd.GeoDataFrame]
    grid_codes: list[str]
    zone_of_grid: list[str]  # before the redrawing
    zone_of_grid_later: list[str]
    faults: dict[str, Any] = field(default_factory=dict)
    spoiled: list[BaseGeometry] = field(default_factory=list)  # ground on which no natural incident is placed


def make_offices(ground: Ground, rng: np.random.Generator) -> Offices:
    """Name and number everything, group grids into zones, and plant the zones' faults."""
    communities = _name_communities(ground)
    codes = _number_grids(ground, communities)
    grids = gpd.GeoDataFrame(
        {
            "grid_code": codes,
            "area_m2": np.round(shapely.area(ground.grids), 2),
            "land_use": rng.choice(
                ["居住用地", "商业用地", "公共设施", "道路广场", "绿地"],
                len(codes),
                p=[0.55, 0.15, 0.12, 0.1, 0.08],
            ),
            "management_level": rng.choice(["一级", "二级", "三级"], len(codes), p=[0.2, 0.5, 0.3]),
            "valid_from": pd.Series([FIRST_DAY] * len(codes), dtype="str"),
        },
        geometry=list(ground.grids),
        crs=CRS,
    )
    groups = [f"Z3-{code[:12]}-{leaf.group + 1:02d}" for code, leaf in zip(codes, ground.leaves, strict=True)]
    layers = _areas(grids)
    offices = Offices(layers, codes, groups, list(groups))
    zones = _zones(grids, groups, layers)
    offices.layers["responsibility_zones"] = _plant(zones, grids, offices, ground, rng)
    offices.layers["unit_grids"] = grids.sort_values("grid_code", ignore_index=True)
    return offices


def _name_communities(ground: Ground) -> dict[tuple[int, int, int], str]:
    """Give each community its real code; the streets of the historic blocks get the blocks' own."""
    found: dict[tuple[int, int, int], str] = {}
    for bank, streets in enumerate(communities_of_banks()):
        known = {i: LANDMARK_STREETS[n] for i, n in ground.landmark_of_street.items()} if bank == 0 else {}
        spare = [code for code in LANDMARK_STREETS if bank == 0 and code not in known.values()]
        rest = iter([code for code, _ in streets] + spare)
        order = [known[i] if i in known else next(rest) for i in range(ground.streets_of_bank[bank])]
        limits = all_communities()
        for leaf in ground.leaves:
            if leaf.bank == bank:
                found[bank, leaf.street, leaf.community] = limits[order[leaf.street]][leaf.community]
    return found


def _number_grids(ground: Ground, communities: dict[tuple[int, int, int], str]) -> list[str]:
    """Give the grids of each community numbers, from west to east and north to south."""
    owner = [communities[leaf.bank, leaf.street, leaf.community] for leaf in ground.leaves]
    spots = shapely.get_coordinates(shapely.centroid(ground.grids))
    frame = pd.DataFrame({"owner": owner, "row": np.round(-spots[:, 1] / 120), "x": spots[:, 0]})
    sequence = frame.sort_values(["owner", "row", "x"]).groupby("owner").cumcount().sort_index() + 1
    return [f"{code}{number:03d}" for code, number in zip(owner, sequence, strict=True)]


def _areas(grids: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    """Join grids to communities, streets and districts."""
    layers = {}
    for name, stem, digits in (
        ("communities", "community", 12),
        ("streets", "street", 9),
        ("districts", "district", 6),
    ):
        code = f"{stem}_code"
        joined = (
            grids[["geometry"]]
            .assign(**{code: grids["grid_code"].str[:digits]})
            .dissolve(code, method="coverage")
            .reset_index()
        )
        if stem == "district":
            table = rules_table("areas").set_index("area_code")["area_name"]
        else:
            table = rules_table(name).set_index(code)[f"{stem}_name"]
        joined[f"{stem}_name"] = joined[code].map(table).astype("str")
        if stem == "community":
            joined["community_name"] = joined["community_name"].str.replace("居民委员会", "")
            joined["street_code"] = joined[code].str[:9]
        if stem == "street":
            joined["district_code"] = joined[code].str[:6]
        layers[name] = joined[[*[c for c in joined.columns if c != "geometry"], "geometry"]]
    return layers


def _zones(
    grids: gpd.GeoDataFrame, groups: list[str], layers: dict[str, gpd.GeoDataFrame]
) -> gpd.GeoDataFrame:
    """Build the three levels: a zone a street, a zone a community, a zone a group of grids."""
    street = layers["streets"]
    community = layers["communities"]
    group = (
        grids[["geometry"]].assign(zone_code=groups).dissolve("zone_code", method="coverage").reset_index()
    )
    names = dict(zip(community["community_code"], community["community_name"], strict=True))
    tables = [
        pd.DataFrame(
            {
                "zone_code": "Z1-" + street["street_code"],
                "zone_name": street["street_name"] + "责任区",
                "level": 1,
                "parent_code": None,
                "geometry": street.geometry,
            }
        ),
        pd.DataFrame(
            {
                "zone_code": "Z2-" + community["community_code"],
                "zone_name": community["community_name"] + "责任区",
                "level": 2,
                "parent_code": "Z1-" + community["street_code"],
                "geometry": community.geometry,
            }
        ),
        pd.DataFrame(
            {
                "zone_code": group["zone_code"],
                "zone_name": [f"{names[c[3:15]]}第{int(c[16:])}责任区" for c in group["zone_code"]],
                "level": 3,
                "parent_code": "Z2-" + group["zone_code"].str[3:15],
                "geometry": group.geometry,
            }
        ),
    ]
    zones = pd.concat(tables, ignore_index=True).sort_values(["level", "zone_code"], ignore_index=True)
    zones["chief_code"] = [f"LZ{n:04d}" for n in range(1, len(zones) + 1)]
    zones["chief_name"] = [_chief_name(n) for n in range(1, len(zones) + 1)]
    zones["valid_from"], zones["valid_to"] = FIRST_DAY, None
    columns = [
        "zone_code",
        "zone_name",
        "level",
        "parent_code",
        "chief_code",
        "chief_name",
        "valid_from",
        "valid_to",
    ]
    return gpd.GeoDataFrame(zones[columns], geometry=list(zones["geometry"]), crs=CRS)


class _Planter:
    """Plants one fault at most in each zone, so that each is known for itself."""

    def __init__(self, zones: gpd.GeoDataFrame, ground: Ground, rng: np.random.Generator) -> None:
        self.zones, self.ground, self.rng = zones, ground, rng
        self.rows = zones.index[zones["level"] == 3].to_numpy()
        self.shape = dict(zip(self.rows, zones.geometry[self.rows], strict=True))
        self.code = dict(zip(self.rows, zones["zone_code"][self.rows], strict=True))
        self.tree_rows = list(self.rows)
        self.tree = shapely.STRtree([self.shape[r] for r in self.rows])
        self.used: set[int] = set()
        self.gaps: list[dict[str, Any]] = []
        self.overlaps: list[dict[str, Any]] = []
        self.spoiled: list[BaseGeometry] = []
        self.added: list[dict[str, Any]] = []
        self.outer = shapely.union_all(shapely.boundary(ground.banks))

    def neighbours(self, row: int) -> list[int]:
        near = self.tree.query(self.shape[row], predicate="intersects")
        return sorted(self.tree_rows[i] for i in near if self.tree_rows[i] != row)

    def candidates(self, *, inner: bool = True) -> Iterator[int]:
        """Yield zones in which nothing is planted; `inner` ones do not touch the city's edge or the river."""
        for row in map(int, self.rng.permutation(self.rows)):
            if row not in self.used and (self.shape[row].distance(self.outer) >= 1) == inner:
                yield row

    def pick(self, count: int, *, inner: bool = True) -> list[int]:
        """Take the first few candidates."""
        found = list(islice(self.candidates(inner=inner), count))
        self.used.update(found)
        return found

    def shared_spot(self, row: int, *, length: float) -> tuple[int, BaseGeometry, BaseGeometry] | None:
        """Find a neighbour with a long common border, its middle and a stretch of `length` m around it."""
        best: tuple[float, int, Any] | None = None
        for other in self.neighbours(row):
            shared = shapely.line_merge(self.shape[row].intersection(self.shape[other]))
            lines = [part for part in shapely.get_parts(shared) if part.geom_type == "LineString"]
            if lines and other not in self.used:
                line = max(lines, key=lambda part: part.length)
                if best is None or line.length > best[0]:
                    best = (line.length, other, line)
        if best is None or best[0] < length + 60:
            return None
        line = best[2]
        half = line.length / 2
        return best[1], line.interpolate(half), substring(line, half - length / 2, half + length / 2)

    def set_shape(self, row: int, shape: BaseGeometry) -> None:
        self.zones.loc[row, "geometry"] = shape

    def octagon_inside(self, row: int, radius: float) -> BaseGeometry:
        """Draw an octagon where a zone is widest."""
        centre = shapely.get_coordinates(shapely.maximum_inscribed_circle(self.shape[row], tolerance=1))[0]
        return _octagon(*centre, radius=radius)

    def add_zone(self, row: int, code: str, shape: BaseGeometry, kind: str) -> None:
        """Let another zone claim ground of a zone."""
        self.added.append(dict(self.zones.loc[row]) | {"zone_code": code, "geometry": shape})
        self.overlap(shape, self.code[row], code, kind)

    def gap(self, piece: BaseGeometry, kind: str) -> None:
        spot: Any = shapely.point_on_surface(piece)
        self.gaps.append({"x": round(spot.x, 3), "y": round(spot.y, 3), "area_m2": piece.area, "kind": kind})
        self.spoiled.append(piece)

    def overlap(self, piece: BaseGeometry, first: str, second: str, kind: str) -> None:
        spot: Any = shapely.point_on_surface(piece)
        pair = sorted((first, second))
        self.overlaps.append(
            {
                "x": round(spot.x, 3),
                "y": round(spot.y, 3),
                "area_m2": piece.area,
                "first_code": pair[0],
                "second_code": pair[1],
                "kind": kind,
            }
        )
        self.spoiled.append(piece)


def _plant(
    zones: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    offices: Offices,
    ground: Ground,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Plant gaps, overlaps, an expired zone and a redrawing; record each where and how large it is."""
    p = _Planter(zones, ground, rng)
    known = set(zones["zone_code"])
    scale = min(1.0, len(grids) / 1000)

    def several(number: int) -> int:
        return max(1, round(number * scale))

    _redraw(p, zones, grids, offices, several(3))
    for row in p.pick(1):
        zones.loc[row, "valid_to"] = EXPIRED
        p.gap(p.shape[row], "missing_zone")
        p.spoiled.pop()  # incidents there are ordinary as long as the zone held
        offices.faults["expired_zones"] = [p.code[row]]
    _cut_holes(p, several(3))
    for kind, count in (("hole", 3), ("sliver", 2), ("partial", 3), ("overlap sliver", 1)):
        _spoil_borders(p, kind, several(count))
    _cut_edges(p, several(2))
    for row in p.pick(1):
        inner = [i for i, code in enumerate(offices.zone_of_grid) if code == p.code[row]]
        spare = grids.geometry[inner[0]]
        p.set_shape(row, p.shape[row].difference(spare))
        typical = float(np.median([shape.area for shape in p.shape.values()]))
        p.gap(spare, "missing_zone" if spare.area >= typical / 2 else "hole")
    for row in p.pick(several(1)):
        p.add_zone(row, f"{p.code[row]}B", p.shape[row], "duplicate")
    for row in p.pick(several(2)):
        p.add_zone(row, f"{p.code[row]}N", p.octagon_inside(row, 24.0), "nested")
    invented = [extra for extra in p.added if extra["zone_code"] not in known]
    for number, extra in enumerate(invented, start=len(zones) + 1):
        extra["chief_code"], extra["chief_name"] = f"LZ{number:04d}", _chief_name(number)
    offices.faults |= {"gaps": p.gaps, "overlaps": p.overlaps}
    offices.spoiled = p.spoiled
    full = pd.concat([zones, gpd.GeoDataFrame(p.added, geometry="geometry", crs=CRS)], ignore_index=True)
    full["level"] = full["level"].astype("int64")
    return full.sort_values(["level", "zone_code", "valid_from"], ignore_index=True)


def _chief_name(number: int) -> str:
    """Make a name that nobody bears."""
    return "路长" + f"{number:04d}".translate(_DIGITS) + "号"


def _cut_holes(p: _Planter, count: int) -> None:
    for row in p.pick(count):
        hole = p.octagon_inside(row, float(p.rng.uniform(9, 22)))
        p.set_shape(row, p.shape[row].difference(hole))
        p.gap(hole, "hole")


def _spoil_borders(p: _Planter, kind: str, count: int) -> None:
    left = count
    for row in p.candidates():
        if left == 0:
            break
        found = p.shared_spot(row, length=60.0)
        if found is not None:
            _spoil_border(p, row, *found, kind)
            left -= 1


def _cut_edges(p: _Planter, count: int) -> None:
    for row in p.pick(count, inner=False):
        rim = shapely.line_merge(p.shape[row].intersection(p.ground.outline.boundary))
        if rim.is_empty:  # at the river, not at the city's edge
            continue
        rim = max(shapely.get_parts(rim), key=lambda part: part.length)
        spot = rim.interpolate(0.5, normalized=True)
        piece = p.shape[row].intersection(_octagon(spot.x, spot.y, radius=14.0))
        p.set_shape(row, p.shape[row].difference(piece))
        p.gap(piece, "edge")


def _redraw(
    p: _Planter, zones: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, offices: Offices, count: int
) -> None:
    """On the first day of 2025 some zones hand a grid to a neighbour: two versions of either zone."""
    redrawn: list[list[str]] = []
    for row in p.candidates():
        if len(redrawn) == count:
            break
        mine = [i for i, code in enumerate(offices.zone_of_grid) if code == p.code[row]]
        for other in p.neighbours(row):
            moved = [i for i in mine if grids.geometry[i].intersection(p.shape[other]).length > 30]
            if len(mine) < 3 or not moved or other in p.used:
                continue
            grid = grids.geometry[moved[0]]
            before = [row, other]
            p.used.update(before)
            for r, after in (
                (row, p.shape[row].difference(grid)),
                (other, shapely.union_all([p.shape[other], grid])),
            ):
                later = dict(zones.loc[r])
                later |= {"geometry": after, "valid_from": REDRAWN}
                p.added.append(later)
                zones.loc[r, "valid_to"] = DAY_BEFORE
            offices.zone_of_grid_later[moved[0]] = p.code[other]
            redrawn.append([p.code[r] for r in before])
            break
    offices.faults["redrawn_zones"] = redrawn


def _spoil_border(p: _Planter, row: int, other: int, spot: Any, stretch: BaseGeometry, kind: str) -> None:
    """Plant a fault on the common border of two zones."""
    mine, theirs = p.shape[row], p.shape[other]
    p.used.update((row, other))
    disc = _octagon(spot.x, spot.y, radius=float(p.rng.uniform(8, 15)))
    ribbon = stretch.buffer(0.4, cap_style="flat", join_style="mitre", mitre_limit=1.5)
    if kind == "hole":
        p.set_shape(row, mine.difference(disc))
        p.set_shape(other, theirs.difference(disc))
        p.gap(disc.intersection(shapely.union_all([mine, theirs])), "hole")
    elif kind == "sliver":
        piece = max(shapely.get_parts(mine.intersection(ribbon)), key=lambda part: part.area)
        p.set_shape(row, mine.difference(piece))
        p.gap(piece, "sliver")
    else:
        piece = theirs.intersection(disc if kind == "partial" else ribbon)
        piece = max(shapely.get_parts(piece), key=lambda part: part.area)
        p.set_shape(row, shapely.union_all([mine, piece]))
        p.overlap(piece, p.code[row], p.code[other], "partial" if kind == "partial" else "sliver")


def _octagon(x: float, y: float, *, radius: float) -> BaseGeometry:
    angle = np.linspace(0, 2 * np.pi, 8, endpoint=False) + 0.3
    return shapely.Polygon(
        np.round(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]), 2)
    )

"""A live register of covers (井盖台账): an index that changes with every cover, in memory or on disk.

The other indexes are compiled once from a layer. A register goes on changing: covers are set, moved and taken
out one at a time, and between any two changes somebody asks which is nearest. An R*Tree takes a change in
microseconds, where an index that is compiled would be made anew.

Covers and R*Tree are tables of one SQLite file (`zjk_gis.pipes.manholes.register_file`), so that a change is
in both or in neither, and is there when the call returns.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from zjk_gis.arguments import checked
from zjk_gis.crs import as_metric, require_crs, require_layer, title_of_crs
from zjk_gis.errors import FileError, InputError, name_rows
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import require_amounts, require_reach
from zjk_gis.layers.shapes import has_place, has_shape, point_coordinates
from zjk_gis.pipes.manholes.register_file import (
    KIND,
    area_of,
    as_table,
    begun,
    blamed,
    check_metres,
    check_places,
    connected,
    given,
    numbers,
)
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    import sqlite3
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from numpy.typing import ArrayLike, NDArray

__all__ = ["CoverRegister"]

_SLACK = 1e-9  # of a distance, and metres: what SQLite and we may round differently
_FIRST_M = 16.0  # how far is looked first; then twice as far, and so on
_FAR_M = 4_000.0  # once nothing is found so far, it is asked whether there are as many covers at all
_MOST = 2**62  # SQLite counts no farther
_AT_ONCE = 500
_KNOWN_PLACES = 200  # by whose median it is known where the city is
_BOX = """
FROM places CROSS JOIN covers USING (id)
WHERE west <= :east AND east >= :west AND south <= :north AND north >= :south
"""  # the tree's boxes are of 32 bits, rounded outward: no cover is missed, some lie too far
_AWAY = "(x - :x) * (x - :x) + (y - :y) * (y - :y)"
_IN_BOX = f"SELECT code, x, y {_BOX} ORDER BY code"
_LAST_AWAY = f"SELECT {_AWAY} AS away {_BOX} ORDER BY away LIMIT 1 OFFSET :count - 1"
_IN_REACH = f"SELECT code, x, y {_BOX} AND {_AWAY} <= :reach * :reach"


@presented
@checked
class CoverRegister:
    """A live register of covers (井盖台账): set, move and take out covers, and ask for the nearest.

    Made by `CoverRegister.build` or `CoverRegister.open`.

    Attributes
    ----------
    crs : CRS
        In which coordinates are, in metres.

    Notes
    -----
    A register is open in one process at a time. Whatever the order of the changes, the answers are the same:
    what is equally near comes in the order of the codes.

    Examples
    --------
    >>> covers = gpd.GeoDataFrame(
    ...     {"manhole_code": ["A", "B", "C"]},
    ...     geometry=gpd.points_from_xy([573000, 573010, 573020], [4520000] * 3),
    ...     crs=4547,
    ... )
    >>> register = CoverRegister.build(covers)
    >>> register.nearest(573012, 4520000, count=2)["code"].tolist()
    ['B', 'C']
    >>> register.move("B", 573100, 4520000)
    >>> register.delete("C")
    >>> register.nearest(573012, 4520000).to_dict("records")
    [{'code': 'A', 'x': 573000.0, 'y': 4520000.0, 'distance_m': 12.0}]
    """

    def __init__(self, database: sqlite3.Connection, path: Path | None, crs: CRS) -> None:
        self._database = database
        self._path = path
        self.crs = crs

    @classmethod
    def build(
        cls,
        layer: gpd.GeoDataFrame,
        path: str | os.PathLike[str] | None = None,
        *,
        code: str = "manhole_code",
    ) -> Self:
        """Begin a register with the covers of a layer.

        Parameters
        ----------
        layer : GeoDataFrame
            Points with a CRS. What is not in metres is converted, as by `zjk_gis.crs.as_metric`; `crs` then
            names the system.
        path : str or path, optional
            A new file; by default the register is kept in memory.
        code : str, default "manhole_code"
            The column that names a cover.

        Returns
        -------
        CoverRegister

        Raises
        ------
        MissingColumnError
            If there is no such column.
        InputError
            If codes are missing or repeated, rows have no position, or lie where no cover of this city can
            be, as for `insert`; the message names them.
        CRSError
            If the layer has no CRS.
        FileError
            If there is such a file already, or it cannot be written.
        """
        require_layer(layer, "covers")
        require_crs(layer, "covers")
        require_columns(layer, "covers", code)
        metric = as_metric(layer, "covers") if len(layer) else layer
        shapes = metric.geometry.to_numpy()
        point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
        for wrong, what in (
            (~point | ~has_shape(shapes), tr("rows are not points")),
            (point & ~has_place(shapes), tr("coordinates are missing or infinite")),
        ):
            if wrong.any():
                rows = name_rows(layer.index[wrong])
                raise InputError(
                    tr(
                        "covers: {wrong} {what} ({rows}); drop them",
                        wrong=int(wrong.sum()),
                        what=what,
                        rows=rows,
                    )
                )
        database, place = begun(path, metric.crs)
        try:
            register = cls(database, place, metric.crs)
            register.insert(code_text(layer[code]).tolist(), *point_coordinates(shapes))
        except BaseException:
            database.close()
            if place is not None:
                place.unlink()
            raise
        return register

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the register in a file.

        Raises
        ------
        FileError
            If there is no such file, it is no register, it is damaged, or another process has it open.
        """
        place = Path(path).absolute()
        if not place.is_file():
            raise FileError(tr("{place}: no such file; CoverRegister.build begins a register", place=place))
        with blamed(place):
            database = connected(place)
            try:
                if database.execute("PRAGMA application_id").fetchone() != (KIND,):
                    raise FileError(tr("{place}: is no register of covers", place=place))
                crs = CRS.from_user_input(
                    database.execute("SELECT value FROM about WHERE key = 'crs'").fetchone()[0]
                )
                return cls(database, place, crs)
            except BaseException:
                database.close()
                raise

    def __enter__(self) -> Self:
        """Return the register itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the register."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __len__(self) -> int:
        """Return how many covers there are."""
        count: int = self._asked("SELECT count(*) FROM covers")[0][0]
        return count

    def __contains__(self, code: object) -> bool:
        """Tell whether a cover is there."""
        return isinstance(code, str) and bool(self._asked("SELECT 1 FROM covers WHERE code = ?", [code]))

    def insert(self, code: str | Sequence[str], x: ArrayLike, y: ArrayLike) -> None:
        """Set covers: one, or many together.

        Parameters
        ----------
        code : str or sequence of str
        x, y : float or array_like of float
            Easting and northing in metres, in `crs`.

        Raises
        ------
        InputError
            If a code is there already, given twice or not text, a coordinate is not a number, or a cover lies
            at 0, 0, is given in degrees, or lies over 300 km from the middle of the covers; then none of them
            is set.
        """
        codes, xs, ys = given(code, x, y)
        check_places(codes, xs, ys, self._others())
        there = self._ids(codes)
        known = [each for each in codes if each in there]
        twice = pd.Index(codes)[pd.Index(codes).duplicated()].tolist()
        if known or twice:
            wrong = known or twice
            what = tr("there already; move it") if known else tr("given twice")
            raise InputError(
                tr(
                    "covers: {rows} is {what}",
                    rows=name_rows(wrong).removeprefix("rows ").removeprefix("row "),
                    what=what,
                )
            )
        with self._changing():
            ((last,),) = self._asked("SELECT coalesce(max(id), 0) FROM covers")
            ids = range(last + 1, last + 1 + len(codes))
            rows = list(zip(ids, codes, xs.tolist(), ys.tolist(), strict=True))
            self._database.executemany("INSERT INTO covers VALUES (?, ?, ?, ?)", rows)
            self._database.executemany("INSERT INTO places VALUES (?1, ?3, ?3, ?4, ?4)", rows)

    def move(self, code: str | Sequence[str], x: ArrayLike, y: ArrayLike) -> None:
        """Move covers to other places: one, or many together.

        Raises
        ------
        InputError
            If a code is not there or given twice, or a place cannot be, as for `insert`; then none of them
            is moved.
        """
        codes, xs, ys = given(code, x, y)
        ids = self._known(codes)
        check_places(codes, xs, ys, self._others(ids))
        rows = list(zip(ids, xs.tolist(), ys.tolist(), strict=True))
        with self._changing():
            self._database.executemany("UPDATE covers SET x = ?2, y = ?3 WHERE id = ?1", rows)
            self._database.executemany(
                "UPDATE places SET west = ?2, east = ?2, south = ?3, north = ?3 WHERE id = ?1", rows
            )

    def delete(self, code: str | Sequence[str]) -> None:
        """Take covers out: one, or many together.

        Raises
        ------
        InputError
            If a code is not there or given twice; then none of them is taken out.
        """
        codes = [code] if isinstance(code, str) else list(code)
        rows = [(each,) for each in self._known(codes)]
        with self._changing():
            self._database.executemany("DELETE FROM covers WHERE id = ?", rows)
            self._database.executemany("DELETE FROM places WHERE id = ?", rows)

    def nearest(self, x: float, y: float, *, count: int = 1, within_m: float | None = None) -> pd.DataFrame:
        """Return the covers nearest to a point.

        Parameters
        ----------
        x, y : float
            Easting and northing in metres, in `crs`.
        count : int, default 1
            How many at most.
        within_m : float, optional
            No farther than this.

        Returns
        -------
        DataFrame
            ``code`` (text), ``x``, ``y``, ``distance_m`` (float64); nearest first, equally near ones by code.

        Raises
        ------
        InputError
            If a coordinate is not a number, the place is given in degrees or is 0, 0, or `count` is below 1.
        """
        if within_m is not None:
            require_reach(within_m=within_m)
        xs, ys = numbers(x, y)
        check_metres(xs, ys)
        (a,), (b,) = xs.tolist(), ys.tolist()
        wanted: Any = count
        if not isinstance(wanted, int | np.integer) or wanted < 1:
            raise InputError(tr("count must be at least 1, not {count!r}", count=count))
        reach = self._reach(a, b, min(int(wanted), _MOST))
        near = self._asked(_IN_REACH, _around(a, b, reach))
        found = sorted((math.hypot(u - a, v - b), code, u, v) for code, u, v in near)[:wanted]
        if within_m is not None:
            found = [row for row in found if row[0] <= within_m]
        return as_table([row[1:] for row in found], distance_m=[row[0] for row in found])

    def within(self, area: shapely.Geometry | tuple[float, float, float, float]) -> pd.DataFrame:
        """Return the covers in an area, its border included.

        Parameters
        ----------
        area : geometry or (minx, miny, maxx, maxy)
            In `crs`.

        Returns
        -------
        DataFrame
            ``code``, ``x``, ``y``, by code.
        """
        shape = area_of(area)
        if shapely.is_empty(shape):
            return as_table([])
        sides = zip(("west", "south", "east", "north"), shapely.bounds(shape).tolist(), strict=True)
        found = as_table(self._asked(_IN_BOX, dict(sides)))
        inside = shapely.intersects_xy(shape, found["x"].to_numpy(), found["y"].to_numpy())
        return found[inside].reset_index(drop=True)

    def close_pairs(self, *, within_m: float = 0.5) -> pd.DataFrame:
        """Return the pairs of covers that lie closer together than covers can.

        Parameters
        ----------
        within_m : float, default 0.5
            Half a metre is less than a cover is wide: two records of one cover, most likely.

        Returns
        -------
        DataFrame
            ``code``, ``other_code`` (text) and ``distance_m`` (float64), closest first, then by code.
        """
        require_amounts(within_m=within_m)
        table = self.to_table()
        points: Any = shapely.points(table["x"].to_numpy(), table["y"].to_numpy())
        one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=within_m)
        one, other = one[one < other], other[one < other]
        pairs = pd.DataFrame(
            {
                "code": table["code"].to_numpy()[one],
                "other_code": table["code"].to_numpy()[other],
                "distance_m": shapely.distance(points[one], points[other]),
            }
        )
        return pairs.sort_values(["distance_m", "code", "other_code"], ignore_index=True)

    def to_table(self) -> pd.DataFrame:
        """Return all covers as a table: ``code``, ``x``, ``y``, by code."""
        return as_table(self._asked("SELECT code, x, y FROM covers ORDER BY code"))

    def to_layer(self, *, code: str = "manhole_code") -> gpd.GeoDataFrame:
        """Return all covers as a layer of points, by code.

        Parameters
        ----------
        code : str, default "manhole_code"
            What the column of codes is called.
        """
        table = self.to_table()
        points = gpd.points_from_xy(table["x"], table["y"])
        return gpd.GeoDataFrame({code: table["code"]}, geometry=points, crs=self.crs)

    def _others(self, moving: Sequence[int] = ()) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where some of the covers lie that stay: enough to tell where the city is."""
        some = _KNOWN_PLACES + len(moving)
        rows = self._asked("SELECT id, x, y FROM covers ORDER BY id LIMIT ?", [some])
        stay = np.array([row[1:] for row in rows if row[0] not in {*moving}], dtype=np.float64).reshape(-1, 2)
        return stay[:, 0], stay[:, 1]

    def _reach(self, x: float, y: float, count: int) -> float:
        """Return how far one has to go for the nearest `count` covers, or for all if there are fewer.

        1. A box around the place grows until so many covers lie in it, however dense or sparse they are.
        2. The one of them that comes last tells how far. Others may be as near outside the box, if it lies
           in a corner; but no more than that far is needed, since so many are nearer.
        """
        reach = _FIRST_M
        while not (last := self._asked(_LAST_AWAY, {**_around(x, y, reach), "count": count})):
            reach *= 2
            if reach > _FAR_M:
                count = min(count, len(self))
                if not count:
                    return 0.0
        return math.sqrt(last[0][0]) * (1 + _SLACK) + _SLACK

    def _asked(self, query: str, values: Sequence[object] | dict[str, float] = ()) -> list[Any]:
        """Return the rows that answer a query."""
        with blamed(self._path):
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change covers and tree together, or neither."""
        with blamed(self._path), self._database:  # which commits, or rolls back what was not finished
            self._database.execute("BEGIN IMMEDIATE")
            yield

    def _ids(self, codes: Sequence[str]) -> dict[str, int]:
        """Return the numbers of those codes that are there."""
        found: dict[str, int] = {}
        for begin in range(0, len(codes), _AT_ONCE):
            some = codes[begin : begin + _AT_ONCE]
            places = ", ".join("?" * len(some))
            query = f"SELECT code, id FROM covers WHERE code IN ({places})"  # noqa: S608 - question marks only
            found |= dict(self._asked(query, list(some)))
        return found

    def _known(self, codes: Sequence[str]) -> list[int]:
        there = self._ids(codes)
        unknown = [str(each) for each in codes if each not in there]
        twice = len(set(codes)) < len(codes)
        if unknown or twice:
            listed = ", ".join(unknown[:5]) or tr("a code")
            raise InputError(
                tr(
                    "covers: {listed} {value}",
                    listed=listed,
                    value=tr("is not in the register") if unknown else tr("is given twice"),
                )
            )
        return [there[each] for each in codes]

    def _presentation(self) -> Presentation:
        place = tr("in memory") if self._path is None else self._path.name
        return Presentation(
            tr(
                "A register of {count:,} covers, {crs}, {place}.",
                count=len(self),
                crs=title_of_crs(self.crs),
                place=place,
            )
        )


def _around(x: float, y: float, reach: float) -> dict[str, float]:
    """Return the box around a place, for a query."""
    sides = {"west": x - reach, "east": x + reach, "south": y - reach, "north": y + reach}
    return {"x": x, "y": y, "reach": reach, **sides}

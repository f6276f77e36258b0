"""Batches of Arrow in, the same batches with their answers out: the one kernel of every engine.

Nothing is inferred from the rows, so that a batch is answered the same wherever it is, and however often:
which columns are coordinates, in which system, and how times are written is said once by who starts the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pyproj import CRS

from zjk_gis import threads
from zjk_gis._optional import need
from zjk_gis.arguments import checked
from zjk_gis.assign.plan import AssignmentPlan
from zjk_gis.batch.arrow_columns import days_in
from zjk_gis.batch.cluster.plan_copies import loaded_plan
from zjk_gis.batch.outcome import Judged, judge
from zjk_gis.batch.reading import MOVED, Reading
from zjk_gis.coordinates.bare_numbers import limit_of
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.io.tables.cells import Why
from zjk_gis.io.tables.geometry import parse_crs
from zjk_gis.layers.columns.datum_words import parse_datum
from zjk_gis.layers.columns.times import TimeOrder
from zjk_gis.layers.headings import names_beside
from zjk_gis.words import tr

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa


__all__ = ["Answerer", "answer_schema", "assign_batches", "check_columns", "reading_of"]

_FEW_ROWS = 1 << 16  # engines hand out batches of 10,000 rows: more at once cost less each
_MOST_ROWS = 1 << 17
# Why a row cannot be used, in the words of `assign_incidents`, and one more for a time that is none.
_SAID = {Why.MISSING: "no_position", Why.ZERO: "zero", Why.BAD_TIME: "bad_time"}
_REASONS = np.array([_SAID.get(why, "bad_position") for why in Why], dtype=object)


class Answerer:
    """A plan that answers for batches of one schema.

    Parameters
    ----------
    plan : AssignmentPlan
    schema : pyarrow.Schema
        Of the rows.
    reading : Reading
    columns : sequence of str, optional
        Which of the answers are put behind the columns of the rows; by default all.

    Raises
    ------
    MissingColumnError
        If the plan does not give one of them.
    """

    def __init__(
        self,
        plan: AssignmentPlan,
        schema: pa.Schema,
        reading: Reading,
        *,
        columns: Sequence[str] | None = None,
    ) -> None:
        pyarrow = need("pyarrow", extra="cluster", purpose="work on a cluster")
        self._plan, self._reading = plan, reading
        nothing = np.empty(0)
        given: Any = plan.answer(nothing, nothing, np.empty(0, np.int64), crs=reading.crs)
        sample = {name: given[name] for name in _chosen([*given], columns)}
        self._words = {
            name: pyarrow.array(column.words.tolist(), pyarrow.string())
            for name, column in sample.items()
            if hasattr(column, "codes")
        }
        renamed, _ = names_beside(schema.names, sample, "en")
        own = [each.with_name(renamed.get(each.name, each.name)) for each in schema]
        self.added = [
            pyarrow.field(name, column.type)
            for name, column in zip(sample, self.columns(sample), strict=True)
        ]
        self.schema = pyarrow.schema([*own, *self.added], metadata=schema.metadata)

    def judged(self, batch: pa.RecordBatch) -> Judged:
        """Find who answers for the rows of a batch, alone in its thread."""
        with threads.alone():
            return judge(
                self._reading.places_of(batch),
                lambda: days_in(batch.column(self._reading.time), self._reading.order),
                self._plan,
                self._reading.crs,
            )

    def columns(self, answers: Any) -> list[Any]:
        """Return answers as columns of Arrow, words as text, which every engine knows."""
        pyarrow = need("pyarrow", extra="cluster", purpose="work on a cluster")
        found = []
        for name, column in answers.items():
            if name not in self._words:
                found.append(pyarrow.array(column, from_pandas=True))
                continue
            codes = pyarrow.array(column.codes, pyarrow.int32(), mask=column.codes < 0)
            found.append(self._words[name].take(codes))
        return found

    def answered(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with its answers; a row that cannot be used says in ``reason`` why."""
        pyarrow = need("pyarrow", extra="cluster", purpose="work on a cluster")
        judged = self.judged(batch)
        added = self.columns({each.name: judged.answers[each.name] for each in self.added})
        names = [each.name for each in self.added]
        if "reason" in names and not judged.keep.all():
            at = names.index("reason")
            why = pyarrow.array(_REASONS[judged.places.why])
            added[at] = pyarrow.compute.if_else(pyarrow.array(judged.keep), added[at], why)
        return pyarrow.RecordBatch.from_arrays([*batch.columns, *added], schema=self.schema)


@checked
def assign_batches(
    batches: Iterable[Any],
    plan: str | os.PathLike[str] | AssignmentPlan,
    *,
    lon: str | None = None,
    lat: str | None = None,
    geometry: str | None = None,
    time: str | None = None,
    crs: Any,
    datum: str | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[Any]:
    """Find who answers for each row of any number of Arrow record batches; nothing is kept or written.

    It is what every engine runs: `assign_on_dask`, Spark's `mapInArrow`, Ray's `map_batches`, Daft. A row
    comes out for every row that came in, in their order.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Of one schema. Small ones are put together, up to 131,072 rows.
    plan : str, path or AssignmentPlan
        The folder of a saved plan, which this process maps; or its address (``s3://``, ``hdfs://``,
        ``file://``), from which it is fetched once a host.
    lon, lat : str, optional
        The columns of coordinates: longitude or x, and latitude or y.
    geometry : str, optional
        The column of points in well-known binary, in their place.
    time : str, optional
        The column of times, needed where zones have periods. Texts begin with their year; a time without a
        zone is of the plan's time zone (Beijing's by default), one with a zone is turned into it.
    crs
        The system of the coordinates, such as 4490.
    datum : {"gcj02", "bd09"}, optional
        Where positions are in a datum of web maps; answers are for the ground.
    columns : sequence of str, optional
        Which answers are wanted, such as ``["zone_code", "reason"]``; by default all. What an engine does
        with a column of text often takes longer than the answer.

    Returns
    -------
    iterator of pyarrow.RecordBatch
        The columns of the source and those of `assign_incidents`, whose names a column of the source gives
        way to as ``<name>_recorded``. A row that cannot be used has no answer, and ``reason`` is
        ``no_position``, ``bad_position``, ``zero`` or ``bad_time``.

    Raises
    ------
    InputError, MissingColumnError, CRSError
        If the coordinates are not named, or are not in the rows, or their system is not known; or `columns`
        names one that the plan does not give.
    FileError
        If the plan is missing or damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import geopandas as gpd
    >>> import pyarrow as pa
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(114.88, 40.82, 114.89, 40.83)], crs=4490)
    >>> rows = pa.record_batch({"lon": [114.885, None], "lat": [40.825, 40.825]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plan = AssignmentPlan.prepare(zones).save(pathlib.Path(folder, "plan"))
    ...     (answered,) = assign_batches([rows], plan, lon="lon", lat="lat", crs=4490)
    >>> answered.select(["zone_code", "found", "reason"]).to_pylist()
    [{'zone_code': 'A', 'found': 'inside', 'reason': 'one_zone'},
     {'zone_code': None, 'found': 'none', 'reason': 'no_position'}]
    """
    loaded = plan if isinstance(plan, AssignmentPlan) else loaded_plan(plan)
    reading = reading_of(loaded, lon=lon, lat=lat, geometry=geometry, time=time, crs=crs, datum=datum)
    return _answered(batches, loaded, reading, columns)


@checked
def answer_schema(
    schema: Any,
    plan: str | os.PathLike[str] | AssignmentPlan,
    *,
    columns: Sequence[str] | None = None,
    dialect: Literal["arrow", "spark"] = "arrow",
) -> Any:
    """Return the schema of what `assign_batches` gives.

    Parameters
    ----------
    schema : pyarrow.Schema or pyspark.sql.types.StructType
        Of the rows that go in; Spark's where the dialect is.
    plan : str, path or AssignmentPlan
    columns : sequence of str, optional
        As for `assign_batches`.
    dialect : {"arrow", "spark"}, default "arrow"

    Returns
    -------
    pyarrow.Schema or str
        For Spark a text in its language of schemas (DDL), as `mapInArrow` takes it.

    Raises
    ------
    MissingColumnError
        If `columns` names one that the plan does not give.
    FileError
        If the plan is missing or damaged.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import pyarrow as pa
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    >>> plan = AssignmentPlan.prepare(zones)
    >>> answer_schema(pa.schema([("found", pa.string())]), plan).names
    ['found_recorded', 'zone_code', 'found', 'distance_m', 'candidates', 'ambiguous', 'reason']
    """
    loaded = plan if isinstance(plan, AssignmentPlan) else loaded_plan(plan)
    pyarrow = need("pyarrow", extra="cluster", purpose="work on a cluster")
    reading = Reading((), has_points=False, crs=loaded.tasks[0].crs, limit="metres")
    if dialect == "arrow":
        return Answerer(loaded, schema, reading, columns=columns).schema
    added = Answerer(loaded, pyarrow.schema([]), reading, columns=columns).added
    renamed, _ = names_beside([each.name for each in schema.fields], [each.name for each in added], "en")
    own = [(renamed.get(each.name, each.name), each.dataType.simpleString()) for each in schema.fields]
    told = [*own, *((each.name, _SPARK[str(each.type)]) for each in added)]
    return ", ".join(f"`{name.replace('`', '``')}` {kind}" for name, kind in told)


_SPARK = {"string": "string", "double": "double", "int64": "bigint", "int32": "int", "bool": "boolean"}


def reading_of(
    plan: AssignmentPlan,
    *,
    lon: str | None,
    lat: str | None,
    geometry: str | None,
    time: str | None,
    crs: Any,
    datum: str | None = None,
) -> Reading:
    """Put together how rows are read, from what a caller says.

    Raises
    ------
    InputError
        If coordinates are named in no way or in two.
    CRSError
        If their system is not known.
    """
    if (geometry is None) != (lon is not None and lat is not None) or (geometry is not None and lon):
        raise InputError(tr("name the coordinates: lon= and lat=, or geometry= for a column of points"))
    system = parse_crs(crs)
    if system is None:
        raise InputError(tr("name the system of the coordinates with crs=, such as crs=4490"))
    known = None if datum is None else parse_datum(datum)
    if known in MOVED:
        if not system.is_geographic:
            raise InputError(tr("datum= is for longitudes and latitudes; leave it out, or name another crs="))
        system = CRS.from_epsg(4490)
    return Reading(
        (geometry,) if geometry is not None else (str(lon), str(lat)),
        has_points=geometry is not None,
        crs=system,
        limit=limit_of(system, is_bare=geometry is None),
        datum=known,
        time=time if plan.needs_day else None,
        order=TimeOrder(name=time or "times", tz=plan.tz),
    )


def _chosen(given: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    """Return which of the answers are wanted, in the order in which a plan gives them."""
    if columns is None:
        return [*given]
    for name in columns:
        if name not in given:
            raise MissingColumnError(
                tr(
                    "columns: the plan gives no column {name!r}; it gives {columns}",
                    name=name,
                    columns=", ".join(given),
                )
            )
    return [name for name in given if name in columns]


def _answered(
    batches: Iterable[Any], plan: AssignmentPlan, reading: Reading, columns: Sequence[str] | None
) -> Iterator[Any]:
    answerer, schema = None, None
    for batch in _put_together(batches):
        if answerer is None or not batch.schema.equals(schema):
            schema = batch.schema
            check_columns(schema.names, plan, reading)
            answerer = Answerer(plan, schema, reading, columns=columns)
        yield answerer.answered(batch)


def _put_together(batches: Iterable[Any]) -> Iterator[Any]:
    """Put small batches together, and leave large ones as they are."""
    waiting: list[Any] = []
    rows = 0
    for batch in batches:
        if waiting and (rows + batch.num_rows > _MOST_ROWS or batch.schema != waiting[0].schema):
            yield _joined(waiting)
            waiting, rows = [], 0
        if batch.num_rows >= _FEW_ROWS and not waiting:
            yield batch
            continue
        waiting.append(batch)
        rows += batch.num_rows
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[Any]) -> Any:
    if len(batches) == 1 or not any(each.num_rows for each in batches):
        return batches[0]
    pyarrow = need("pyarrow", extra="cluster", purpose="work on a cluster")
    return pyarrow.Table.from_batches(batches).combine_chunks().to_batches()[0]


def check_columns(names: Sequence[str], plan: AssignmentPlan, reading: Reading) -> None:
    """Refuse rows that lack a column of coordinates, or of times where the plan needs days.

    Raises
    ------
    MissingColumnError
        Naming it.
    """
    if plan.needs_day and reading.time is None:
        raise MissingColumnError(
            tr(
                "the zones are valid only for certain periods: name the column of times with time=, or "
                "judge all by one day with at= when the plan is prepared"
            )
        )
    for name in (*reading.places, *([reading.time] if reading.time else [])):
        if name not in names:
            raise MissingColumnError(
                tr(
                    "no column {name!r} among {columns}; name the right one",
                    name=name,
                    columns=", ".join(names),
                )
            )

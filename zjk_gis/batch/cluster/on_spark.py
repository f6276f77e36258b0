"""Rows of a Spark DataFrame with their answers, on the Spark that is there: `mapInArrow` and nothing else."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from zjk_gis.arguments import checked
from zjk_gis.batch.cluster.plan_copies import loaded_plan
from zjk_gis.batch.cluster.stream import answer_schema, assign_batches, check_columns, reading_of
from zjk_gis.errors import InputError
from zjk_gis.io.paths import is_remote
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["assign_on_spark"]


@checked
def assign_on_spark(
    frame: Any,
    plan: str | os.PathLike[str],
    *,
    lon: str | None = None,
    lat: str | None = None,
    geometry: str | None = None,
    time: str | None = None,
    crs: Any,
    datum: str | None = None,
    columns: Sequence[str] | None = None,
) -> Any:
    """Find who answers for each row of a Spark DataFrame; nothing is computed until Spark is asked for rows.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Of a session that the caller has; it may be one of Spark Connect.
    plan : str or path
        The folder of a saved plan, at a path that every executor sees; or its address (``s3://``, ``hdfs://``),
        from which each host fetches it once.
    lon, lat, geometry, time, crs, datum, columns
        As for `assign_batches`.

    Returns
    -------
    pyspark.sql.DataFrame
        A row for each row, with the columns of `assign_batches`. Spark keeps no order.

    Raises
    ------
    InputError, MissingColumnError, CRSError
        If the coordinates are not named, or are not in the frame, or their system is not known; or `columns`
        names one that the plan does not give.
    FileError
        If the plan is missing or damaged.

    Notes
    -----
    Executors need this version of zjk_gis with pyarrow (set ``PYSPARK_PYTHON``), and one core for each task.
    The function is pure, so that tasks that Spark runs twice or speculates on change nothing: what is
    written, and how often, is the work of Spark's own committer.

    Times without a zone (``TIMESTAMP_NTZ``, as Spark reads them from Parquet, and text) stay what they are,
    Beijing's, whatever ``spark.sql.session.timeZone`` says. A ``TIMESTAMP`` is a moment, and is put on the
    clock of the plan: text that was cast to one in a session of another zone has become another moment
    before.

    Spark knows no words as numbers: it copies and encodes every text. With the seven columns of all answers
    most of the time goes into that, so name those that are wanted with ``columns=``.

    Examples
    --------
    .. code-block:: python

        frame = spark.read.parquet("hdfs:///incidents")
        assigned = assign_on_spark(frame, "hdfs:///plan", lon="lon", lat="lat", crs=4490)
        assigned.write.parquet("hdfs:///assigned")
    """
    if not hasattr(frame, "mapInArrow"):
        raise InputError(tr("frame is not a Spark DataFrame of version 3.3 or later"))
    where = os.fspath(plan) if is_remote(plan) else os.path.abspath(plan)  # noqa: PTH100 - of any system
    loaded = loaded_plan(where)
    how = {"lon": lon, "lat": lat, "geometry": geometry, "time": time, "crs": crs, "datum": datum}
    check_columns(frame.columns, loaded, reading_of(loaded, **how))
    schema = answer_schema(frame.schema, loaded, columns=columns, dialect="spark")
    return frame.mapInArrow(partial(_answered, plan=where, how=how | {"columns": columns}), schema)


def _answered(batches: Iterator[Any], *, plan: str, how: dict[str, Any]) -> Iterator[Any]:
    """Answer for the batches of a task, in an executor."""
    return assign_batches(batches, plan, **how)

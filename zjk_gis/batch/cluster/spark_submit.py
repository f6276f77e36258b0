"""A job for ``spark-submit``: a folder of Parquet in, the same rows with their answers out, and counted.

.. code-block:: bash

    script=$(python -m zjk_gis.batch.cluster.spark_submit --where)
    spark-submit --master yarn --conf spark.pyspark.python=/opt/zjk/bin/python "$script" \
        hdfs:///incidents hdfs:///plan hdfs:///assigned --lon lon --lat lat --time occurred_at --crs 4490

The target must not be there. Rows that cannot be used stay among the others; their ``reason`` says why. It
ends with 1 if not as many rows came out as went in.
"""

from __future__ import annotations

import argparse
import json
import sys

from zjk_gis.batch.cluster.on_spark import assign_on_spark
from zjk_gis.errors import ZjkGisError
from zjk_gis.words import tr

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the job in the session that ``spark-submit`` gives.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the command line.

    Returns
    -------
    int
        1 if rows are missing or the job is refused.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--where", action="store_true", help="print where this script lies, and end")
    if "--where" in (sys.argv[1:] if arguments is None else arguments):
        print(__file__)
        return 0
    for name in ("source", "plan", "target"):
        parser.add_argument(name)
    for name in ("lon", "lat", "geometry", "time", "datum"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--crs", required=True)
    parser.add_argument("--columns", help="which answers, with commas between; by default all")
    parser.add_argument("--where-rows", help="which rows, as SQL: month = '2026-05'")
    parser.add_argument("--partition-by", default="", help="columns that become folders, with commas between")
    asked = parser.parse_args(arguments)
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    frame = session.read.parquet(asked.source)
    if asked.where_rows:
        frame = frame.where(asked.where_rows)
    how = {name: getattr(asked, name) for name in ("lon", "lat", "geometry", "time", "datum", "crs")}
    how["columns"] = _listed(asked.columns) or None
    try:
        writer = assign_on_spark(frame, asked.plan, **how).write
    except ZjkGisError as error:
        print(error, file=sys.stderr)
        return 1
    folders = _listed(asked.partition_by)
    (writer.partitionBy(*folders) if folders else writer).parquet(asked.target)
    made = session.read.parquet(asked.target)
    by = [name for name in ("found", "reason") if how["columns"] is None or name in how["columns"]]
    counts = {
        ":".join(str(row[name]) for name in by): row["count"] for row in made.groupBy(*by).count().collect()
    }
    told = {
        "rows_in": frame.count(),
        "rows_out": sum(counts.values()),
        "counts": dict(sorted(counts.items())),
    }
    print(json.dumps(told, ensure_ascii=False))
    if told["rows_in"] != told["rows_out"]:
        print(tr("rows are missing: the source changed, or the target is not whole"), file=sys.stderr)
        return 1
    return 0


def _listed(names: str | None) -> list[str]:
    return [name for name in (names or "").split(",") if name]


if __name__ == "__main__":
    sys.exit(main())

"""The batch job: rows of any number in, read, answered and written in batches, resumed where it stopped."""

from zjk_gis.batch.cluster.capacity import ClusterPlan, plan_cluster
from zjk_gis.batch.cluster.on_dask import assign_on_dask
from zjk_gis.batch.cluster.on_spark import assign_on_spark
from zjk_gis.batch.cluster.stream import answer_schema, assign_batches
from zjk_gis.batch.job import assign_batch
from zjk_gis.batch.outcome import JobSummary

__all__ = [
    "ClusterPlan",
    "JobSummary",
    "answer_schema",
    "assign_batch",
    "assign_batches",
    "assign_on_dask",
    "assign_on_spark",
    "plan_cluster",
]

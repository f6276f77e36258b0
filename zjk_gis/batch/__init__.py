"""The batch job: rows of any number in, read, answered and written in batches, resumed where it stopped."""

from zjk_gis.batch.job import assign_batch
from zjk_gis.batch.outcome import JobSummary

__all__ = ["JobSummary", "assign_batch"]

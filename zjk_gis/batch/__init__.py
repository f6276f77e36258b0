"""The batch job: rows of any number in, read, answered and written in batches, resumed where it stopped."""

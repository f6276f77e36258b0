"""The same job on engines that exist: dask and Spark run one kernel, on folders of Parquet anywhere."""

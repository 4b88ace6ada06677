"""PySpark 4 names for the core modules: `pyspark.core.rdd` and its neighbours."""

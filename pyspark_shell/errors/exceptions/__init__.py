"""Public name of the package of exceptions, as `pyspark.errors.exceptions`."""

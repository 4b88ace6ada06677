"""The version of this package, and that of Spark whose API it speaks."""

__version__ = "0.1.0"

# What programs read, as `sc.version`: three numbers, as with Spark itself.
API_VERSION = "4.3.0"
# What `pyspark.__version__` is where the name is ours: other packages can parse and compare it, and
# people see whose it is.
ALIAS_VERSION = f"{API_VERSION}+pyshell.{__version__}"
# What people, listings and event logs are told of the Spark that runs.
SPARK_VERSION = f"{API_VERSION}-pyshell-{__version__}"

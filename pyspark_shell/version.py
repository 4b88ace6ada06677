"""The version of this package; `sc.version` tells the version of Spark whose API it speaks."""

__version__ = "0.1.0"

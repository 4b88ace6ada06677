"""Bridges from the `Engine` port to one Spark.

Owns    nothing; an engine translates what a panel says into what one Spark understands.
Thread  the caller's, mostly `SparkUI`.
Imports `rest.port`, `driver`, `status`.
"""

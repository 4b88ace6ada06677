"""Reads and writes files as Hadoop's local formats do: Spark reads ours, we read Spark's."""

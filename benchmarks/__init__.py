"""Measures this engine beside PySpark and hand-written processes for `make bench`.

Every engine lives in a process of its own (`engine_process.py`) that runs workloads on command, so
that start-up is measured by itself (`life.py`) and nothing else is. Runs are interleaved: what
counts is the ratio of one run.
"""

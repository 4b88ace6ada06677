"""Counts and draws: what the statistical methods of an RDD compute with.

Owns    nothing; all objects belong to the task or to the user's thread that made them.
Thread  any.
Imports common.
"""

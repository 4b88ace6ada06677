"""The command `pyspark-shell`: scripts, one-liners, the interactive shell.

Owns    the user's namespace, with `sc` in it.
Thread  the user's.
Imports every room.
"""

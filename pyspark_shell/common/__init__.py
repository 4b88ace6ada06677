"""Nouns that every room needs and that hold nothing mutable.

Owns    errors, configuration keys, `SparkConf`, storage levels, hashing, pickling, wire frames,
        call sites, the clock.
Thread  any.
Imports nothing of the project: this is the ground floor. A module belongs here only if rooms on two
        different floors need it and it has no state that changes while an application runs.
"""

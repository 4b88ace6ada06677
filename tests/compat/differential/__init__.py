"""Programs against the RDD API that must give the same on PySpark and here.

A program is a function of `sc`, or of `sc` and a scratch `folder`, marked with `@program`. What it
returns is written down as text by `registry.as_text`, so 1, 1.0 and True differ, and the order of a
list counts.
"""

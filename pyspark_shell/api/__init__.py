"""What a user may say: context, datasets, status; PySpark's names and signatures.

Owns    the handles that users hold, ids, and each thread's local properties. All state of a running
        application is the driver's.
Thread  the user's.
Imports every lower room; only `driver/` to start one.
"""

"""Compares with real PySpark: its own examples run here, and programs run on both sides."""

"""A folder for PYTHONPATH that makes PySpark look as if it were not installed."""

# Python reads this module at its start.
_NO_PYSPARK = """
import sys
from importlib.machinery import PathFinder

class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] != "pyspark":
            return PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hidden
"""


def hide_pyspark(folder):
    """Write it to a new folder; gives the folder."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_NO_PYSPARK)
    return folder

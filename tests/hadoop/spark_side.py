"""What real Spark reads and writes for `test_against_spark.py`; runs in a process of its own.

Run as `python spark_side.py <requests> <answers>`, with tests/ on the path; both are pickles: the
requests map a name to (method, arguments), the answers a name to a layout or to ("error", text).
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from compat import light_spark


def answer(context, method, arguments):
    if method == "set":
        return context._jsc.hadoopConfiguration().set(*arguments)
    if method.startswith("save"):
        records, parts, path, *options = arguments
        return getattr(context.parallelize(records, parts), method)(path, *options)
    return getattr(context, method)(*arguments).glom().collect()


def main() -> None:
    from py4j.protocol import Py4JJavaError
    from pyspark import SparkConf, SparkContext

    requests, answers = Path(sys.argv[1]), Path(sys.argv[2])
    conf = SparkConf().setMaster("local[2]").setAll(light_spark.SETTINGS.items())
    found = {}
    with SparkContext(conf=conf) as context:
        context.setLogLevel("OFF")
        for name, (method, arguments) in pickle.loads(requests.read_bytes()).items():
            try:
                found[name] = answer(context, method, arguments)
            except Py4JJavaError as error:
                found[name] = ("error", str(error))
    answers.write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()

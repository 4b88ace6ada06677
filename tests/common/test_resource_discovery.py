import json

import pytest

from pyspark_shell.common.errors import SparkException
from pyspark_shell.common.resource_discovery import (
    driver_resources,
    executor_resources,
    task_amounts,
)
from pyspark_shell.common.spark_conf import SparkConf


def script(folder, text):
    path = folder / "discover"
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o700)
    return str(path)


def conf_with(path):
    return (
        SparkConf(loadDefaults=False)
        .set("spark.driver.resource.gpu.amount", "1")
        .set("spark.driver.resource.gpu.discoveryScript", path)
    )


def test_a_script_tells_the_addresses(tmp_path):
    path = script(tmp_path, json.dumps({"name": "gpu", "addresses": ["0", "1"]}))

    found = driver_resources(conf_with(path))

    assert found["gpu"].name == "gpu"
    assert found["gpu"].addresses == ["0", "1"]


def test_a_file_tells_the_addresses(tmp_path):
    path = tmp_path / "resources.json"
    path.write_text(json.dumps([{"id": {"resourceName": "gpu"}, "addresses": ["7"]}]))
    conf = (
        SparkConf(loadDefaults=False)
        .set("spark.executor.resource.gpu.amount", "1")
        .set("spark.executor.resourcesFile", str(path))
    )

    assert executor_resources(conf)["gpu"].addresses == ["7"]


@pytest.mark.parametrize("text", ["nothing", '{"name": "fpga", "addresses": []}'])
def test_a_script_that_tells_something_else_is_an_error(tmp_path, text):
    with pytest.raises(SparkException, match="does not tell the addresses of gpu"):
        driver_resources(conf_with(script(tmp_path, text)))


def test_too_few_addresses_are_an_error(tmp_path):
    path = script(tmp_path, '{"name": "gpu", "addresses": []}')

    with pytest.raises(SparkException, match="only 0 were found"):
        driver_resources(conf_with(path))


def test_amounts_of_tasks_may_be_parts_of_a_unit():
    conf = SparkConf(loadDefaults=False).set("spark.task.resource.gpu.amount", "0.25")

    assert task_amounts(conf) == {"gpu": 0.25}


def test_a_script_without_a_first_line_is_run_by_the_shell(tmp_path):
    path = tmp_path / "discover"
    path.write_text("""echo '{"name": "gpu", "addresses": ["3"]}'""")
    path.chmod(0o700)

    assert driver_resources(conf_with(str(path)))["gpu"].addresses == ["3"]


def test_executors_take_what_their_workers_found(tmp_path):
    found = tmp_path / "workers"
    found.mkdir()
    path = script(found, json.dumps({"name": "gpu", "addresses": ["5", "6"]}))
    conf = (
        SparkConf(loadDefaults=False)
        .set("spark.executor.resource.gpu.amount", "2")
        .set("spark.worker.resource.gpu.amount", "2")
        .set("spark.worker.resource.gpu.discoveryScript", path)
    )

    assert executor_resources(conf)["gpu"].addresses == ["5", "6"]


def test_executors_own_script_comes_before_their_workers(tmp_path):
    conf = SparkConf(loadDefaults=False).set("spark.executor.resource.gpu.amount", "1")
    for component, address in (("executor", "0"), ("worker", "9")):
        folder = tmp_path / component
        folder.mkdir()
        path = script(folder, json.dumps({"name": "gpu", "addresses": [address]}))
        conf.set(f"spark.{component}.resource.gpu.discoveryScript", path)

    assert executor_resources(conf)["gpu"].addresses == ["0"]

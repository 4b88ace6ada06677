"""Servers of applications that exist in rows alone."""

from __future__ import annotations

import pytest

from pyspark_shell import SparkConf
from pyspark_shell.common.record import replace
from pyspark_shell.rest.server import UIServer
from pyspark_shell.rest.server_site import UISettings
from tests.rest.browser import Browser
from tests.rest.fake_engine import FakeEngine

OWNER = "ada"


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def serve(engine, tmp_path):
    """Yield a function that serves the fake application with settings, on a free port."""
    servers = []

    def start(groups_of=None, socket=True, **settings):
        conf = SparkConf(loadDefaults=False).set("spark.ui.port", 0)
        for name, value in settings.items():
            conf.set(name.replace("__", "."), value)
        read = UISettings.read(conf, OWNER)
        if groups_of is not None:
            access = replace(read.access, groups_of=groups_of)
            read = replace(read, access=access)
        path = tmp_path / "s.sock" if socket else None
        servers.append(UIServer(engine, read, path))
        servers[-1].start()
        return Browser(servers[-1])

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def browser(serve):
    return serve()

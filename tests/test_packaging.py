"""What is packed is complete: kernel, server extension and panel, on a machine without Node.js."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


def run(command, **options):
    done = subprocess.run(
        list(map(str, command)),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build a source archive from the tree, and a wheel from what the archive holds, as pip does;
    without a panel that fails.
    """
    folder = tmp_path_factory.mktemp("dist")
    environment = {"PYSPARK_SHELL_PANEL": "required", "PATH": sysconfig.get_path("scripts")}
    build = [sys.executable, "-m", "hatchling", "build", "-d", folder, "-t"]
    run([*build, "sdist"], cwd=ROOT, env=environment)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / sdist.name.removesuffix(".tar.gz")
    # The system's Node.js is out of sight: what the archive carries has to do.
    run([*build, "wheel"], cwd=unpacked, env={**environment, "PATH": ""})
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def test_both_archives_carry_the_panel(built):
    sdist, wheel = built
    with tarfile.open(sdist) as archive:
        sources = [name.partition("/")[2] for name in archive.getnames()]
    packed = zipfile.ZipFile(wheel).namelist()
    data = [name.partition(".data/data/")[2] for name in packed]

    assert "pyspark_shell/labextension/static/style.js" in sources
    assert "labextension/src/index.ts" in sources
    assert not [name for name in sources if "node_modules" in name]
    extension = "share/jupyter/labextensions/pyspark-shell"
    assert {
        f"{extension}/package.json",
        f"{extension}/install.json",
        f"{extension}/static/style.js",
        f"{extension}/schemas/pyspark-shell/plugin.json",
        "share/jupyter/kernels/pyspark_shell/kernel.json",
        "etc/jupyter/jupyter_server_config.d/pyspark_shell.json",
    } <= set(data)
    assert [name for name in data if "static/remoteEntry." in name]


def test_an_installed_wheel_is_found_by_jupyter(built, tmp_path):
    _, wheel = built
    place = tmp_path / "venv"
    venv.create(place)
    python = place / "bin" / "python"
    run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel])
    # What it depends on is borrowed from the tests' own environment.
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    home = {"HOME": str(tmp_path), "PATH": str(place / "bin"), "JUPYTER_NO_CONFIG": ""}

    def jupyter(module, *arguments):
        return run([python, "-m", module, *arguments], cwd=tmp_path, env=home)

    panel = jupyter("jupyterlab.labextensions", "list")
    server = jupyter("jupyter_server.extension.serverextension", "list")
    kernels = json.loads(jupyter("jupyter_client.kernelspecapp", "list", "--json"))

    (line,) = [line for line in panel.splitlines() if "pyspark-shell" in line]
    assert "enabled" in line
    assert "OK" in line
    assert str(place) in panel
    assert "pyspark_shell enabled" in server.replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert str(place) in kernels["kernelspecs"]["pyspark_shell"]["resource_dir"]

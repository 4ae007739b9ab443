"""Set-up shared by the two commands of the README: system packages, a virtual environment, the install.

Standard library only, since it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)
_PAUSES_S = (10, 60)
"""Between attempts to install: a package index can be out of reach for a moment, and what pip has fetched is kept."""

# What Qt, VTK and a virtual display need on Debian and its children; other systems bring it along.
_LIBRARIES = ("libgl1", "libegl1", "libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0",
              "libxcb-keysyms1", "libxcb-randr0", "libxcb-render-util0", "libxcb-shape0", "libxcb-xinerama0",
              "libdbus-1-3", "libfontconfig1", "libgl1-mesa-dri", "fonts-dejavu-core")  # fmt: skip
_VIRTUAL_DISPLAY = ("xvfb", "xauth")


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def prepare(extra: str) -> Path:
    """Make the environment ready with the named extra (``""`` for none); returns its Python.

    Raises
    ------
    SetupError
        With one sentence for the person at the terminal.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(f"Groundglass needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    _install_system_packages()
    python = _create_environment()
    _install(python, extra)
    return python


def has_display() -> bool:
    """Whether a window can be shown here."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def on_a_display(command: list[str]) -> list[str]:
    """The command as it is, or under a virtual display where there is none."""
    if has_display():
        return command
    if shutil.which("xvfb-run") is None:
        raise SetupError("There is no display and no xvfb-run; install the package xvfb and try again.")
    return ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", *command]


def _install_system_packages() -> None:
    if not sys.platform.startswith("linux") or shutil.which("dpkg-query") is None:
        return
    wanted = [*_LIBRARIES, *(() if has_display() else _VIRTUAL_DISPLAY)]
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        wanted.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    missing = [name for name in wanted if not _is_installed(name)]
    if not missing:
        return
    line = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
            raise SetupError(
                f"Some system packages are missing. Type this once, then try again:\n  sudo {' '.join(line)}"
            )
        line = ["sudo", "-n", *line]
    print(f"Installing {len(missing)} system packages: {', '.join(missing)}", flush=True)
    update = [*line[: line.index("install")], "update", "-qq"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(update, env=environment, stdout=subprocess.DEVNULL)
    if subprocess.run(line, env=environment, stdout=subprocess.DEVNULL).returncode:
        raise SetupError(f"The system packages could not be installed. Type this, then try again:\n  {' '.join(line)}")


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "-W", "-f=${Status}", package]
    answer = subprocess.run(query, capture_output=True, text=True)
    return "install ok installed" in answer.stdout


def _create_environment() -> Path:
    folder = "Scripts" if os.name == "nt" else "bin"
    python = ENVIRONMENT / folder / ("python.exe" if os.name == "nt" else "python")
    if not python.exists():
        print(f"Creating the virtual environment {ENVIRONMENT.name}", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]).returncode:
            raise SetupError("The virtual environment could not be created; see the lines above.")
    return python


def _install(python: Path, extra: str) -> None:
    """Install the checkout in place, unless what it needs is unchanged since the last time."""
    needs = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / f"installed-{extra or 'viewer'}"
    if stamp.exists() and stamp.read_text("ascii") == needs:
        return
    print("Installing Groundglass and what it needs (a few minutes the first time)", flush=True)
    target = f".[{extra}]" if extra else "."
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "10",
               "--editable", target]  # fmt: skip
    for pause in (*_PAUSES_S, None):
        if subprocess.run(command, cwd=ROOT).returncode == 0:
            break
        if pause is None:
            raise SetupError("The installation failed; see pip's lines above (is the package index reachable?).")
        print(f"The installation failed; trying again in {pause} s", flush=True)
        time.sleep(pause)
    stamp.write_text(needs, "ascii")

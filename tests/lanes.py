"""Two lanes: the lessons, and beside them all other tests, each on an engine and a home of its own.

Most of the engine's tests wait: for limits, for servers that say nothing. Lessons compute. Side by
side they take two thirds of the time. Only a run of everything has lanes; a part, a file or a test
that is named runs in one process, as ever.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from buildlab.host.settings import Settings
from tests import parts

LESSONS = {"lessons", "experiments", "claims"}
"""Parts of the lane that measures, in the home that `./lab setup` has made."""
WORKERS = {"gw0": "others", "gw1": "lessons"}
COPIED = ("images", "modules")
_LAB = re.compile(r"(?:\[|labs/)(\d\d)_")
"""A lab's number, in the name of a test of its answers or in the path of its notebook."""
READY = pytest.StashKey["Ready"]()


@dataclass(frozen=True, slots=True)
class Ready:
    """What the process that was started by hand has made for both lanes."""

    home: Path
    setup: subprocess.Popen[bytes]
    """What gives that home its engine, beside the first tests."""
    lacking: Mapping[str, str]
    """By marker, what the tests with it need and is not there; "" where nothing is."""


class Lanes(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's scheduler with two scopes, each for the worker that was made for it."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        wanted = WORKERS.get(node.gateway.id)
        if wanted in self.workqueue:
            self.workqueue.move_to_end(wanted, last=False)
        super()._assign_work_unit(node)


def lane(nodeid: str) -> str:
    """Which of the two a test belongs to; every other lab is beside the lessons."""
    name = parts.part(parts.ROOT / nodeid.split("::", maxsplit=1)[0])
    if name == "labs" and (found := _LAB.search(nodeid)):
        return "lessons" if int(found[1]) % 2 else "others"
    return "lessons" if name in LESSONS else "others"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Make ready what both lanes need, then have two of them."""
    if not _of_all(config):
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        lacking = {marker: ready() for marker, ready in parts.NEEDED.items()}
        if parts.in_ci() and any(lacking.values()):
            pytest.exit("; ".join(filter(None, lacking.values())), returncode=3)
    config.stash[READY] = Ready(home := _second_home(), _buildlab(("setup",), home), lacking)
    config.option.numprocesses = len(WORKERS)
    config.option.dist = "loadscope"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes | None:
    return Lanes(config, log) if READY in config.stash else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a lane's process what was made for it."""
    if READY in node.config.stash:
        ready = node.config.stash[READY]
        node.workerinput["lacking"] = dict(ready.lacking)
        if WORKERS.get(node.gateway.id) == "others":
            node.workerinput["home"] = str(ready.home)


def pytest_configure(config: pytest.Config) -> None:
    """The second lane has its own home; the engine's programs are the same."""
    if home := getattr(config, "workerinput", {}).get("home"):
        os.environ["BUILDLAB_PACKAGES"] = str(Settings.from_env().paths.packages)
        os.environ["BUILDLAB_HOME"] = home


def pytest_unconfigure(config: pytest.Config) -> None:
    """Nothing stays of the second home."""
    if READY in config.stash:
        ready = config.stash[READY]
        if ready.setup.poll() is None:  # a run that was short, or was interrupted
            ready.setup.send_signal(signal.SIGINT)
        ready.setup.wait(timeout=parts.SETUP_LIMIT_S)
        _buildlab(("clean", "--yes"), ready.home).wait(timeout=parts.SETUP_LIMIT_S)
        shutil.rmtree(ready.home.parent, ignore_errors=True)


def _of_all(config: pytest.Config) -> bool:
    """Whether this is a run of everything, on more than one core."""
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    option = config.option
    asked = option.numprocesses is not None or option.collectonly or option.usepdb
    inside = hasattr(config, "workerinput")
    return not (inside or named or asked or option.keyword or (os.cpu_count() or 1) < 2)


def _second_home() -> Path:
    """A home with what the first one has assembled and downloaded, and no engine yet."""
    home = Path(tempfile.mkdtemp(prefix="buildlab-lane-")) / "home"
    home.mkdir(mode=0o700)
    first = Settings.from_env().home
    for name in COPIED:
        if (first / name).is_dir():
            shutil.copytree(first / name, home / name, copy_function=_link, symlinks=True)
    return home


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _buildlab(words: Sequence[str], home: Path) -> subprocess.Popen[bytes]:
    env = {
        **os.environ,
        "BUILDLAB_HOME": str(home),
        "BUILDLAB_PACKAGES": str(Settings.from_env().paths.packages),
    }
    nothing = subprocess.DEVNULL
    command = [sys.executable, "-m", "buildlab", *words]
    return subprocess.Popen(
        command, cwd=parts.ROOT, env=env, stdin=nothing, stdout=nothing, stderr=nothing
    )

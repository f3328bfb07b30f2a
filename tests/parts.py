"""The parts of a test run: their order, what they need, how long each took.

A part is a folder of tests/, or `lessons` for the notebooks themselves. What the collected tests
need is made ready before the first of them runs, with progress on the terminal. Without it a run
in CI stops; on a laptop the tests that need it are skipped, and the reason says what to type.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium

ROOT = Path(__file__).parents[1]
_UNSEEN: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
ORDER = (
    *("unit", "repo", "docs", "notebooks", "engine"),
    # Without a network from here on (tests/offline.py). Lessons measure; what they found is what
    # the tests of their experiments, the handouts and the claims look at.
    *("lessons", "experiments", "handout", "claims", "labs", "browser"),
)
NEED_ENGINE = {"engine", "handout", "lessons", "experiments", "claims", "labs", "browser"}
SETUP_LIMIT_S = 1200

# Takes minutes of both cores, which most of the engine's tests leave idle: made beside those, and
# the tests that it is for come last among them.
BESIDE = "engine"
BEGUN = {"buildkit_image": [sys.executable, "-m", "tests.engine.buildkit_image"]}

_begun: list[subprocess.Popen[bytes]] = []
_seconds: defaultdict[str, float] = defaultdict(float)
_tests: Counter[str] = Counter()


def part(path: Path) -> str:
    """Which part a test file belongs to; the name of its folder."""
    inside = path.relative_to(ROOT).parts if path.is_relative_to(ROOT) else path.parts
    if inside[0] == "notebooks":
        return "lessons"
    return inside[1] if inside[0] == "tests" and len(inside) > 2 else inside[0]


def in_ci() -> bool:
    """Whether nothing may be skipped."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def pytest_configure(config: pytest.Config) -> None:
    """Set what kernels and child processes inherit: a user's own habits must not decide."""
    config.addinivalue_line("markers", "chromium: needs a Chromium or Chrome")
    config.addinivalue_line("markers", "buildkit_image: needs the tests' own BuildKit image")
    # A shell that starts this in the background has it ignore Ctrl-C, and so all its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("BUILDLAB_REPLAY", None)
    os.environ.pop("BUILDLAB_RECORD", None)
    os.environ.pop("BUILDLAB_PROGRAM", None)  # what ./lab says that was typed
    os.environ.setdefault("BUILDLAB_EVIDENCE", tempfile.mkdtemp(prefix="buildlab-evidence-"))
    os.environ.setdefault("BUILDLAB_WORK", tempfile.mkdtemp(prefix="buildlab-work-"))
    os.environ["IPYTHONDIR"] = tempfile.mkdtemp(prefix="buildlab-ipython-")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick parts first; within a part the order stays, but for what has to be made first."""
    for item in items:
        name = part(item.path)
        if name in NEED_ENGINE:
            item.add_marker(pytest.mark.engine)
        if name == "browser":
            item.add_marker(pytest.mark.chromium)
    order = {name: index for index, name in enumerate(ORDER)}

    def place(item: pytest.Item) -> tuple[int, bool]:
        later = any(item.get_closest_marker(marker) for marker in BEGUN)
        return order.get(part(item.path), order["docs"]), later

    items.sort(key=place)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Make ready what the collected tests need."""
    if session.config.option.collectonly or session.testsfailed:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for marker, ready in NEEDED.items():
            _provide(session, marker, ready)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin what later tests need, once the part has come beside which it is made."""
    if _begun or part(item.path) != BESIDE:
        return
    for marker, command in BEGUN.items():
        if any(other.get_closest_marker(marker) for other in item.session.items):
            _begun.append(subprocess.Popen(command, cwd=ROOT, **_UNSEEN))


def pytest_sessionfinish() -> None:
    """What was begun beside the tests and is not ready ends with the run."""
    for process in _begun:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # it then ends the build that it waits for
            process.wait()


def _provide(session: pytest.Session, marker: str, ready: Callable[[], str]) -> None:
    needing = [item for item in session.items if item.get_closest_marker(marker)]
    if not needing:
        return
    known = getattr(session.config, "workerinput", {}).get("lacking")  # see tests/lanes.py
    if not (lacking := known[marker] if known else ready()):
        return
    if in_ci():
        pytest.exit(lacking, returncode=3)
    print(f"→ {len(needing)} tests are skipped: {lacking}", flush=True)
    for item in needing:
        item.add_marker(pytest.mark.skip(reason=lacking))


def _ready_engine() -> str:
    print("\n→ What the tests need: an engine and base images", flush=True)
    command = [sys.executable, "-m", "buildlab", "setup"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=SETUP_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"`./lab setup` did not end within {SETUP_LIMIT_S} s; type ./lab doctor"
    return "" if done.returncode == 0 else "no engine with base images; type ./lab doctor"


def _ready_chromium() -> str:
    return chromium.ready(lambda line: print(line, flush=True))


NEEDED = {"engine": _ready_engine, "chromium": _ready_chromium}
"""Marker → makes ready what tests with it need; says what is lacking, "" where nothing is."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the time of each part, set-up and clean-up included."""
    name = part(ROOT / report.nodeid.split("::", maxsplit=1)[0])
    _seconds[name] += report.duration
    _tests[name] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show where the time went."""
    if not _seconds:
        return
    terminalreporter.section("time per part")
    for name, seconds in sorted(_seconds.items(), key=lambda pair: -pair[1]):
        terminalreporter.line(f"{name:12} {_tests[name]:5} tests {seconds:8.1f} s")


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], float, str], None]:
    """Poll a condition; after the limit (seconds) fail with what was waited for."""

    def wait(condition: Callable[[], bool], limit_s: float, what: str) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {limit_s:g} s: {what}")
            time.sleep(0.05)

    return wait

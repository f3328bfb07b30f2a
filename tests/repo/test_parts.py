"""A test run: its order, what it leaves behind, and a machine where no engine can be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import lanes, parts

ROOT = Path(__file__).parents[2]


def run(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a part that needs an engine where only a Docker may be used that does not answer."""
    nowhere = {"DOCKER_HOST": f"unix://{home}/none.sock", "BUILDLAB_ENGINE": "docker"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/browser/test_start_here.py"],
        cwd=ROOT,
        env={**os.environ, **nowhere, "BUILDLAB_HOME": str(home), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_on_a_laptop_a_missing_engine_skips(tmp_path: Path) -> None:
    """Tests that need an engine are skipped, and the reason says what to type."""
    done = run(tmp_path, CI="")
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout
    assert "./lab doctor" in done.stdout


def test_in_ci_a_missing_engine_fails(tmp_path: Path) -> None:
    """In CI nothing is skipped for want of an engine: the run fails, and says why."""
    done = run(tmp_path, CI="true")
    assert done.returncode == 3, done.stdout
    assert "no engine" in done.stdout + done.stderr


def test_what_takes_minutes_to_make_is_needed_last() -> None:
    """The engine's tests that need BuildKit's image come after all others of their part."""
    late, early = "tests/engine/test_existing_docker.py", "tests/engine/test_trimming.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", late, early],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    files = [line.partition(":")[0] for line in done.stdout.splitlines() if "::" in line]
    assert (files[0], files[-1]) == (early, late), done.stdout


def test_what_was_begun_beside_the_tests_ends_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is over before its image was made doesn't leave the build running."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        monkeypatch.setattr(parts, "_begun", [process])
        parts.pytest_sessionfinish()
        assert process.poll() is not None


@pytest.mark.parametrize(
    ("test", "lane"),
    [
        ("notebooks/01_layer_cache.ipynb::Cell 3", "lessons"),
        ("tests/experiments/test_checks.py::test_x", "lessons"),
        ("tests/claims/test_ledger.py::test_x[a::b]", "lessons"),
        ("tests/engine/test_doctor.py::test_x", "others"),
        ("tests/unit/test_store.py::test_x", "others"),
        ("tests/handout/test_handout.py::test_x", "others"),
        ("tests/browser/test_start_here.py::test_x", "others"),
        ("tests/labs/test_answers.py::test_x[01_late_arguments-start]", "lessons"),
        ("labs/01_late_arguments/lab.ipynb::Cell 1", "lessons"),
        ("tests/labs/test_answers.py::test_x[02_lean_context-wrong-deny_list]", "others"),
        ("labs/02_lean_context/lab.ipynb::Cell 1", "others"),
        ("tests/labs/test_commands.py::test_x[words1-2-late_arguments]", "others"),
    ],
)
def test_what_measures_and_who_uses_it_share_a_lane(test: str, lane: str) -> None:
    """Experiments and claims ask for what lessons found: they come after them, in one process."""
    assert lanes.lane(test) == lane


def test_what_is_named_runs_in_one_process() -> None:
    """Two lanes are for a run of everything: a file that is named needs no second engine."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/unit/test_store.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "workers" not in done.stdout

"""A test run on a machine where no engine can be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a part that needs an engine where only a Docker may be used that does not answer."""
    nowhere = {"DOCKER_HOST": f"unix://{home}/none.sock", "BUILDLAB_ENGINE": "docker"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/browser"],
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

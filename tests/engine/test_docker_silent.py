"""A user's Docker that falls silent after it was chosen: named with a remedy, by every command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from buildlab import engine as engines
from buildlab.engine import clean, reviving, status
from buildlab.engine.docker import existing
from buildlab.engine.docker.owned import Made
from buildlab.errors import EngineError
from buildlab.host.settings import Settings
from tests.engine.test_pulled_notes import docker_address

__all__ = ["docker_address"]


@pytest.mark.parametrize("command", ["stop", "reset", "start"])
def test_each_command_names_it(docker_address: str, command: str) -> None:
    """It answers who asks what it is, and nothing else: that is said, with what to type."""
    done = subprocess.run(
        [sys.executable, "-m", "buildlab", "engine", command],
        env={**os.environ, "DOCKER_HOST": docker_address},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == EngineError.exit_code, done.stderr
    assert docker_address in done.stderr
    assert "buildlab doctor" in done.stderr


def test_clean_goes_on_with_the_rest(docker_address: str) -> None:
    """What is in it stays listed and noted; all else of the kit's goes."""
    settings = Settings.from_env()
    settings.paths.make(settings.paths.records)
    made = existing.Place.of(settings, docker_address).made
    settings.paths.make(made.parent)
    Made(docker_address, "buildlab-x", "x", "image").write(made)
    done = clean.clean(settings)
    assert not done.ok
    (kept,) = (r for r in done.removals if r.failed)
    assert (kept.name, kept.where) == ("buildlab-x", docker_address)
    assert made.is_file()
    assert not settings.paths.records.exists()


def test_status_tells_of_a_builder_that_hangs(
    docker_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A builder that runs and does not say what it holds is trouble, with a command of ours: the
    user's own buildx knows no builder of that name."""
    monkeypatch.setattr(existing, "runs", lambda *_: True)
    found = status.status(Settings.from_env())
    assert found.running
    assert "buildlab engine stop && buildlab engine start" in found.trouble
    answer = engines.choice().answer
    assert answer is not None
    cure = reviving.by_hand(existing.describe(Settings.from_env(), answer))
    assert cure in found.trouble

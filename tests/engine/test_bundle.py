"""A bundle made here sets up a machine that has no network at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildlab import bundle
from buildlab.engine import Engine, embedded
from buildlab.engine.settings import Settings
from buildlab.errors import UsageError

ROOT = Path(__file__).parents[2]
NO_NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")


@pytest.fixture(scope="module")
def made(lab_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of this machine's set-up."""
    if lab_engine.kind != "embedded":
        pytest.skip("only a machine with the kit's own engine makes a bundle")
    file = tmp_path_factory.mktemp("bundle") / "bundle.tar"
    bundle.write(file)
    return file


@pytest.fixture
def elsewhere(tmp_path: Path, engine_packages: Path) -> Iterator[dict[str, str]]:
    """The environment of a machine on which nothing of the kit's was ever set up."""
    home = tmp_path / "home"
    env = {k: v for k, v in os.environ.items() if not k.startswith("BUILDLAB_")}
    # A stand-in for iproute2, which a small machine may lack.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ip").write_text(f'#!/bin/sh\nexec "{engine_packages}/bin/busybox" ip "$@"\n')
    (tools / "ip").chmod(0o755)
    yield {**env, "BUILDLAB_HOME": str(home), "PATH": f"{tools}:{env['PATH']}"}
    embedded.reset(Settings(home=home))


def run(env: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a network; its output is in the failure."""
    return subprocess.run(
        [*NO_NETWORK, *argv],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_set_up_without_a_network(made: Path, elsewhere: dict[str, str]) -> None:
    """Engine, images and modules come from the bundle; a cold build downloads its modules."""
    done = run(elsewhere, sys.executable, "-m", "buildlab", "setup", "--from-bundle", str(made))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Go modules: here" in done.stdout
    argv = ("build", "sample_go_app", "--file", "sample_go_app/Dockerfile", "--target", "modules")
    built = run(elsewhere, sys.executable, "-m", "buildlab", *argv)
    assert built.returncode == 0, built.stdout + built.stderr


def test_python_packages_are_complete(
    made: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    """pip finds every package of the lock file among the bundle's wheels, by its hash."""
    with tarfile.open(made) as tar:
        wheels = [m for m in tar if m.name.startswith("wheels/")]
        tar.extractall(tmp_path, wheels, filter="data")
    argv = (
        *("-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--no-index"),
        *("--require-hashes", "--find-links", str(tmp_path / "wheels"), "--quiet"),
        *("--requirement", bundle.LOCK),
    )
    done = run(elsewhere, sys.executable, *argv)
    assert done.returncode == 0, done.stderr


def test_a_bundle_that_can_not_be_written_leaves_nothing(made: Path, tmp_path: Path) -> None:
    """A folder that is a file is named; no part of a bundle stays behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't write"):
        bundle.write(tmp_path / "file" / "bundle.tar")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]

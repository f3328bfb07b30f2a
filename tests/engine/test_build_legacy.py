"""The legacy builder on a real engine: what it tells, and that it leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from buildlab.builds.client.legacy import legacy_build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import Engine
from buildlab.errors import TimedOut


@pytest.fixture
def tree(lab_engine: Engine, tmp_path: Path) -> Iterator[Workspace]:
    if lab_engine.socket is None:
        pytest.skip("BuildKit alone has no legacy builder")
    (tmp_path / "Dockerfile").write_text(
        "FROM debian:trixie-slim AS one\nRUN true\nFROM one\nRUN true\n"
    )
    with workspace(tmp_path) as copy:
        yield copy


def left(engine: Engine) -> tuple[set[str], set[str]]:
    """Ids of all images and containers that the engine has."""
    with closing(engine.client()) as client:
        images = {i.id for i in client.images.list(all=True)}
        return images, {c.id for c in client.containers.list(all=True)}


def test_it_leaves_no_image_and_no_container(lab_engine: Engine, tree: Workspace) -> None:
    """What each step leaves in the engine is removed again, after a failed build too."""
    before = left(lab_engine)
    assert legacy_build(tree).stages == ("one", "stage-1")
    tree.write("Dockerfile", "FROM debian:trixie-slim\nRUN touch /a\nRUN false\n")
    failed = legacy_build(tree)
    assert not failed.ok
    assert "non-zero code" in failed.message
    assert left(lab_engine) == before


def test_it_keeps_an_image_that_was_there_before(lab_engine: Engine, tree: Workspace) -> None:
    """A step that is taken from an older build is not removed with the new one."""
    tree.write("Dockerfile", f"FROM debian:trixie-slim\nRUN : {secrets.token_hex(8)}\n")
    older = (*lab_engine.cli, "build", "--quiet", "--force-rm", str(tree.path))
    env = {**lab_engine.child_env(), "DOCKER_BUILDKIT": "0"}
    made = subprocess.run(older, env=env, check=True, capture_output=True, text=True).stdout.strip()
    before = left(lab_engine)
    assert legacy_build(tree).steps[-1].cached
    assert left(lab_engine) == before
    with closing(lab_engine.client()) as client:
        client.images.remove(made, force=True)


def test_it_ends_at_its_limit_naming_the_step(lab_engine: Engine, tree: Workspace) -> None:
    """A build that hangs is stopped in the engine too, and the error names the step."""
    before = left(lab_engine)
    tree.write("Dockerfile", "FROM debian:trixie-slim\nRUN sleep 600\n")
    with pytest.raises(TimedOut, match="sleep 600"):
        legacy_build(tree, timeout_s=3)
    assert left(lab_engine) == before


def test_an_interrupt_stops_it(lab_engine: Engine, tree: Workspace) -> None:
    """Ctrl-C ends the build, in the engine too."""
    before = left(lab_engine)
    tree.write("Dockerfile", "FROM debian:trixie-slim\nRUN sleep 600\n")
    timer = threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        legacy_build(tree)
    timer.join()
    assert left(lab_engine) == before

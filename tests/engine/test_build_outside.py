"""A container beside the builds: files in and out, commands timed, nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from buildlab.builds.client.outside import Outside, outside, printed
from buildlab.engine import Engine
from buildlab.errors import EngineError

IMAGE = "debian:trixie-slim"


@pytest.fixture
def machine(lab_engine: Engine) -> Iterator[Outside]:
    if lab_engine.kind != "embedded":
        pytest.skip("the base image is in the embedded engine's store only")
    with outside(lab_engine, IMAGE) as running:
        yield running


def test_a_command_is_timed_by_the_containers_clock(machine: Outside) -> None:
    """The seconds are the command's own, and output and exit code are told."""
    done = machine.run("sleep 0.3; echo ready; exit 3")
    assert done.exit_code == 3
    assert done.output == "ready"
    assert done.wall_s >= 0.3
    with pytest.raises(EngineError, match="ready"):
        done.require_ok()


def test_files_go_in_and_come_out(machine: Outside) -> None:
    """What is written is read by commands, and what they write comes out."""
    machine.write("/tmp/in", "some text\n")
    machine.run("tr a-z A-Z < /tmp/in > /tmp/out").require_ok()
    assert machine.read("/tmp/out") == b"SOME TEXT\n"


def test_nothing_is_left(lab_engine: Engine) -> None:
    """The container is gone after the block, also where the block fails."""
    if lab_engine.kind != "embedded":
        pytest.skip("the base image is in the embedded engine's store only")
    with (
        pytest.raises(RuntimeError),
        outside(lab_engine, IMAGE) as machine,
    ):
        name = machine.container.id
        raise RuntimeError
    with closing(lab_engine.client()) as client:
        assert name not in {c.id for c in client.containers.list(all=True)}


def test_an_image_that_is_not_there_is_named(lab_engine: Engine) -> None:
    """A missing image is an error that names it, for both ways to run one."""
    if lab_engine.socket is None:
        pytest.skip("BuildKit alone runs no containers")
    with pytest.raises(EngineError, match=r"buildlab\.local/nowhere"):
        printed(lab_engine, "buildlab.local/nowhere:1")
    with (
        pytest.raises(EngineError, match=r"buildlab\.local/nowhere"),
        outside(lab_engine, "buildlab.local/nowhere:1"),
    ):
        pass

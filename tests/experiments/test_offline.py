"""After set-up the course needs no network: lessons and these tests run without one."""

from __future__ import annotations

import pytest

from buildlab.bench.bench import salted
from buildlab.bench.sample import sample_app
from buildlab.builds import build
from buildlab.builds.workspace import workspace
from buildlab.engine import Engine
from buildlab.record.steps import State
from tests import offline

DOWNLOAD = "FROM golang:1.27-trixie\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\n"


@pytest.fixture(autouse=True)
def cut_off(lab_engine: Engine) -> None:
    """CI cuts the lessons off (tests/offline.py)."""
    if not offline.cut():
        pytest.skip("the network is cut off in CI only, as root, with the kit's own engine")


def test_nothing_but_loopback_is_there() -> None:
    """The lessons that ran before these tests saw no network but their own machine."""
    assert offline.interfaces() == {"lo"}


def test_modules_download_without_a_network() -> None:
    """A cold download finds every module of the service in the store that set-up filled."""
    with workspace(sample_app()) as tree:
        salted(tree)
        tree.write("download.Dockerfile", DOWNLOAD)
        record = build(tree, "--file=download.Dockerfile", output="cache").require_ok()
    assert record.steps[-1].state is State.RAN


def test_a_module_that_nobody_fetched_is_missing() -> None:
    """The negative control: what is not in the store can't be had."""
    with workspace(sample_app()) as tree:
        salted(tree)
        tree.write("go.mod", "module example.com/x\n\ngo 1.26\n\nrequire rsc.io/quote v1.5.2\n")
        tree.write("go.sum", "")
        tree.write("download.Dockerfile", DOWNLOAD)
        record = build(tree, "--file=download.Dockerfile", output="cache", timeout_s=120)
    assert not record.ok
    assert record.steps[-1].state is State.FAILED

"""A registry that a second engine reaches under the same address, and what that engine moved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.engine import Engine, engine
from buildlab.record.steps import State
from buildlab.services.registry import reached_by, registry

pytestmark = pytest.mark.engine
LAYER_BYTES = 300_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A build of two steps, the second on what the first wrote: nothing compresses that."""
    (tmp_path / "Dockerfile").write_text(
        "FROM debian:trixie-slim\n"
        f"RUN head -c {LAYER_BYTES} /dev/urandom > /made\n"
        "ARG WHO=first\n"
        "RUN wc -c /made > /seen-by-$WHO\n"
    )
    return tmp_path


def test_second_engine_pulls_what_the_first_pushed(lab_engine: Engine, tree: Path) -> None:
    """A fresh engine imports the cache at the address it was exported to; bytes both ways."""
    with registry(lab_engine) as shop:
        ref = f"type=registry,ref={shop.address}/cache:1"
        flags = ("--no-cache", f"--cache-to={ref},mode=max")
        build(tree, *flags, title="first", output="cache", engine=lab_engine).require_ok()
        with engine(fresh=True) as second, reached_by(shop, second) as traffic:
            record = build(
                tree,
                f"--cache-from={ref}",
                "--build-arg=WHO=second",
                "--push",
                f"--tag={shop.address}/app:1",
                title="second",
                output="none",
                engine=second,
            ).require_ok()
        states = list(record.states().values())
        assert states == [State.CACHED, State.RAN]
        assert traffic.pulled_bytes > LAYER_BYTES
        assert 0 < traffic.pushed_bytes < shop.size_bytes("app:1")
        assert shop.tags("app") == ("1",)


def test_nothing_of_it_stays(lab_engine: Engine) -> None:
    """The second engine's way to the registry ends with its block."""
    with registry(lab_engine) as shop, engine(fresh=True) as second:
        with reached_by(shop, second):
            pass
        with reached_by(shop, second) as again:  # the port is free again
            pass
        assert again.pulled_bytes == 0
        assert re.fullmatch(r"127\.0\.0\.1:\d+", shop.address)

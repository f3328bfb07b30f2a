"""Set-up on the machine's own engine, once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildlab.engine import Engine
from buildlab.host.settings import PROXY_VARIABLES


def received_bytes(engine: Engine) -> int:
    """What the engine's network has received from outside."""
    lines = Path(f"/proc/{engine.netns_pid}/net/dev").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.split()[0] == "tap0:")


def test_a_second_set_up_downloads_nothing(lab_engine: Engine) -> None:
    """It works where every proxy is dead, and the engine receives nothing through its network."""
    if not lab_engine.can.own_network:
        pytest.skip("what an engine of the user's receives is not only ours")
    dead = {name: "http://127.0.0.1:1" for p in PROXY_VARIABLES[:2] for name in (p, p.lower())}
    before = received_bytes(lab_engine)
    done = subprocess.run(
        [sys.executable, "-m", "buildlab", "setup"],
        env={**os.environ, **dead},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ended = [line.split(":")[0] for line in done.stdout.splitlines() if " … " in line]
    assert ended == ["→ Engine", "→ Base images", "→ A first build", "→ Go modules"]
    assert received_bytes(lab_engine) == before

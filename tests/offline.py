"""The lessons' part of a run happens without any network: what set-up fetched must be enough.

The test process moves to a network namespace that has a loopback interface and nothing else, and
with it every kernel, browser and engine that it starts from then on.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

from buildlab import engine as engines
from buildlab.engine.embedded import shared
from buildlab.host.settings import Settings
from tests.parts import in_ci, part

PARTS = {"lessons", "experiments", "handout", "claims", "labs", "browser"}
_CLONE_NEWNET = 0x40000000

_cut: list[bool] = []


def cut() -> bool:
    """Whether this process has been cut off."""
    return any(_cut)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Cut the network off before the first test of these parts."""
    if not _cut and part(item.path) in PARTS:
        _cut.append(possible() and _unshare())


def pytest_unconfigure() -> None:
    """An engine that was started without a way out must not outlive the run."""
    if cut():
        shared.stop()


def possible() -> bool:
    """Whether it can be done: by root, where builds run in an engine of the kit's own.

    Only in CI: it stops the engine, which on a laptop someone may be using beside the tests.
    """
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return in_ci() and root and engines.choice().kind == "embedded"


def _unshare() -> bool:
    shared.stop()  # it starts again with the next build, and then has no way out either
    engines.forget()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "the network can't be cut off")
    busybox = Settings.from_env().paths.packages / "bin/busybox"
    subprocess.run([busybox, "ip", "link", "set", "lo", "up"], check=True, timeout=10)
    return True


def interfaces() -> set[str]:
    """The network interfaces that this process sees."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    return {line.partition(":")[0].strip() for line in lines}

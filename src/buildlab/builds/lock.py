"""One measurement at a time: builds that run beside each other share work and slow each other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from buildlab.engine.model import Engine
from buildlab.errors import TimedOut
from buildlab.host import holding, private
from buildlab.host.holding import Holder, StillHeld
from buildlab.host.settings import Settings

WAIT_S = 600.0
_SCRATCH = re.compile(r"build-[0-9a-f]{12}\.scratch")


@contextmanager
def measuring(
    folder: Path, engine_key: str, *, waiting: Callable[[str], None], timeout_s: float
) -> Iterator[Path]:
    """Hold the engine that `engine_key` names for one build; yields an empty, private folder.

    The folder is this engine's: what a killed build left in it is gone with the next one.

    `waiting` hears why it takes longer than 2 s. Raises TimedOut when another build of this
    engine still runs after `timeout_s` seconds. The lock of a killed process is free at once.
    """
    name = folder / f"build-{sha256(engine_key.encode()).hexdigest()[:12]}"
    lock = FileLock(name.with_suffix(".lock"), mode=0o600)
    _acquire(lock, waiting, timeout_s)
    scratch = name.with_suffix(".scratch")
    _sweep(folder, scratch)
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        lock.release()


def _sweep(folder: Path, own: Path) -> None:
    """Remove what killed builds on other engines left: a metadata file holds arguments' values."""
    for scratch in folder.glob("build-*.scratch"):
        if scratch != own and _SCRATCH.fullmatch(scratch.name):
            with suppress(Timeout, OSError), FileLock(scratch.with_suffix(".lock"), timeout=0):
                shutil.rmtree(scratch, ignore_errors=True)


def engine_key(engine: Engine) -> str:
    """What names the engine whose builds must not run beside each other."""
    return f"{engine.socket or engine.info.name}\0{engine.builder}"


def close_client(engine: Engine) -> None:
    """Take others' rights from what the buildx client has just written into its folder."""
    if config := engine.child_env().get("BUILDX_CONFIG"):
        private.close(Path(config) / "refs")


@contextmanager
def between_builds(engine: Engine, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the engine while no build of the kit's runs on it. Raises TimedOut as `measuring`."""
    home = Settings.from_env().paths
    folder, key = home.make(home.locks), engine_key(engine)
    with measuring(folder, key, waiting=waiting, timeout_s=WAIT_S):
        yield


def _acquire(lock: FileLock, waiting: Callable[[str], None], timeout_s: float) -> None:
    def tell(found: Holder | None) -> None:
        who = f" ({found.words})" if found is not None else ""
        waiting(f"another build runs on this engine{who}: waiting, so that neither slows the other")

    try:
        holding.acquire(lock, timeout_s, tell)
    except StillHeld as held:
        who = f": {held.holder.words}" if held.holder else ""
        raise TimedOut(
            f"waited {held.waited_s:.0f} s for another build on this engine to end{who}",
            held.holder.remedy
            if held.holder
            else "stop it, or give a longer time limit: timeout_s=…",
        ) from None

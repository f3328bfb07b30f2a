"""Run a server of the kit's beside an engine: in its network, until the block ends or we do."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buildlab.engine import network
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, TimedOut
from buildlab.host import child
from buildlab.host.process import wait_until
from buildlab.host.settings import tool_env
from buildlab.services.ports import host_inside, on_free_port, require_reach

NETWORK_FLAGS = ("--network=host",)
"""What a build needs to reach these servers at 127.0.0.1: the network of its engine."""

_READY_LIMIT_S = 30


@contextmanager
def serving(engine: Engine, module: str, settings: Mapping[str, Any]) -> Iterator[tuple[int, Path]]:
    """`python -m module` with these settings as JSON; yields its port and its log.

    The server finds `port`, `host`, `ready` (a file to make once it listens) and `log` among its
    settings. They lie in a folder that only this user can read. Raises EngineError where the
    engine can't reach this machine's loopback or the server ends at once, TimedOut.
    """
    require_reach(engine, "a server")
    with on_free_port(functools.partial(_on_port, engine, module, settings)) as found:
        yield found


@contextmanager
def _on_port(
    engine: Engine, module: str, settings: Mapping[str, Any], port: int
) -> Iterator[tuple[int, Path]]:
    with (
        tempfile.TemporaryDirectory(prefix="buildlab-") as name,
        network.forwarded(engine, port),
    ):
        folder = Path(name)
        ready, log, output = folder / "ready", folder / "log", folder / "output"
        host = host_inside(own_network=engine.can.own_network)
        log.touch()
        path = folder / "settings.json"
        path.touch(mode=0o600)
        added = {"port": port, "host": host, "ready": str(ready), "log": str(log)}
        path.write_text(json.dumps({**settings, **added}))
        argv = engine.inside(sys.executable, "-P", "-m", module, str(path))
        with output.open("wb") as written, child.kept(argv, env=tool_env(), log=written) as process:
            wait_until(lambda: ready.exists() or process.poll() is not None, _READY_LIMIT_S)
            if not ready.exists():
                raise _fault(module, process, output.read_text("utf-8", "replace"))
            yield port, log


def _fault(module: str, process: child.Process, said: str) -> EngineError | TimedOut:
    last = "\n".join(said.splitlines()[-4:])
    if process.poll() is None:
        return TimedOut(
            f"waited {_READY_LIMIT_S} s for {module} to listen; it says:\n{last}", "try again"
        )
    return EngineError(f"{module} ended at once:\n{last}", "buildlab doctor")

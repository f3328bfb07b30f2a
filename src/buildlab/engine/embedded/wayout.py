"""An engine's way out leads through the network that it was started in: is that this process's?"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from buildlab.engine.embedded.instance import Instance
from buildlab.errors import EngineError
from buildlab.host.process import name_of


def joined(running: Instance) -> bool:
    """Whether its way out leads through this process's network; True where it can't be told."""
    return _network(running) in (None, _network_of("self"))


def require_unused(running: Instance) -> None:
    """Raise EngineError where somebody works in the other network that an engine belongs to.

    One whose network nobody is left in may be ended: it outlived whoever started it.
    """
    theirs = _network(running)
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid == running.uplink.pid or name_of(pid) in ("", "slirp4netns"):
            continue
        if _network_of(folder.name) == theirs:
            raise EngineError(
                f"the engine in {running.state_dir} belongs to another network namespace, "
                f"where others work (process {pid}, {name_of(pid)}): it can't serve both",
                "give this session a home of its own: export BUILDLAB_HOME=FOLDER; or, where "
                "nobody needs that engine, end it: buildlab engine stop",
            )


def _network(running: Instance) -> str | None:
    return _network_of(str(running.uplink.pid))


def _network_of(process: str) -> str | None:
    with suppress(OSError):
        return str(Path(f"/proc/{process}/ns/net").readlink())
    return None

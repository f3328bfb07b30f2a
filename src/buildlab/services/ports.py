"""A port of this machine's loopback for a server, taken before anybody else takes it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from buildlab.engine.model import Engine
from buildlab.errors import EngineError

T = TypeVar("T")
_ATTEMPTS = 5


def free_port() -> int:
    """A port that nothing on this machine's loopback uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def on_free_port(start: Callable[[int], AbstractContextManager[T]]) -> Iterator[T]:
    """What starts on a free port; on another where somebody took it in between."""
    with ExitStack() as stack:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                started = stack.enter_context(start(free_port()))
                break
            except EngineError:
                if attempt == _ATTEMPTS:
                    raise
        yield started


def host_inside(*, own_network: bool) -> str:
    """Where a server listens that is to be reached there.

    In an engine's own network what is forwarded comes in through another address than loopback,
    and nothing outside can connect.
    """
    return "0.0.0.0" if own_network else "127.0.0.1"


def require_reach(engine: Engine, server: str) -> None:
    """Raise EngineError where builds of this engine can't reach a server on this machine."""
    if engine.can.reach_us:
        return
    raise EngineError(
        f"{engine.name} can't reach {server} on this machine's loopback: it runs elsewhere, in a "
        "virtual machine, or in a container with a network of its own",
        "use an engine on this machine: unset BUILDLAB_BUILDER and DOCKER_HOST; "
        "or see the recorded lesson: export BUILDLAB_REPLAY=1",
    )

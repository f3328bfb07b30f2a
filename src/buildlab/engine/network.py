"""Reach what runs in an engine's network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildlab.engine.embedded import instance
from buildlab.engine.model import Engine


@contextmanager
def forwarded(engine: Engine, port: int) -> Iterator[int]:
    """Let the host reach `port` of the engine's network at the same port of 127.0.0.1.

    The service must listen on 0.0.0.0 there: that is the engine's network, not the host's.
    Nothing happens where the engine uses the host's network. Raises EngineError where the
    host's port is taken.
    """
    if engine.netns_pid is None or engine.socket is None:
        yield port
        return
    uplink = Path(engine.socket.removeprefix("unix://")).with_name("uplink.sock")
    forward_id = instance.forward(uplink, port)
    try:
        yield port
    finally:
        instance.unforward(uplink, forward_id)

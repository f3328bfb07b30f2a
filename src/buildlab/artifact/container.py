"""Containers of an image: run one to its end, or let one serve while it is asked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from buildlab.engine.docker.owned import container_labels, labels
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, TimedOut
from buildlab.host.process import wait_until

TIMEOUT_S = 30
NOT_STARTED = 127
"""The exit code of a container whose program could not be started at all, as docker has it."""


class NotMade(EngineError):
    """The engine makes no container of an image: it names no program, say."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program in a container ended. One that couldn't start has the engine's reason."""

    exit_code: int
    output: str
    started: bool = True

    @property
    def ok(self) -> bool:
        return self.started and self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Health:
    """What HEALTHCHECK came to: "healthy", "unhealthy", "none"; and the last probe's words."""

    status: str
    exit_code: int
    output: str


class Running:
    """A container that runs until its block ends."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def ask(self, *argv: str) -> Ran:
        """Run a program inside, beside what runs there."""
        import docker.errors

        try:
            code, output = self._container.exec_run(list(argv))
        except docker.errors.APIError as fault:
            return Ran(NOT_STARTED, _reason(fault), started=False)
        return Ran(int(code), output.decode("utf-8", "replace").strip())

    def until_asked(self, *argv: str, timeout_s: float = TIMEOUT_S) -> Ran:
        """`ask` until the program succeeds. Raises TimedOut with what it said last."""
        last = [self.ask(*argv)]

        def succeeded() -> bool:
            last[0] = last[0] if last[0].ok else self.ask(*argv)
            return last[0].ok

        if not wait_until(succeeded, timeout_s):
            raise TimedOut(
                f"waited {timeout_s:g} s for {' '.join(argv)}: {last[0].output}\n{self.log()}",
                "look at the container's log above",
            )
        return last[0]

    def log(self) -> str:
        """What the container has written so far."""
        return str(self._container.logs().decode("utf-8", "replace").strip())

    def health(self, timeout_s: float = TIMEOUT_S) -> Health:
        """Wait until HEALTHCHECK has decided. Raises TimedOut where it doesn't."""
        deadline = time.monotonic() + timeout_s

        def decided() -> bool:
            self._container.reload()
            return bool(self._state().get("Status", "none") != "starting")

        if not wait_until(decided, deadline - time.monotonic()):
            raise TimedOut(
                f"waited {timeout_s:g} s for the health check to decide\n{self.log()}",
                "give HEALTHCHECK a shorter --interval",
            )
        state = self._state()
        last = (state.get("Log") or [{}])[-1]
        return Health(
            str(state.get("Status", "none")),
            int(last.get("ExitCode", 0)),
            str(last.get("Output", "")).strip(),
        )

    def _state(self) -> dict[str, Any]:
        return self._container.attrs["State"].get("Health") or {}


def run(
    engine: Engine,
    ref: str,
    *argv: str,
    entrypoint: Sequence[str] | None = None,
    user: str = "",
    env: Mapping[str, str] | None = None,
    network: str = "",
) -> Ran:
    """Run a container of the image to its end; output and errors come together.

    Raises EngineError where there is no such image, TimedOut where it doesn't end.
    """
    try:
        with _made(engine, ref, argv, entrypoint=entrypoint, user=user, env=env) as container:
            return _ended(engine, ref, container, network)
    except NotMade as fault:
        return Ran(NOT_STARTED, fault.message, started=False)


def _ended(engine: Engine, ref: str, container: Any, network: str) -> Ran:
    """Start it, and wait for its end."""
    import docker.errors
    import requests

    try:
        if network:
            engine.client().networks.get(network).connect(container)
        container.start()
        code = container.wait(timeout=TIMEOUT_S)["StatusCode"]
    except docker.errors.APIError as fault:
        return Ran(NOT_STARTED, _reason(fault), started=False)
    except requests.exceptions.RequestException as fault:
        raise TimedOut(
            f"waited {TIMEOUT_S} s for a container of {ref} to end: {fault}",
            "see what it does: docker run " + ref,
        ) from fault
    return Ran(int(code), container.logs().decode("utf-8", "replace").strip())


@contextmanager
def running(
    engine: Engine,
    ref: str,
    *argv: str,
    env: Mapping[str, str] | None = None,
    network: str = "",
    name: str = "",
) -> Iterator[Running]:
    """A container of the image, in the background; others on `network` know it by `name`.

    Raises EngineError where it can't be started.
    """
    import docker.errors

    with _made(engine, ref, argv, env=env) as container:
        try:
            if network:
                engine.client().networks.get(network).connect(container, aliases=[name])
            container.start()
        except docker.errors.APIError as fault:
            raise EngineError(
                f"a container of {ref} doesn't start: {_reason(fault)}", "docker run " + ref
            ) from fault
        yield Running(container)


@contextmanager
def network(engine: Engine) -> Iterator[str]:
    """A network of its own, gone after the block; its name."""
    name = f"buildlab-{secrets.token_hex(4)}"
    made = engine.client().networks.create(name, labels=labels(engine.session))
    try:
        yield name
    finally:
        made.remove()


@contextmanager
def _made(
    engine: Engine,
    ref: str,
    argv: Sequence[str],
    *,
    entrypoint: Sequence[str] | None = None,
    user: str = "",
    env: Mapping[str, str] | None = None,
) -> Iterator[Any]:
    import docker.errors

    client = engine.client()
    try:
        container = client.containers.create(
            ref,
            list(argv) or None,
            entrypoint=list(entrypoint) if entrypoint else None,
            user=user or None,
            environment=dict(env or {}),
            labels=container_labels(engine.session),
        )
    except docker.errors.ImageNotFound as fault:
        raise EngineError(f"{engine.info.name} has no image {ref}", "build it first") from fault
    except docker.errors.APIError as fault:
        raise NotMade(_reason(fault), f"docker run {ref}") from fault
    try:
        yield container
    finally:
        with suppress(docker.errors.APIError):
            container.remove(force=True, v=True)


def _reason(fault: Any) -> str:
    return str(fault.explanation or fault).strip()

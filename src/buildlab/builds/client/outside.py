"""A machine with Go beside the builds: a container of an image, in which commands are timed.

It is what a developer's machine or a CI runner with Go would be, on the same computer and with
the same toolchain as the builds, whatever kind of engine that is.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from buildlab.engine.docker.owned import container_labels
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host import unpacking

LIFETIME_S: Final = 1800
"""Nothing is left behind, not even by a process that was killed: the container ends by itself."""


@dataclass(frozen=True, slots=True)
class Timed:
    """How a command ended. `wall_s` is by the container's clock: starting it is not counted."""

    exit_code: int
    wall_s: float
    output: str

    def require_ok(self) -> Timed:
        """Itself. Raises EngineError with the command's last line if it failed."""
        if self.exit_code == 0:
            return self
        last = (self.output.strip().splitlines() or ["no output"])[-1]
        raise EngineError(f"a command outside of builds failed: {last}", "see its output")


@dataclass(frozen=True, slots=True)
class Outside:
    """A running container. Files go in and come out as bytes."""

    container: Any

    def run(self, command: str) -> Timed:
        """Run a shell command in the image's working directory, and time it inside."""
        script = (
            'began=$(date +%s%N); ( eval "$1" ) 2>&1; code=$?; ended=$(date +%s%N); '
            "echo; echo $code $(( ended - began ))"
        )
        _, said = self.container.exec_run(["/bin/sh", "-c", script, "sh", command])
        text, _, last = said.decode("utf-8", "replace").rstrip().rpartition("\n")
        code, _, nanoseconds = last.partition(" ")
        if not (code.isdigit() and nanoseconds.isdigit()):
            raise EngineError(f"a command outside of builds was stopped: {last}", "try again")
        return Timed(int(code), int(nanoseconds) / 1e9, text.strip())

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file; `path` is absolute, and its folder is there."""
        data = content.encode() if isinstance(content, str) else content
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo(path.rpartition("/")[2])
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
        self.container.put_archive(path.rpartition("/")[0] or "/", packed.getvalue())

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        pieces, _ = self.container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
            return next((content for _, content in unpacking.files(archive, path)), b"")


@contextmanager
def outside(engine: Engine, image: str) -> Iterator[Outside]:
    """A container of `image` without a network, gone after the block.

    Raises EngineError where the engine has no docker API or can't run the image.
    """
    import docker.errors

    with closing(engine.client()) as client:
        try:
            container = client.containers.run(
                image,
                entrypoint=["sleep", str(LIFETIME_S)],
                detach=True,
                auto_remove=True,
                network_mode="none",
                labels=container_labels(engine.session),
            )
        except docker.errors.DockerException as fault:
            raise EngineError(
                f"{image} can't be run: {fault}", "see what is wrong: buildlab doctor"
            ) from fault
        try:
            yield Outside(container)
        finally:
            with suppress(docker.errors.APIError):
                container.remove(force=True)


def printed(engine: Engine, image: str, *command: str) -> str:
    """What a container of `image` prints, run once. Raises EngineError where it fails."""
    import docker.errors

    with closing(engine.client()) as client:
        try:
            said: bytes = client.containers.run(
                image, list(command), remove=True, network_mode="none"
            )
        except docker.errors.DockerException as fault:
            raise EngineError(f"{image} does not run: {fault}", "look at the image") from fault
    return said.decode("utf-8", "replace")

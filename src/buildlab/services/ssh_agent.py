"""A real ssh-agent with one key of one's own: the user's agent and keys stay out of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import EngineError, TimedOut
from buildlab.host import child
from buildlab.host.process import wait_until
from buildlab.host.settings import tool_env

_LIMIT_S = 10


@dataclass(frozen=True, slots=True)
class SshAgent:
    """A running agent."""

    socket: Path

    @property
    def flag(self) -> str:
        """The flag that hands it to a build, as `--ssh default` hands over the user's own."""
        return f"--ssh=default={self.socket}"

    def fingerprints(self) -> tuple[str, ...]:
        """The keys that it holds."""
        said = _ssh_add(self.socket, "-l")
        return tuple(line.split()[1] for line in said.out.splitlines() if "SHA256:" in line)


@contextmanager
def ssh_agent(*private_keys: str) -> Iterator[SshAgent]:
    """An agent that holds these keys, gone after the block.

    Raises EngineError where OpenSSH's client is not installed.
    """
    for tool in ("ssh-agent", "ssh-add"):
        if shutil.which(tool) is None:
            raise EngineError(
                f"{tool} is not installed, and this needs it", "apt-get install openssh-client"
            )
    # A short path: the address of a socket has a limit.
    with tempfile.TemporaryDirectory(prefix="buildlab-") as folder:
        socket = Path(folder, "agent")
        with child.kept(["ssh-agent", "-D", "-a", str(socket)], env=tool_env()) as process:
            if not wait_until(lambda: socket.exists() or process.poll() is not None, _LIMIT_S):
                raise TimedOut(f"waited {_LIMIT_S} s for ssh-agent to listen", "try again")
            for key in private_keys:
                added = _ssh_add(socket, "-q", "-", given=key)
                added.require_ok("ssh-add took no key", "ssh -V")
            yield SshAgent(socket)


def _ssh_add(socket: Path, *words: str, given: str = "") -> child.Ended:
    return child.run(
        ["ssh-add", *words],
        given=given,
        env=tool_env(SSH_AUTH_SOCK=os.fspath(socket), SSH_ASKPASS_REQUIRE="never"),
        limit_s=_LIMIT_S,
    )

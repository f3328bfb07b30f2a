"""A private module as a company has it: behind a password and TLS, and in git over ssh.

Both servers are made for one check. Who builds is handed a .netrc, the authority's certificate
and the server's key as secrets, an ssh agent, and the two addresses as build arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buildlab.engine.model import Engine
from buildlab.services.git_server import GitServer, git_server
from buildlab.services.keys import KeyPair, key_pair
from buildlab.services.module import Module
from buildlab.services.module_proxy import ModuleProxy, module_proxy
from buildlab.services.ssh_agent import SshAgent, ssh_agent

HOST: Final = "git.harbour.test"
PATH: Final = f"{HOST}/fleet/berths.git"
MODULE: Final = Module(
    PATH,
    "v1.2.0",
    {
        "go.mod": f"module {PATH}\n\ngo 1.26\n",
        "berths.go": "// Package berths knows which berth is free.\npackage berths\n\n"
        "// Free is the berth that is free.\n"
        'func Free() string { return "berth 12" }\n',
    },
)


@dataclass(frozen=True, slots=True)
class Private:
    """The servers, and what a build is handed to reach them."""

    proxy: ModuleProxy
    server: GitServer
    key: KeyPair
    agent: SshAgent
    stranger: SshAgent
    """An agent whose key the server doesn't know."""
    folder: Path

    @property
    def secrets(self) -> dict[str, str]:
        """What must be found nowhere afterwards: the password, and a line of the key."""
        return {"password": self.proxy.password, "ssh key": self.key.private.splitlines()[2]}

    @property
    def flags(self) -> tuple[str, ...]:
        """With the right credentials."""
        return self._flags(self.proxy.netrc(), self.agent, "netrc")

    @property
    def wrong_flags(self) -> tuple[str, ...]:
        """With a wrong password and an unknown key."""
        return self._flags(
            self.proxy.netrc(password="not-the-password"), self.stranger, "wrong-netrc"
        )

    def _flags(self, netrc: str, agent: SshAgent, name: str) -> tuple[str, ...]:
        given = {name: netrc, "ca": self.proxy.authority, "known_hosts": self.server.known_hosts}
        for file, text in given.items():
            path = self.folder / file
            path.touch(mode=0o600)
            path.write_text(text)
        return (
            *self.server.flags,
            f"--build-arg=MODULE_PROXY={self.proxy.url}",
            f"--build-arg=GIT_URL={self.server.url}",
            f"--secret=id=netrc,src={self.folder / name}",
            *(f"--secret=id={n},src={self.folder / n}" for n in ("ca", "known_hosts")),
            agent.flag,
        )

    def fetched(self) -> str:
        """How the module was fetched so far: "proxy", "ssh", "" where it wasn't."""
        if any(a.startswith("200 ") and f"/{PATH}/" in a and ".zip" in a for a in self.asked()):
            return "proxy"
        known = any(login.startswith("known ") for login in self.server.logins())
        return "ssh" if known else ""

    def asked(self) -> tuple[str, ...]:
        """What the module proxy was asked so far: status, path, user."""
        return self.proxy.answers()


@contextmanager
def private_modules(engine: Engine, folder: Path) -> Iterator[Private]:
    """The servers, gone after the block. Raises EngineError where the engine can't reach them."""
    key, foreign = key_pair(), key_pair()
    with (
        module_proxy(engine, MODULE) as proxy,
        git_server(engine, key.public, MODULE) as server,
        ssh_agent(key.private) as agent,
        ssh_agent(foreign.private) as stranger,
    ):
        yield Private(proxy, server, key, agent, stranger, folder)

"""A module proxy with a password and a certificate by an authority that nobody knows."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from buildlab.engine.model import Engine
from buildlab.services.certificate import certificates
from buildlab.services.module import Module
from buildlab.services.running import NETWORK_FLAGS, serving

USER = "builder"


@dataclass(frozen=True, slots=True)
class ModuleProxy:
    """A running module proxy. Builds reach it at `url` with `flags`."""

    address: str
    authority: str
    """The authority's certificate, PEM: no secret, but clients need it."""
    password: str = field(repr=False)
    log: Path = field(repr=False)
    user: str = USER
    flags: tuple[str, ...] = NETWORK_FLAGS

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    def netrc(self, *, machine: str = "", password: str = "") -> str:
        """A .netrc line with these credentials, or with another machine or password."""
        return (
            f"machine {machine or self.address} login {self.user}"
            f" password {password or self.password}\n"
        )

    def url_with_password(self, scheme: str = "https") -> str:
        return f"{scheme}://{self.user}:{self.password}@{self.address}"

    def answers(self) -> tuple[str, ...]:
        """What was asked so far, one line each: status, path, user (- for none)."""
        return tuple(self.log.read_text().splitlines())


@contextmanager
def module_proxy(engine: Engine, *modules: Module) -> Iterator[ModuleProxy]:
    """A proxy that serves these modules to who knows the password, gone after the block.

    Raises EngineError where the engine can't reach a server on this machine.
    """
    password = secrets.token_urlsafe(18)
    made = certificates("modules.example.test")
    files: dict[str, str] = {}
    for module in modules:
        for path, data in module.served().items():
            files[path] = base64.b64encode(data).decode()
    settings = {
        "files": files,
        "user": USER,
        "password": password,
        "certificate": made.server,
        "key": made.key,
    }
    with serving(engine, "buildlab.services.serve_modules", settings) as (port, log):
        yield ModuleProxy(f"127.0.0.1:{port}", made.authority, password, log)

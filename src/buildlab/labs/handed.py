"""What a lab hands to an answer: arguments, random secrets, and files that name them."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from buildlab.builds.workspace import Workspace
from buildlab.labs.company_base import CompanyBase
from buildlab.labs.model import Setting
from buildlab.labs.private import Private
from buildlab.services.certificate import Certificates, certificates

ENDPOINT: Final = "endpoint"
"""The host name of the server that programs of a lab call."""
_AUTHORITY: Final = "<authority>"


class Handed:
    """The values of a lab's secrets in one check: each a random token.

    In a text `<NAME>` stands for the value that is handed over now, `<NAME.sum>` for the SHA-256
    of the right one, `<NAME.mark>` for what only a program that had the right one can say, and
    `<authority>` for the certificate of the authority of this check.
    """

    def __init__(self, setting: Setting, folder: Path) -> None:
        self.true = {name: f"tok-{random.token_hex(16)}" for name in setting.secrets}
        self.now: dict[str, str] = dict(self.true)
        self._setting, self._folder = setting, folder
        self.private: Private | None = None
        self._credentials: tuple[str, ...] = ()
        self.base: CompanyBase | None = None
        self._seen = set(self.true.values())
        self._write()

    def with_private(self, private: Private) -> None:
        """Hand the credentials for private modules over as well."""
        self.private, self._credentials = private, private.flags
        self._seen.update(private.secrets.values())

    def with_base(self, base: CompanyBase) -> None:
        """Say where the company's base image is as well."""
        self.base = base

    @property
    def secrets(self) -> dict[str, str]:
        """All that must be found nowhere after a build, by name."""
        return {**self.true, **(self.private.secrets if self.private else {})}

    @contextmanager
    def credentials(self, flags: tuple[str, ...]) -> Iterator[None]:
        """Hand other credentials for private modules to the builds of the block."""
        before, self._credentials = self._credentials, flags
        try:
            yield
        finally:
            self._credentials = before

    @property
    def values(self) -> tuple[str, ...]:
        """All values so far, which no record may show."""
        return tuple(sorted(self._seen))

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that hand the secrets to a build."""
        own = (f"--secret=id={name},src={self._folder / name}" for name in self.now)
        return (*own, *self._credentials, *(self.base.flags if self.base else ()))

    @property
    def arguments(self) -> dict[str, str]:
        """The build arguments of the lab, filled."""
        return {name: self.fill(text) for name, text in self._setting.arguments.items()}

    def holds_secret(self, argument: str) -> bool:
        """Whether this argument's value is, or holds, a secret."""
        return any(value in self.arguments[argument] for value in self.now.values())

    def fill(self, text: str) -> str:
        """A text of the lab with its secrets in it."""
        for name, value in self.now.items():
            true = self.true[name]
            text = text.replace(f"<{name}>", value).replace(f"<{name}.sum>", _sum(true))
            text = text.replace(f"<{name}.mark>", mark(true))
        return text.replace(_AUTHORITY, self.endpoint.authority) if _AUTHORITY in text else text

    @cached_property
    def endpoint(self) -> Certificates:
        """An authority of this check, and a certificate by it for a server of that name."""
        return certificates(ENDPOINT)

    def write_into(self, tree: Workspace) -> None:
        """Write the lab's files with secrets into a tree."""
        for path, text in self._setting.files.items():
            tree.write(path, self.fill(text))

    @contextmanager
    def others(self, tree: Workspace, values: Mapping[str, str]) -> Iterator[None]:
        """Hand other values over within the block, by every way in which the lab hands them."""
        self.now = {**self.true, **values}
        self._seen.update(self.now.values())
        self._write()
        self.write_into(tree)
        try:
            yield
        finally:
            self.now = dict(self.true)
            self._write()
            tree.reset()

    def _write(self) -> None:
        for name, value in self.now.items():
            path = self._folder / name
            path.touch(mode=0o600)
            path.write_text(value)


def mark(value: str) -> str:
    """What a program says that had this secret: twelve digits that don't give it away."""
    return hashlib.sha256(f"mark of {value}".encode()).hexdigest()[:12]


def _sum(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()

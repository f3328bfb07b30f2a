"""Downloads of one private module, each in a build of its own, and why they failed."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildlab.bench.runs import Row
from buildlab.builds import build
from buildlab.builds.client import plain
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine.model import Engine
from buildlab.record import store
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.services.module import Module

HOST = "git.example.test"
PATH = f"{HOST}/team/greet.git"
TEXT = "hello from a private module"
MODULE = Module(
    PATH,
    "v1.2.0",
    {
        "go.mod": f"module {PATH}\n\ngo 1.27\n",
        "greet.go": "// Package greet greets.\npackage greet\n\n// Text is what to say.\n"
        f'func Text() string {{ return "{TEXT}" }}\n',
    },
)
REFUSED = "401 Unauthorized"
UNTRUSTED = "certificate signed by unknown authority"
INSECURE = "refusing to pass credentials to insecure URL"
NO_SECRET = "secret netrc: not found"
SUMS = "https://sum.golang.org/lookup"
OTHER_HOST = "REMOTE HOST IDENTIFICATION HAS CHANGED"
UNKNOWN_HOST = "Host key verification failed"
UNKNOWN_KEY = "Permission denied (publickey)"
NO_FORWARD = "unset ssh forward key default"
NO_AGENT = "invalid empty ssh agent socket"
DIRECT = "no secure protocol found for repository"
CAUSES = (
    *(REFUSED, UNTRUSTED, INSECURE, NO_SECRET, SUMS),
    *(OTHER_HOST, UNKNOWN_HOST, UNKNOWN_KEY, NO_FORWARD, DIRECT),
)
"""What tells why a download failed, the most telling first."""


class Downloads:
    """Builds of one recipe's stages, each with secrets of its own; nothing is cached before."""

    def __init__(
        self, tree: Workspace, outside: Path, lab: Engine, flags: tuple[str, ...], mask: str
    ) -> None:
        self._tree, self._outside, self.lab = tree, outside, lab
        self._flags, self._mask = flags, mask
        self._cache_ns = f"buildlab-{secrets.token_hex(4)}"
        self.records: dict[str, BuildRecord] = {}

    def build(
        self,
        title: str,
        target: str,
        *flags: str,
        salt: str = "",
        **given: str,
    ) -> BuildRecord:
        """Build a stage with these secrets, id=value; a `salt` given again finds it cached."""
        for name, value in given.items():
            path = self._outside / name
            path.write_text(value)
            flags = (*flags, f"--secret=id={name},src={path}")
        self.records[title] = build(
            self._tree,
            f"--target={target}",
            *(*self._flags, f"--build-arg=SALT={salt or secrets.token_hex(4)}", *flags),
            title=title,
            output="cache",
            engine=self.lab,
            cache_ns=self._cache_ns,
            mask=(self._mask,),
        )
        return self.records[title]

    def said_without_agent(self, target: str) -> str:
        """What docker itself says to who gives --ssh and has no agent: no build begins."""
        flags = (*self._flags, f"--target={target}", "--ssh=default")
        no_agent: dict[str, str | None] = {"SSH_AUTH_SOCK": None}
        return plain.build(self._tree.path, *flags, engine=self.lab, env=no_agent).text

    def key_flag(self, private: str) -> str:
        """The flag that hands over a key's file as if it were an agent's."""
        path = self._outside / "key"
        path.touch(mode=0o600)
        path.write_text(private)
        return f"--ssh=default={path}"

    def ok(self, title: str) -> bool:
        return self.records[title].ok

    def cause(self, title: str) -> str:
        """Why a build failed, by the first of `CAUSES` that was said, "" where it did not."""
        record = self.records[title]
        if record.failure is None:
            return ""
        said = log(record) + record.failure.words
        return next((cause for cause in CAUSES if cause in said), record.failure.words)

    @property
    def leaked(self) -> bool:
        """Whether a record of these builds holds the secret."""
        lines = [line for line in self._mask.splitlines() if not line.startswith("-----")]
        kept = json.dumps([store.to_dict(record) for record in self.records.values()])
        return any(line in kept for line in lines)

    def rows(self) -> tuple[Row, ...]:
        return tuple(
            {"build": title, "download": _ended(record), "cause": self.cause(title)}
            for title, record in self.records.items()
        )


@contextmanager
def copied(recipe: Path) -> Iterator[tuple[Workspace, Path]]:
    """A copy of a recipe with the module's sums, and a folder for secrets outside of it."""
    with workspace(recipe) as tree, tempfile.TemporaryDirectory(prefix="buildlab-") as outside:
        tree.write("go.sum", MODULE.sums())
        yield tree, Path(outside)


def _ended(record: BuildRecord) -> str:
    if not record.steps:
        return State.NOT_REACHED.value
    return record.steps[-1].state.value


def log(record: BuildRecord) -> str:
    """What the last step printed."""
    return "".join(step.output for step in record.steps[-1:])

"""The sample service as a bench: a private copy with cold caches, edited and built by name."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buildlab.bench import uses
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord

Change = Callable[[Workspace], object]

VARIANTS: Mapping[str, str] = {
    "naive": "dockerfiles/01-naive.Dockerfile",
    "dependencies first": "dockerfiles/02-dependencies-first.Dockerfile",
    "dockerignore": "dockerfiles/03-dockerignore.Dockerfile",
    "cache mounts": "dockerfiles/04-cache-mounts.Dockerfile",
    "multi-stage": "dockerfiles/05-multi-stage.Dockerfile",
    "production": "dockerfiles/06-production.Dockerfile",
    "tuned": "Dockerfile",
}


def _raise(constant: str, path: str) -> Change:
    """An edit that raises a constant by one, so that it can be made again and again."""

    def change(tree: Workspace) -> None:
        text, found = re.subn(
            rf"\b({constant}\s*=\s*)(\d+)", lambda m: f"{m[1]}{int(m[2]) + 1}", tree.read(path)
        )
        if not found:
            raise UsageError(
                f"{path} has no constant {constant}", "use a fresh copy of the service"
            )
        tree.write(path, text)

    return change


def _swap(path: str, old: str, new: str) -> Change:
    return lambda tree: tree.replace(path, old, new)


EDITS: Mapping[str, Change] = {
    "leaf": _raise("justNowSeconds", "internal/humanize/ago.go"),
    "core": _raise("maxVersionLength", "internal/board/board.go"),
    "asset": _swap("internal/web/static/board.css", "--accent: #0072b2", "--accent: #d55e00"),
    "test": _swap("internal/humanize/ago_test.go", "may be ahead", "may run ahead"),
    "comment": _swap("internal/board/board.go", "It imports nothing", "It needs nothing"),
    "bump": _swap("go.mod", "chi/v5 v5.4.0", "chi/v5 v5.5.0"),
}
"""Named edits: a leaf package, a widely imported one, an embedded file, a test, a comment, a
dependency. Each costs something else."""


def sample_app() -> Path:
    """The folder of the sample service. Raises UsageError outside a checkout of the kit."""
    return uses.part("sample")


def sample_file(name: str) -> Path:
    """One file of the sample service. Raises as `sample_app`."""
    return uses.part(f"sample/{name}")


def _find() -> Path:
    here = Path(__file__).resolve()
    for parent in here.parents:
        if (parent / "sample_go_app" / "go.mod").is_file():
            return parent / "sample_go_app"
    raise UsageError(
        "sample_go_app/ is not beside the installed package",
        "install from a checkout of the kit: ./lab start",
    )


uses.place("sample", _find)


def salted(copy: Workspace) -> str:
    """Make the copy unlike any other by a comment in its go.mod; returns the salt.

    Every step that needs go.mod is then new to the engine, however warm that is.
    """
    salt = secrets.token_hex(4)
    copy.write("go.mod", f"{copy.read('go.mod')}\n// a copy of its own: {salt}\n")
    return salt


class Service:
    """A private copy of the sample service.

    Its go.mod carries a comment that no other copy has, its cache mounts are its own, and its
    version is too, where the Dockerfile takes one: BuildKit knows what COPY --from copies by
    content, and a program built before would be cached. So the first build of each variant is
    cold however warm the engine is, and nothing is pruned.
    """

    def __init__(self, copy: Workspace) -> None:
        self.workspace = copy
        salt = salted(copy)
        self.cache_ns = f"buildlab-{salt}"
        self._version = f"lesson-{salt}"

    def build(self, variant: str, *flags: str, title: str = "", **options: Any) -> BuildRecord:
        """Build one of `VARIANTS`. Raises UsageError for a name that is not among them."""
        try:
            dockerfile = VARIANTS[variant]
        except KeyError:
            raise UsageError(
                f"no Dockerfile is named {variant!r}", f"choose one of: {', '.join(VARIANTS)}"
            ) from None
        if "ARG VERSION" in self.workspace.read(dockerfile):
            flags = (f"--build-arg=VERSION={self._version}", *flags)
        return build(
            self.workspace,
            f"--file={dockerfile}",
            *flags,
            title=title or variant,
            cache_ns=self.cache_ns,
            **options,
        )

    def edit(self, name: str) -> None:
        """Make one of `EDITS`. Raises UsageError for a name that is not among them."""
        if name not in EDITS:
            raise UsageError(f"no edit is named {name!r}", f"choose one of: {', '.join(EDITS)}")
        EDITS[name](self.workspace)


@contextmanager
def service() -> Iterator[Service]:
    """A Service whose copy is removed at the end, and kept if the block fails."""
    with workspace(sample_app()) as copy:
        yield Service(copy)

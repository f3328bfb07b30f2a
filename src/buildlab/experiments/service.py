"""The sample service as a bench: a private copy with cold caches, edited by name, built by variant."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buildlab.build import build
from buildlab.errors import UsageError
from buildlab.record import BuildRecord
from buildlab.workspace import Edit, Workspace, workspace

VARIANTS: Mapping[str, str] = {
    "naive": "dockerfiles/01-naive.Dockerfile",
    "dependencies first": "dockerfiles/02-dependencies-first.Dockerfile",
    "dockerignore": "dockerfiles/03-dockerignore.Dockerfile",
    "cache mounts": "dockerfiles/04-cache-mounts.Dockerfile",
    "multi-stage": "dockerfiles/05-multi-stage.Dockerfile",
    "production": "dockerfiles/06-production.Dockerfile",
    "tuned": "Dockerfile",
}


def sample_app() -> Path:
    """The folder of the sample service. Raises UsageError outside a checkout of the kit."""
    here = Path(__file__).resolve()
    for parent in here.parents:
        if (parent / "sample_go_app" / "go.mod").is_file():
            return parent / "sample_go_app"
    raise UsageError(
        "sample_go_app/ is not beside the installed package",
        "install from a checkout of the kit: ./lab start",
    )


def salted(copy: Workspace) -> str:
    """Make the copy unlike any other by a comment in its go.mod; returns the salt.

    Every step that needs go.mod is then new to the engine, however warm that is.
    """
    salt = secrets.token_hex(4)
    copy.write("go.mod", f"{copy.read('go.mod')}\n// a copy of its own: {salt}\n")
    return salt


class Service:
    """A private copy of the sample service.

    Its go.mod carries a comment that no other copy has and its cache mounts are its own, so the
    first build of each variant is cold however warm the engine is, and nothing is pruned.
    """

    def __init__(self, copy: Workspace) -> None:
        self.workspace = copy
        self.cache_ns = f"buildlab-{salted(copy)}"

    def build(self, variant: str, *flags: str, title: str = "", **options: Any) -> BuildRecord:
        """Build one of `VARIANTS`. Raises UsageError for a name that is not among them."""
        try:
            dockerfile = VARIANTS[variant]
        except KeyError:
            raise UsageError(
                f"no Dockerfile is named {variant!r}", f"choose one of: {', '.join(VARIANTS)}"
            ) from None
        return build(
            self.workspace,
            f"--file={dockerfile}",
            *flags,
            title=title or variant,
            cache_ns=self.cache_ns,
            **options,
        )

    def edit(self, edit: Edit) -> tuple[str, ...]:
        """Apply a named edit and return the build flags that it adds."""
        return edit.apply(self.workspace)


@contextmanager
def service() -> Iterator[Service]:
    """A Service whose copy is removed at the end, and kept if the block fails."""
    with workspace(sample_app()) as copy:
        yield Service(copy)

"""A small program with two dependencies, a core package and a leaf: the bench of cache mounts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from buildlab.bench.sample import salted
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.experiments.programs import program
from buildlab.record.model import BuildRecord

MODULES = "--mount=type=cache,target=/go/pkg/mod"
COMPILER = "--mount=type=cache,target=/root/.cache/go-build"
MOUNTS: Mapping[str, tuple[str, ...]] = {
    "no mounts": (),
    "module cache": (MODULES,),
    "compiler cache": (COMPILER,),
    "both": (MODULES, COMPILER),
}
EDITS: Mapping[str, tuple[str, str, str]] = {
    "leaf": ("internal/greeting/greeting.go", "Version = 1", "Version = 2"),
    "core": ("internal/port/port.go", "Berths = 1", "Berths = 2"),
    "bump": ("go.mod", "uniseg v0.1.0", "uniseg v0.2.0"),
}
"""Named edits: a package that only the program imports, one that most import, a dependency."""


def dockerfile(mounts: str = "both") -> str:
    """The program's Dockerfile with the mounts of one of `MOUNTS`; the other lines stay."""
    text = (program("harbour") / "Dockerfile").read_text()
    for mount in (MODULES, COMPILER):
        if mount not in MOUNTS[mounts]:
            text = text.replace(f"{mount} \\\n    ", "")
    return text


class Harbour:
    """A copy of the program that no engine has seen, with a namespace for its cache mounts."""

    def __init__(self, tree: Workspace) -> None:
        self.tree = tree
        self.cache_ns = f"buildlab-{salted(tree)}"

    def build(self, title: str, *flags: str, **options: Any) -> BuildRecord:
        """Build the tree as it is now; the result stays in the build cache."""
        options = {"output": "cache", "cache_ns": self.cache_ns, **options}
        return build(self.tree, *flags, title=title, **options)

    def run(self, text: str, title: str, *flags: str, **options: Any) -> BuildRecord:
        """Build with this Dockerfile; SALT in it becomes a word that no build had before."""
        self.tree.write("run.Dockerfile", text.replace("SALT", secrets.token_hex(4)))
        return self.build(title, "--file=run.Dockerfile", *flags, **options)

    def edit(self, name: str) -> None:
        """Make one of `EDITS`."""
        self.tree.replace(*EDITS[name])


@contextmanager
def harbour() -> Iterator[Harbour]:
    """A Harbour whose copy is removed at the end, and kept if the block fails."""
    with workspace(program("harbour")) as tree:
        yield Harbour(tree)


def fetched(text: str) -> int:
    """Modules that Go fetched, told by `go mod download -x` and by `go build`."""
    whole = re.findall(r"^# get \S+\.zip: 200 OK", text, flags=re.MULTILINE)
    return len(whole) + len(re.findall(r"^go: downloading ", text, flags=re.MULTILINE))


def compiled(text: str) -> tuple[str, ...]:
    """Packages that Go compiled, told by `go build -v`: one import path a line."""
    return tuple(re.findall(r"^(?!#|go:)([\w.~-]+(?:/[\w.~-]+)*)$", text, flags=re.MULTILINE))


def how_many_fetched(text: str) -> str:
    """none, one or all: the program has two modules."""
    return ("none", "one")[count] if (count := fetched(text)) < 2 else "all"


def how_many_compiled(text: str) -> str:
    """none, some or all: all where the standard library's core is among them."""
    packages = compiled(text)
    if not packages:
        return "none"
    return "all" if "runtime" in packages else "some"

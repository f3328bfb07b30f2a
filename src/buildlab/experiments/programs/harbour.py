"""A small program with two dependencies, a core package and a leaf: the bench of cache mounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

from buildlab.bench.bench import Bench, bench
from buildlab.bench.edits import Edit, swapped
from buildlab.experiments.programs import program

MODULES = "--mount=type=cache,target=/go/pkg/mod"
COMPILER = "--mount=type=cache,target=/root/.cache/go-build"
MOUNTS: Mapping[str, tuple[str, ...]] = {
    "no mounts": (),
    "module cache": (MODULES,),
    "compiler cache": (COMPILER,),
    "both": (MODULES, COMPILER),
}
EDITS: Final = (
    Edit("leaf", swapped("internal/greeting/greeting.go", "Version = 1", "Version = 2")),
    Edit("core", swapped("internal/port/port.go", "Berths = 1", "Berths = 2")),
    Edit("bump", swapped("go.mod", "uniseg v0.1.0", "uniseg v0.2.0")),
)
"""Named edits: a package that only the program imports, one that most import, a dependency."""


def dockerfile(mounts: str = "both") -> str:
    """The program's Dockerfile with the mounts of one of `MOUNTS`; the other lines stay."""
    text = (program("harbour") / "Dockerfile").read_text()
    for mount in (MODULES, COMPILER):
        if mount not in MOUNTS[mounts]:
            text = text.replace(f"{mount} \\\n    ", "")
    return text


def harbour() -> AbstractContextManager[Bench]:
    """A bench of the program; what it builds stays in the build cache."""
    return bench(program("harbour"), EDITS, output="cache")


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

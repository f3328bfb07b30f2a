"""The ways to hand a build cache on, and what a commit may change in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildlab.bench.edits import Edit, by_name, swapped
from buildlab.builds.workspace import Workspace

HERE = Path(__file__).parent
PROGRAM = HERE / "program"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to hand a cache on: what --cache-to and --cache-from say, and which Dockerfile.

    `{shop}` stands for the registry's address, `{folder}` for a folder beside the checkout.
    """

    to: str = ""
    source: str = ""
    dockerfile: str = "mounts.Dockerfile"
    carried: bool = False
    """Whether the content of the cache mounts is handed on, by builds of their own."""


WAYS: Mapping[str, Way] = {
    "no cache": Way(),
    "inline": Way("type=inline", "type=registry,ref={shop}/app:inline"),
    "registry, min": Way(
        "type=registry,ref={shop}/cache:min,mode=min", "type=registry,ref={shop}/cache:min"
    ),
    "registry, max": Way(
        "type=registry,ref={shop}/cache:max,mode=max", "type=registry,ref={shop}/cache:max"
    ),
    "local, max": Way("type=local,dest={folder}/cache,mode=max", "type=local,src={folder}/cache"),
    "dependencies in a layer": Way(
        "type=registry,ref={shop}/cache:layer,mode=max",
        "type=registry,ref={shop}/cache:layer",
        "layer.Dockerfile",
    ),
    "mounts carried": Way(carried=True),
}


def _newer_base(tree: Workspace) -> None:
    tree.write("base-release", "13.2\n")
    for name in ("mounts.Dockerfile", "layer.Dockerfile"):
        tree.replace(name, "WORKDIR /src", "COPY base-release /etc/base-release\nWORKDIR /src")


EDITS = by_name(
    (
        Edit("no change"),
        Edit("source edit", swapped("greeting/greeting.go", "first edition", "second edition")),
        Edit("dependency bump", swapped("go.mod", "uniseg v0.1.0", "uniseg v0.2.0")),
        # Stands for a base with a fix: another file below all steps, the same compiler.
        Edit("base bump", _newer_base),
    )
)
CROSSED = ("no change", "source edit", "dependency bump")
"""The edits of the matrix. "base bump" is for the month of lesson 11: it is seldom."""


def dockerfile(name: str) -> str:
    """The text of one of the program's Dockerfiles."""
    return (PROGRAM / f"{name}.Dockerfile").read_text()

"""Recorded builds: what the engine said, and the records made of it."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildlab.record.engineinfo import EngineInfo
from buildlab.record.joining import make_record
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Fold

FOLDER = Path(__file__).parents[1] / "streams"
NAMES = tuple(sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz")))


@functools.cache
def recorded(name: str) -> dict[str, Any]:
    """All that was kept of one build. Don't change it."""
    data = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    assert isinstance(data, dict)
    return data


def folded(lines: Sequence[str], *mask: str, dockerfile: str = "") -> Fold:
    """A fold that has seen these lines; its clock stands still."""
    fold = Fold(mask, dockerfile=dockerfile, clock=lambda: 0.0)
    for line in lines:
        fold.feed(line)
    return fold


def joined(data: dict[str, Any], *mask: str, name: str = "recorded") -> BuildRecord:
    """The record of a build, from what was kept of it."""
    fold = folded(data["stderr"], *mask, dockerfile=data["dockerfile"])
    return make_record(
        fold,
        data["metadata"],
        id=name,
        title=name,
        command=("docker", "buildx", "build", *data["flags"], "."),
        context=".",
        dockerfile="Dockerfile",
        wall_s=data["wall_s"],
        exit_code=data["exit_code"],
        engine=EngineInfo("recorded"),
        plain_tail="\n".join(fold.plain),
        dockerfile_text=data["dockerfile"],
    )


@functools.cache
def record(name: str) -> BuildRecord:
    """The record of a recorded build."""
    return joined(recorded(name), name=name)


def states(name: str) -> list[str]:
    """Steps and their states as one reads them, FROM left out."""
    return [f"{key}: {state}" for key, state in record(name).states().items()]

"""Cache mounts that a build without the cache has emptied: those of the steps that it ran again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from buildlab.dockerfile.reading import parse
from buildlab.record.flags import given, values
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step

_MOUNT = re.compile(r"--mount=(?P<fields>\S*\btype=cache\b\S*)")
_WHERE = re.compile(r"(?:^|,)(?:target|dst|destination)=(?P<where>[^,]+)")
_NAME = re.compile(r"^(?:\S+/\S+ )?(?P<name>.*?)(?: \(\d+\))?$")


def emptied(record: BuildRecord, flags: Sequence[str]) -> str:
    """The warning; "" where no mount was met. BuildKit empties them although they are no results:
    whoever shares their id starts cold."""
    every, stages = given(flags, "--no-cache"), _filtered(flags)
    found = dict.fromkeys(
        where
        for step in record.work
        if step.state in (State.RAN, State.FAILED) and (every or _stage(step) in stages)
        for where in _mounts(step)
    )
    if not found:
        return ""
    flag = "--no-cache" if every else f"--no-cache-filter {','.join(stages)}"
    return (
        f"{flag} has emptied the cache mounts that it met: {', '.join(found)}; what uses them next "
        "starts cold. To run a step again and keep them, give an ARG above it another value"
    )


def unmatched(flags: Sequence[str], dockerfile: str) -> str:
    """The warning that a filter names no stage; "" where each does. Docker passes over it."""
    stages = [stage.name for stage in parse(dockerfile).stages if stage.name]
    lost = [name for name in _filtered(flags) if name not in stages]
    if not lost or not dockerfile:
        return ""
    there = f"there are: {', '.join(stages)}" if stages else "none has a name (FROM … AS NAME)"
    return f"no stage is called {', '.join(lost)}, so nothing was built anew for it; {there}"


def _filtered(flags: Sequence[str]) -> list[str]:
    """The stages of --no-cache-filter. One without a name is not reached, by its number neither."""
    names = ",".join(values(flags, "--no-cache-filter")).lower().split(",")
    return [name.strip() for name in names if name.strip()]


def _stage(step: Step) -> str:
    return _NAME.sub(r"\g<name>", step.stage).lower()


def _mounts(step: Step) -> Iterator[str]:
    """Of a build that failed, the graph isn't known: then the instruction tells."""
    yield from (mount.target for mount in step.cache_mounts)
    if not step.cache_mounts and step.keyword == "RUN":
        for mount in _MOUNT.finditer(step.instruction):
            if found := _WHERE.search(mount["fields"]):
                yield found["where"]

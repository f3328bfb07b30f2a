"""Which images a Dockerfile needs for a target: FROM, COPY --from, RUN --mount=from=…"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from buildlab.dockerfile.reading import Dockerfile, Stage, Values, arguments, expand


@dataclass(frozen=True, slots=True)
class Need:
    """An image as the file names it, its variables put in, and the lines that do."""

    image: str
    lines: tuple[int, ...]


def needed(file: Dockerfile, target: str, given: Values) -> tuple[Need, ...]:
    """In the order of the file; only what the target reaches ("" is the last stage)."""
    top = arguments(file, given)
    found: dict[str, list[int]] = {}
    todo, seen = [_target(file.stages, target)], set[int]()
    while todo:
        stage = todo.pop()
        if stage is None or stage.index in seen:
            continue
        seen.add(stage.index)
        for written, line in _references(stage):
            name = expand(written, top)
            # A FROM knows the stages above it only; so does all else that may name one.
            below = _stage(file.stages[: stage.index], name)
            if below is not None:
                todo.append(below)
            elif name and name.lower() != "scratch":
                found.setdefault(name, []).append(line)
    needs = (Need(name, tuple(sorted({*lines}))) for name, lines in found.items())
    return tuple(sorted(needs, key=lambda need: need.lines))


def _target(stages: Sequence[Stage], target: str) -> Stage | None:
    if target:
        return _stage(stages, target)
    return stages[-1] if stages else None


def _stage(stages: Sequence[Stage], name: str) -> Stage | None:
    """The last stage of this name, or the one of this number."""
    number = int(name) if name.isdecimal() else None
    found = (s for s in reversed(stages) if s.name == name.lower() or s.index == number)
    return next(found, None)


def _references(stage: Stage) -> Iterator[tuple[str, int]]:
    yield stage.base, stage.start.lines[0]
    for one in stage.steps:
        for flag, value in one.flags():
            if flag == "from":
                yield value, one.lines[0]
            elif flag == "mount":
                options = dict(part.partition("=")[::2] for part in value.split(","))
                if "from" in options:
                    yield options["from"], one.lines[0]

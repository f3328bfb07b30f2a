"""Each step as the Dockerfile has it: its own text, its lines, the variables that it sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from buildlab.dockerfile.reading import Dockerfile, Instruction, Scope, Stage, parse, scopes
from buildlab.record.steps import Step

_OF_A_STEP: Final[tuple[str, ...]] = ("FROM",)
_OF_A_RUN: Final = (*_OF_A_STEP, "USER", "SHELL")
_PLATFORM = re.compile(r"^[^\s/]+/\S+ ?")
_NTH = re.compile(r" \(\d+\)$")
_UNNAMED = re.compile(r"stage-(\d+)")


def as_written(
    steps: Sequence[Step],
    text: str,
    given: Mapping[str, str | None],
    masker: Callable[[str], str],
) -> tuple[Step, ...]:
    """The steps with `source`, variables and, where they are missing, lines from the file `text`.

    `given` are the values of --build-arg. A step that isn't found in the file stays as it is: a
    base image's ONBUILD made it, say.
    """
    file = parse(text)
    seen = scopes(file, given)
    return tuple(
        _with(step, found, seen, masker) if (found := _find(step, file)) else step for step in steps
    )


def image_settings(
    text: str, given: Mapping[str, str | None], target: str, masker: Callable[[str], str]
) -> tuple[str, ...] | None:
    """What the stage `target` of the file `text` ("": the last) sets without a step.

    "NAME=value" each; None where there is no such stage to read.
    """
    file = parse(text)
    wanted = [s for s in file.stages if not target or target.lower() in (s.name, str(s.index))]
    if not wanted:
        return None
    last = (wanted[-1].start, *wanted[-1].instructions)[-1]
    scope = scopes(file, given)[last.lines]
    variables = ((f"ENV {name}", value) for name, value in scope.environment.items())
    return tuple(masker(f"{n}={v}") for n, v in (*scope.settings.items(), *variables))


def _with(
    step: Step,
    found: Instruction,
    seen: Mapping[tuple[int, int], Scope],
    masker: Callable[[str], str],
) -> Step:
    scope = seen.get(found.lines, Scope({}, {}))
    settings, reach = scope.settings, _OF_A_RUN
    if found.keyword != "RUN":  # variables are in the text that BuildKit shows
        scope, reach = Scope({}, {}), _OF_A_STEP
    return replace(
        step,
        lines=step.lines or found.lines,
        source=masker(found.source),
        arguments=tuple(
            masker(name if value is None else f"{name}={value}")
            for name, value in scope.arguments.items()
        ),
        environment=tuple(masker(f"{n}={v}") for n, v in scope.environment.items()),
        settings=tuple(masker(f"{n}={v}") for n, v in settings.items() if n in reach),
    )


def _find(step: Step, file: Dockerfile) -> Instruction | None:
    candidates = (_instruction(step, stage) for stage in _stages(step, file))
    found = [one for one in candidates if one is not None and one.keyword == step.keyword]
    text = " ".join(step.instruction.split())
    return next((one for one in found if one.text == text), next(iter(found), None))


def _stages(step: Step, file: Dockerfile) -> Iterator[Stage]:
    """The stages that a step may be of. BuildKit calls one without a name by its number."""
    name = _NTH.sub("", _PLATFORM.sub("", step.stage))
    if not name and len(file.stages) == 1:
        yield file.stages[0]
    number = _UNNAMED.fullmatch(name)
    for stage in file.stages:
        if (stage.name and stage.name == name) or (number and stage.index == int(number[1])):
            yield stage


def _instruction(step: Step, stage: Stage) -> Instruction | None:
    """By the step's lines where it has some, else by its place: FROM counts if it is an image."""
    if step.lines is not None:
        for one in (stage.start, *stage.steps):
            if one.lines[0] <= step.lines[0] <= one.lines[1]:
                return one
        return None
    if step.keyword == "FROM":
        return stage.start
    place = step.key.index - 1 - (step.total - len(stage.steps))
    return stage.steps[place] if 0 <= place < len(stage.steps) else None


def build_arguments(command: Sequence[str]) -> dict[str, str | None]:
    """The --build-arg flags of a command; None where the value comes from the environment."""
    found: dict[str, str | None] = {}
    for before, word in zip(("", *command), command, strict=False):
        flag, equals, value = word.partition("=")
        given = word if before == "--build-arg" else value if flag == "--build-arg" else ""
        name, equals, value = given.partition("=")
        if name:
            found[name] = value if equals else None
    return found


def built_target(command: Sequence[str]) -> str:
    """The value of the last --target, "" without one."""
    found = ""
    for word, after in pairwise((*command, "")):
        flag, _, value = word.partition("=")
        found = (value or after) if flag == "--target" else found
    return found

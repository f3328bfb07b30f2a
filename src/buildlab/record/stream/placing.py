"""Where each step stands in the Dockerfile: two stages of one name, and work that stages share.

BuildKit names a step by its stage's name and its place in the stage. That is not enough where two
stages have one name, and where two stages have equal steps: these are one vertex, named after
either of them. The file tells both: by it, every step gets the first place it has in the file, and
is listed again wherever else it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from buildlab.dockerfile.reading import Dockerfile, Instruction, Stage
from buildlab.record.steps import StepKey
from buildlab.record.stream.grouping import Group, Place

_IMAGE, _SCRATCH = -1, -2
_FROM_FLAG = re.compile(r"(?:^--from=|,from=|=from=)(?P<name>[^,\s]+)")


def placed(groups: Sequence[Group], file: Dockerfile) -> tuple[Group, ...]:
    """The steps with their places in the file; those that aren't found in it stay as they are."""
    if not file.stages:
        return tuple(groups)
    plan = _Plan(file)
    for platform in dict.fromkeys(g.platform for g in groups):
        _Platform(plan, platform, [g for g in groups if g.platform == platform]).place()
    found = [_keyed(g, plan.places.get(id(g), [])) for g in groups]
    if any(g.order < 0 for g in found):
        return tuple(found)
    return tuple(sorted(found, key=lambda g: (g.order, g.key.stage, g.key.index)))


def _keyed(group: Group, places: list[Place]) -> Group:
    if not places:
        return group
    first, *others = sorted(places, key=lambda p: (p.order, p.key.index))
    return replace(
        group, key=first.key, total=first.total, lines=first.lines, order=first.order,
        elsewhere=tuple(others),
    )  # fmt: skip


@dataclass(slots=True)
class _Plan:
    """What the file says by itself; `places` are found by a group's identity."""

    file: Dockerfile
    places: dict[int, list[Place]] = field(default_factory=dict)

    def base(self, stage: Stage) -> int:
        """The index of the stage that this one is built on, or what else it is built on."""
        if stage.base.lower() == "scratch":
            return _SCRATCH
        before = self.file.stages[: stage.index]
        return next((s.index for s in reversed(before) if s.name == stage.base.lower()), _IMAGE)

    def label(self, stage: Stage) -> str:
        """The stage's name; a name that was there before gets a number."""
        if not stage.name:
            return f"stage-{stage.index}" if len(self.file.stages) > 1 else ""
        nth = sum(s.name == stage.name for s in self.file.stages[: stage.index]) + 1
        return stage.name if nth == 1 else f"{stage.name} ({nth})"

    def named(self, name: str) -> list[Stage]:
        """The stages that BuildKit calls by this name. A lone stage without one is called ""."""
        lone = "stage-0" if name == "" else name
        return [s for s in self.file.stages if lone == (s.name or f"stage-{s.index}")]

    def needed(self, stage: Stage) -> Iterator[int]:
        """The stages that this one is built on or copies from."""
        if (base := self.base(stage)) >= 0:
            yield base
        for one in stage.steps:
            for name in (
                m["name"].lower() for w in one.rest.split() for m in _FROM_FLAG.finditer(w)
            ):
                if name.isdigit():
                    yield int(name)
                before = self.file.stages[: stage.index]
                yield from [s.index for s in before if s.name == name][-1:]


class _Platform:
    """The steps of one platform."""

    def __init__(self, plan: _Plan, platform: str, groups: Sequence[Group]) -> None:
        self.plan, self.platform, self.groups = plan, platform, groups
        self.own: dict[int, list[Group]] = {}
        self.written: dict[int, Instruction] = {}
        self.ends: dict[int, Group | None] = {}

    def place(self) -> None:
        for group in self.groups:
            stage = self._stage(group)
            if stage is not None:
                self.own.setdefault(stage.index, []).append(group)
                if (one := self._instruction(group, stage)) is not None:
                    self.written[id(group)] = one
        reached, todo = set[int](), list(self.own)
        while todo:
            index = todo.pop()
            if index not in reached and index < len(self.plan.file.stages):
                reached.add(index)
                todo += self.plan.needed(self.plan.file.stages[index])
        for index in sorted(reached):
            self._walk(self.plan.file.stages[index])

    def _stage(self, group: Group) -> Stage | None:
        """The stage that a step's name means: of several, the one that has such an instruction."""
        name = group.key.stage.removeprefix(self.platform).strip()
        stages = self.plan.named(name)
        if len(stages) < 2:
            return next(iter(stages), None)
        return max(stages, key=lambda s: self._likeness(group, s))

    def _likeness(self, group: Group, stage: Stage) -> tuple[bool, bool, bool]:
        one = self._instruction(group, stage)
        if one is None or one.keyword != group.instruction.split(maxsplit=1)[0].upper():
            return False, False, False
        alike = one.text.split() == group.instruction.split()
        if one.keyword == "FROM":
            alike = stage.base in group.instruction
        return True, alike, group.total == len(stage.steps) + (self.plan.base(stage) == _IMAGE)

    def _instruction(self, group: Group, stage: Stage) -> Instruction | None:
        """The instruction at a step's place. ONBUILD of the base comes first and isn't in the file;
        `WORKDIR /` is no step but counts in the total."""
        image = self.plan.base(stage) == _IMAGE
        if group.instruction.startswith("FROM "):
            return stage.start if image else None
        onbuild = max(0, group.total - len(stage.steps) - image)
        steps = [one for one in stage.steps if not _no_step(one)]
        at = group.key.index - 1 - image - onbuild
        return steps[at] if 0 <= at < len(steps) else None

    def _walk(self, stage: Stage) -> None:
        """Give each step of a stage its place there, from FROM down; what has no vertex of this
        stage's name is another stage's: the one that has the same instruction on the same input."""
        own = {g.key.index: g for g in self.own.get(stage.index, ())}
        base = self.plan.base(stage)
        index, above = 0, self.ends.get(base)
        image = base == _IMAGE
        totals = [g.total for g in own.values() if not g.instruction.startswith("FROM ")]
        total = max([*totals, len(stage.steps) + image])
        if image:
            index = 1
            above = own.get(1) or self._same_base(stage)
            self._put(above, stage, index, total, stage.start)
        while (follows := own.get(index + 1) or self._onbuild(above)) is not None:
            if not follows.instruction.startswith("ONBUILD "):
                break
            index, above = index + 1, follows
            self._put(above, stage, index, total, None)
        for one in stage.steps:
            found = own.get(index + 1)
            if found is None or self.written.get(id(found)) is not one:
                found = self._same(one, above, base)
            if found is not None and not _no_step(one):
                index, above = index + 1, found
                self._put(above, stage, index, total, one)
        self.ends[stage.index] = above

    def _put(
        self, group: Group | None, stage: Stage, index: int, total: int, one: Instruction | None
    ) -> None:
        if group is not None:
            label = f"{self.platform} {self.plan.label(stage)}".strip()
            lines = one.lines if one else None
            place = Place(StepKey(label, index), total, lines, stage.index)
            self.plan.places.setdefault(id(group), []).append(place)

    def _same_base(self, stage: Stage) -> Group | None:
        bases = (g for g in self.groups if g.instruction.startswith("FROM "))
        mine = _bare(stage.start)
        return next((g for g in bases if _bare(self.written.get(id(g))) == mine), None)

    def _onbuild(self, above: Group | None) -> Group | None:
        onbuild = (g for g in self.groups if g.instruction.startswith("ONBUILD "))
        return next((g for g in onbuild if above is not None and _needs(g, above)), None)

    def _same(self, one: Instruction, above: Group | None, base: int) -> Group | None:
        for group in self.groups:
            written = self.written.get(id(group))
            if written is None or written.text.split() != one.text.split():
                continue
            if _needs(group, above) if above is not None else base == _SCRATCH:
                return group
        return None


def _needs(group: Group, other: Group) -> bool:
    digests = {v.digest for v in other.members}
    return any(digest in digests for v in group.members for digest in v.inputs)


def _bare(start: Instruction | None) -> list[str]:
    """FROM without the stage's name."""
    words = start.text.split() if start else []
    return words[:-2] if len(words) > 2 and words[-2].upper() == "AS" else words


def _no_step(one: Instruction) -> bool:
    return one.keyword == "WORKDIR" and one.rest.strip("\"'") == "/"

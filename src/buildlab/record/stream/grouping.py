"""Which vertexes make up which step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from buildlab.record.steps import StepKey
from buildlab.record.stream.vertex import Vertex
from buildlab.record.style import Phase


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands in the Dockerfile; `lines` is None where no line of it makes the step."""

    key: StepKey
    total: int
    lines: tuple[int, int] | None = None
    order: int = -1
    """The number of its stage in the file; -1 where that isn't known."""


@dataclass(frozen=True, slots=True)
class Group:
    """A step: its vertexes, of which `core` decide the state.

    `COPY --link` is a copy and a merge, `ADD URL` a download and a copy. The copy decides: a
    merge onto another base moves no file, and a download that is only checked is no miss.
    """

    key: StepKey
    total: int
    instruction: str
    platform: str
    members: tuple[Vertex, ...]
    core: tuple[Vertex, ...]
    lines: tuple[int, int] | None = None
    order: int = -1
    elsewhere: tuple[Place, ...] = ()
    """The other places of the same work: equal steps of several stages are one vertex."""

    def phase(self, *, ended: bool) -> Phase:
        """The state by now; `ended` is whether the build is over, so that nothing waits.

        A step that was stopped before its end, because another failed or the client went away,
        was not reached.
        """
        if any(v.failed for v in self.members):
            return "failed"
        if not ended and any(v.running for v in self.members):
            return "running"
        if not all(v.done or v.cached for v in self.core):
            stopped = ended or any(v.canceled for v in self.members)
            return "not reached" if stopped else "waiting"
        return "cached" if all(v.cached for v in self.core) else "ran"


def group(vertexes: Sequence[Vertex]) -> tuple[Group, ...]:
    """Fold vertexes into steps, in the order of the Dockerfile as far as the names tell it.

    Vertexes of one `[stage i/n]` belong together: progress groups tie only some of them. Where a
    named context replaced a base image, BuildKit reports no FROM and counts from one too few:
    the context's vertex becomes the FROM, so that a step has the same key in every engine.
    """
    by_key: dict[StepKey, list[Vertex]] = {}
    for vertex in vertexes:
        if vertex.parsed.kind == "step":
            by_key.setdefault(StepKey(vertex.parsed.stage, vertex.parsed.index), []).append(vertex)
    bases = {v.digest: v for v in vertexes if v.parsed.kind == "base"}
    groups: list[Group] = []
    for stage in {k.stage: None for k in by_key}:
        keys = sorted(k for k in by_key if k.stage == stage)
        base = _replaced_base(keys, by_key, bases)
        for key in keys:
            shifted = StepKey(stage, key.index + 1) if base else key
            groups.extend(_group(shifted, members) for members in _apart(by_key[key]))
        if base and base.digest in bases:
            groups.append(_from(bases.pop(base.digest), groups[-1]))
    return _ordered(_without_lone_name(groups))


def _apart(members: Sequence[Vertex]) -> list[list[Vertex]]:
    """Vertexes of one `[stage i/n]` that are steps of two stages of that name.

    Those of one step have one text, and feed each other.
    """
    parts: list[list[Vertex]] = []
    for vertex in members:
        tied = [p for p in parts if any(_tied(vertex, other) for other in p)]
        parts = [p for p in parts if p not in tied]
        parts.append([*(v for p in tied for v in p), vertex])
    return parts


def _tied(a: Vertex, b: Vertex) -> bool:
    return a.parsed.text == b.parsed.text and (a.digest in b.inputs or b.digest in a.inputs)


def _without_lone_name(groups: Sequence[Group]) -> Sequence[Group]:
    """A single unnamed stage has no name: BuildKit calls it stage-0 where a RUN has a mount."""
    if {g.key.stage for g in groups} != {"stage-0"}:
        return groups
    return [replace(g, key=StepKey("", g.key.index)) for g in groups]


def _replaced_base(
    keys: Sequence[StepKey],
    by_key: Mapping[StepKey, Sequence[Vertex]],
    bases: Mapping[str, Vertex],
) -> Vertex | None:
    """The named context that the first step of a stage builds upon, in place of a FROM."""
    first, last = by_key[keys[0]], by_key[keys[-1]][0].parsed
    if keys[0].index != 1 or last.index != last.total - 1:
        return None
    return next((bases[v.inputs[0]] for v in first if v.inputs and v.inputs[0] in bases), None)


def _from(base: Vertex, sibling: Group) -> Group:
    key = StepKey(sibling.key.stage, 1)
    text = f"FROM {base.parsed.text}"
    return Group(key, sibling.total, text, sibling.platform, (base,), (base,))


def _group(key: StepKey, members: Sequence[Vertex]) -> Group:
    name = next((v.parsed for v in members if not v.parsed.link), members[0].parsed)
    return Group(key, name.total, name.text, name.platform, tuple(members), _core(members))


def _core(members: Sequence[Vertex]) -> tuple[Vertex, ...]:
    """All members but merges, and but what only feeds another member."""
    kept = [v for v in members if not v.parsed.link] or list(members)
    feeding = {digest for v in kept for digest in v.inputs}
    return tuple(v for v in kept if v.digest not in feeding) or tuple(kept)


def _ordered(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Stages after the stages that they need, else as announced (BuildKit announces backwards)."""
    # A FROM says nothing of the order, since stages may share one.
    froms = {g.key for g in groups if g.instruction.startswith("FROM ")}
    owner = {v.digest: g.key.stage for g in groups if g.key not in froms for v in g.members}
    waiting: dict[str, set[str]] = {}
    for found in sorted(groups, key=lambda g: g.key in froms):
        needs = waiting.setdefault(found.key.stage, set())
        needs |= _stages_below(found, owner) - {found.key.stage}
    waiting = dict(reversed(waiting.items()))
    rank: dict[str, int] = {}
    while waiting:
        free = (stage for stage, needs in waiting.items() if needs <= rank.keys())
        ready = next(free, next(iter(waiting)))
        rank[ready] = len(rank)
        del waiting[ready]
    return tuple(sorted(groups, key=lambda g: (rank[g.key.stage], g.key.index)))


def _stages_below(found: Group, owner: Mapping[str, str]) -> set[str]:
    return {owner[d] for v in found.members for d in v.inputs if d in owner}

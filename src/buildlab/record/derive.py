"""Figures that follow from a record: where the time went, what could not be shortened, misses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from buildlab.record.model import BuildRecord
from buildlab.record.steps import Internal, Interval, State, Step, StepKey

_TRANSFER: Final = frozenset({"definition", "dockerignore", "context", "remote context"})
_CONTEXTS: Final = frozenset({"context", "remote context"})
_LOOKUP: Final = frozenset({"metadata", "cache import"})
_EXPORT: Final = frozenset({"export", "cache export"})
_BEFORE: Final = frozenset({"definition", "dockerignore"}) | _LOOKUP
_OURS: Final = "client"
"""Work of the client that only serves the record; counted nowhere but in `wall_s`."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Where the time of one build went, in seconds.

    `wall_s` is what the user waited, by the client's clock; all else is BuildKit's. The parts
    are sums over what worked, so that with parallel work they exceed the wall time.
    """

    wall_s: float
    total_work_s: float
    """All parts together."""
    cached_s: float
    """Cached steps: looking up keys, fetching what is needed."""
    ran_s: float
    """Steps that ran, failed, or were stopped."""
    transfer_s: float
    """Dockerfile, .dockerignore, build context: from the client, or from where it is fetched."""
    export_s: float
    """Image and cache export."""
    metadata_s: float
    """Looking up and fetching base images, which is neither cached nor a miss; imported caches."""
    critical_path_s: float
    """See `critical_path`."""
    parallelism: float
    """Work per time at work: 1.0 where nothing ran beside anything else."""


def totals(record: BuildRecord) -> Totals:
    """Where the time of this build went."""
    steps = [s for s in record.steps if s.cacheable]
    cached = sum(s.duration_s for s in steps if s.state is State.CACHED)
    ran = sum(s.duration_s for s in steps if s.state is not State.CACHED)
    bases = sum(s.duration_s for s in record.steps if not s.cacheable)
    internals = [i for i in record.internals if i.kind != _OURS]
    by_kind = {kinds: _sum(internals, kinds) for kinds in (_TRANSFER, _LOOKUP, _EXPORT)}
    work = cached + ran + bases + sum(i.duration_s for i in internals)
    every = [x for s in record.steps for x in s.intervals]
    busy = measure([*every, *(x for i in internals for x in i.intervals)])
    return Totals(
        wall_s=record.wall_s,
        total_work_s=work,
        cached_s=cached,
        ran_s=ran,
        transfer_s=by_kind[_TRANSFER],
        export_s=by_kind[_EXPORT],
        metadata_s=by_kind[_LOOKUP] + bases,
        critical_path_s=_path(record)[1],
        parallelism=work / busy if busy > 0 else 1.0,
    )


def critical_path(record: BuildRecord) -> tuple[StepKey, ...]:
    """The chain of steps, each an input of the next, whose durations add up to the most.

    Its length in seconds (`Totals.critical_path_s`) counts, besides these steps: the transfer
    of the context, where it comes before the chain's first step that reads it and takes longer
    than the steps before; the work before any step (Dockerfile, .dockerignore, image and cache
    metadata) and the exports after the last one. More cores can't make the build shorter than
    that; gaps between steps are not in it.
    """
    return _path(record)[0]


def no_op_s(record: BuildRecord) -> float:
    """What this build would have taken, at most, with all cacheable steps cached.

    The wall time without the time in which nothing worked but cacheable steps that were not
    cached. An upper bound: with nothing new to export the export is shorter, too.
    """
    worked = [s for s in record.steps if s.cacheable and s.state is not State.CACHED]
    missed = [x for s in worked for x in s.intervals]
    others = [x for s in record.steps if s not in worked for x in s.intervals]
    others += [x for i in record.internals for x in i.intervals]
    saved = measure([*missed, *others]) - measure(others)
    return max(0.0, record.wall_s - saved)


def misses(record: BuildRecord) -> tuple[Step, ...]:
    """The cacheable steps that ran."""
    return tuple(s for s in record.work if s.cacheable and s.state is State.RAN)


def measure(intervals: Iterable[Interval]) -> float:
    """Seconds covered by at least one of the intervals."""
    covered, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _sum(internals: Iterable[Internal], kinds: frozenset[str]) -> float:
    return sum(i.duration_s for i in internals if i.kind in kinds)


def _path(record: BuildRecord) -> tuple[tuple[StepKey, ...], float]:
    context_s = max((i.duration_s for i in record.internals if i.kind in _CONTEXTS), default=0.0)
    lengths: dict[StepKey, float] = {}
    before: dict[StepKey, StepKey | None] = {}
    steps = {s.key: s for s in record.steps}
    for key in _inputs_first(steps):
        step = steps[key]
        known = [i for i in step.inputs if i in lengths]
        longest = max(known, key=lambda i: lengths[i], default=None)
        start = lengths[longest] if longest is not None else 0.0
        if step.reads_context and context_s > start:
            longest, start = None, context_s
        lengths[key], before[key] = start + step.duration_s, longest
    last = max(lengths, key=lambda k: lengths[k], default=None)
    around = [i for i in record.internals if i.kind in _BEFORE]
    after = [i for i in record.internals if i.kind in _EXPORT]
    whole = sum(measure(x for i in part for x in i.intervals) for part in (around, after))
    whole += lengths[last] if last is not None else 0.0
    chain: list[StepKey] = []
    while last is not None:
        chain.append(last)
        last = before[last]
    return tuple(reversed(chain)), whole


def _inputs_first(steps: Mapping[StepKey, Step]) -> list[StepKey]:
    """Keys in an order in which inputs come first; each once, also if the graph has a loop."""
    done: dict[StepKey, None] = {}
    for root in steps:
        todo = [(root, False)]
        entered: set[StepKey] = set()
        while todo:
            key, leaving = todo.pop()
            if leaving:
                done[key] = None
            elif key not in done and key not in entered and key in steps:
                entered.add(key)
                todo.append((key, True))
                todo.extend((i, False) for i in steps[key].inputs)
    return list(done)

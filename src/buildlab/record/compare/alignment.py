"""Which step of one build is which of another: by stage and by what the steps are.

A function of two sequences of steps, nothing else. A step's number changes with every line above
it, a stage's name with a word, a vertex digest with every input: none of these says that two steps
are the same one. First stages find each other, then the steps in them: equal texts in order, equal
texts out of order (moved), then what lies between two matched ones and is alike (changed); last,
what went to another stage.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from buildlab.record.compare.likeness import Words, alike, equal, subject, words
from buildlab.record.steps import Step

ALIKE = 0.45
"""From here on, two steps at one place are one step that changed."""
MUCH_ALIKE = 0.75
"""The same, wherever they stand."""
_STAGES_ALIKE = 0.25
_UNNAMED = re.compile(r"(?:\S+/\S+ ?)?(?:stage-\d+)?")
_WEIGHT = {"RUN": 1.2, "COPY": 1.0, "ADD": 1.0}
"""What stays in place when two lines swap places: the more telling one."""

Score = Callable[[int, int], float]


class Pair(NamedTuple):
    """One step in two builds. `a` or `b` is None where a build has no such step."""

    a: Step | None
    b: Step | None
    moved: bool = False


class Places(NamedTuple):
    """A pair as places in the two sequences."""

    a: int | None
    b: int | None
    moved: bool = False


def matched(a: Sequence[Step], b: Sequence[Step]) -> tuple[Pair, ...]:
    """The steps of two builds side by side, in the order of `b`.

    Every step of either is in one pair. What only `a` has comes after what it followed there.
    """
    return tuple(
        Pair(None if p.a is None else a[p.a], None if p.b is None else b[p.b], p.moved)
        for p in _places(a, b)
    )


def merged(builds: Sequence[Sequence[Step]]) -> list[tuple[Step | None, ...]]:
    """The steps of any number of builds: a row for each step, with a place for each build."""
    rows: list[list[Step | None]] = [[step] for step in (builds[0] if builds else ())]
    for done, later in enumerate(builds[1:], 1):
        known = [_shown(row) for row in rows]
        # Turned round, so that the order of the first build is the one that stays.
        places = [Places(p.b, p.a, p.moved) for p in _places(later, known)]
        rows = [
            [
                *(rows[p.a] if p.a is not None else [None] * done),
                None if p.b is None else later[p.b],
            ]
            for p in places
        ]
    return [tuple(row) for row in rows]


def _shown(row: Iterable[Step | None]) -> Step:
    """A row as a step: its latest text, in the stage where it was first."""
    there = [step for step in row if step is not None]
    return replace(there[-1], key=there[0].key)


def _places(a: Sequence[Step], b: Sequence[Step]) -> list[Places]:
    """The order of arguments must not decide who is who: one of them always goes first."""
    if _signature(b) < _signature(a):
        pairs = [Places(p.b, p.a, p.moved) for p in _Matching(b, a).pairs()]
    else:
        pairs = _Matching(a, b).pairs()
    return _in_order(pairs, a, b)


def _signature(steps: Sequence[Step]) -> list[tuple[str, int, Words]]:
    return [(s.stage, s.key.index, words(s)) for s in steps]


class _Matching:
    """The work on two sequences; `to_b` holds what was found, by places."""

    def __init__(self, a: Sequence[Step], b: Sequence[Step]) -> None:
        self.a, self.b = a, b
        self.words_a, self.words_b = [words(s) for s in a], [words(s) for s in b]
        self.to_b: dict[int, int] = {}
        self.moved: set[int] = set()
        self.free_b = set(range(len(b)))

    def pairs(self) -> list[Places]:
        stages = _stage_pairs(_by_stage(self.a), _by_stage(self.b), self.words_a, self.words_b)
        for ours, theirs in stages:
            self._stage(ours, theirs)
        everywhere = list(range(len(self.a))), list(range(len(self.b)))
        self._anywhere(*everywhere, equal, 0.0)
        self._anywhere(*everywhere, alike, MUCH_ALIKE)
        found = [Places(i, self.to_b.get(i), i in self.moved) for i in range(len(self.a))]
        return found + [Places(None, j) for j in sorted(self.free_b)]

    def _stage(self, ours: Sequence[int], theirs: Sequence[int]) -> None:
        """The steps of two stages that are one."""
        bases = [
            next((i for i in side if ws[i].keyword == "FROM"), None)
            for side, ws in ((ours, self.words_a), (theirs, self.words_b))
        ]
        if bases[0] is not None and bases[1] is not None:
            self._pair(bases[0], bases[1])
        anchors = self._in_turn(self._left(ours), self._free(theirs), self._equal)
        self._anywhere(ours, theirs, equal, 0.0)
        edges = [(-1, -1), *anchors, (len(self.a), len(self.b))]
        for (i, j), (k, m) in pairwise(edges):
            between = [n for n in self._left(ours) if i < n < k]
            beside = [n for n in self._free(theirs) if j < n < m]
            kinds = [
                [ws[n].keyword for n in side]
                for side, ws in ((between, self.words_a), (beside, self.words_b))
            ]
            if kinds[0] == kinds[1]:  # one for one: each was replaced where it stood
                for pair in zip(between, beside, strict=True):
                    self._pair(*pair)
            else:
                self._in_turn(between, beside, self._alike)

    def _equal(self, i: int, j: int) -> float:
        return equal(self.words_a[i], self.words_b[j]) * _WEIGHT.get(self.words_a[i].keyword, 0.8)

    def _alike(self, i: int, j: int) -> float:
        found = alike(self.words_a[i], self.words_b[j])
        return found if found >= ALIKE else 0.0

    def _in_turn(
        self, ours: Sequence[int], theirs: Sequence[int], score: Score
    ) -> list[tuple[int, int]]:
        """The pairs, none of them crossing another, that score most in sum."""
        best = [[0.0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
        for x in range(len(ours) - 1, -1, -1):
            for y in range(len(theirs) - 1, -1, -1):
                one = score(ours[x], theirs[y])
                both = one + best[x + 1][y + 1] if one else 0.0
                best[x][y] = max(both, best[x + 1][y], best[x][y + 1])
        found, x, y = list[tuple[int, int]](), 0, 0
        while x < len(ours) and y < len(theirs):
            one = score(ours[x], theirs[y])
            if one and best[x][y] == one + best[x + 1][y + 1]:
                found.append((ours[x], theirs[y]))
                x, y = x + 1, y + 1
            elif best[x][y] == best[x + 1][y]:
                x += 1
            else:
                y += 1
        for pair in found:
            self._pair(*pair)
        return found

    def _anywhere(
        self,
        ours: Sequence[int],
        theirs: Sequence[int],
        score: Callable[[Words, Words], float],
        least: float,
    ) -> None:
        """Pairs of what is left, the most alike first: these have moved."""
        scored = (
            (score(self.words_a[i], self.words_b[j]), i, j)
            for i in self._left(ours)
            for j in self._free(theirs)
        )
        for one, i, j in sorted(scored, key=lambda found: (-found[0], found[1], found[2])):
            if one > least and i not in self.to_b and j in self.free_b:
                self._pair(i, j)
                if not self._shared(i, j):
                    self.moved.add(i)

    def _shared(self, i: int, j: int) -> bool:
        """Whether only a name changed: of a step that stages share, BuildKit shows one stage."""
        a, b = self.a[i], self.b[j]
        return a.stage != b.stage and (a.keyword == "FROM" or _gaps(self.a, a) or _gaps(self.b, b))

    def _pair(self, i: int, j: int) -> None:
        self.to_b[i] = j
        self.free_b.discard(j)

    def _left(self, ours: Sequence[int]) -> list[int]:
        return [i for i in ours if i not in self.to_b]

    def _free(self, theirs: Sequence[int]) -> list[int]:
        return [j for j in theirs if j in self.free_b]


def _gaps(steps: Sequence[Step], one: Step) -> bool:
    """Whether another stage than this step's lacks the step of that number: it shares one."""
    totals = {s.stage: s.total for s in steps if s.stage != one.stage}
    there = {s.key for s in steps}
    return any(
        one.key.index <= total and replace(one.key, stage=stage) not in there
        for stage, total in totals.items()
    )


def _by_stage(steps: Sequence[Step]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, step in enumerate(steps):
        found.setdefault(step.stage, []).append(place)
    return found


def _stage_pairs(
    a: dict[str, list[int]], b: dict[str, list[int]], words_a: list[Words], words_b: list[Words]
) -> list[tuple[list[int], list[int]]]:
    """The stages that are one: by what they hold, by name, and the last with the last."""
    if len(a) == len(b) == 1:
        return [(next(iter(a.values())), next(iter(b.values())))]
    last_a, last_b = next(reversed(a), None), next(reversed(b), None)
    scored = []
    for x, (name, ours) in enumerate(a.items()):
        for y, (other, theirs) in enumerate(b.items()):
            content = _content([words_a[i] for i in ours], [words_b[j] for j in theirs])
            named = name == other and not _UNNAMED.fullmatch(name)
            if named or content >= _STAGES_ALIKE:
                bonus = 0.5 * named + 0.05 * (name == other)
                bonus += 0.1 * (name == last_a and other == last_b)
                scored.append((content + bonus, -abs(x - y), name, other))
    found: dict[str, str] = {}
    for _, _, name, other in sorted(scored, reverse=True):
        if name not in found and other not in found.values():
            found[name] = other
    if last_a and last_b and last_a not in found and last_b not in found.values():
        found[last_a] = last_b
    return [(a[name], b[other]) for name, other in found.items()]


def _content(a: Sequence[Words], b: Sequence[Words]) -> float:
    """What part of two stages is the same: 0.0 to 1.0."""

    def part(key: Callable[[Words], object]) -> float:
        ours, theirs = (Counter(key(w) for w in side) for side in (a, b))
        return 2 * (ours & theirs).total() / (ours.total() + theirs.total())

    exact = max(part(lambda w: w.shown), part(lambda w: w.written or w.shown))
    return 0.6 * exact + 0.4 * part(subject)


def _in_order(pairs: Sequence[Places], a: Sequence[Step], b: Sequence[Step]) -> list[Places]:
    """In the order of `b`; what it lacks follows what came before it in its stage of `a`."""
    rows = sorted((p for p in pairs if p.b is not None), key=lambda p: p.b or 0)
    for gone in sorted((p for p in pairs if p.b is None), key=lambda p: p.a or 0):
        place = gone.a or 0
        same = [
            at
            for at, p in enumerate(rows)
            if p.a is not None and p.a < place and a[p.a].stage == a[place].stage and not p.moved
        ]
        later = [
            at
            for at, p in enumerate(rows)
            if p.a is not None and p.a > place and a[p.a].stage == a[place].stage
        ]
        rows.insert(same[-1] + 1 if same else later[0] if later else len(rows), gone)
    return rows

"""Which step of one build is which of another: properties first, then what people do to files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildlab.record.compare import matched, merged
from buildlab.record.compare.likeness import words
from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step, StepKey

LINES = (
    "WORKDIR /src", "COPY go.mod go.sum ./", "RUN go mod download", "COPY . .", "COPY cmd cmd",
    "RUN go vet ./...", "RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app", "RUN apt-get update",
    "ADD a.tar /", "RUN true",
)  # fmt: skip
NAMES = ("build", "deps", "stage-1", "")
Stages = list[tuple[str, list[str]]]


def steps(stages: Sequence[tuple[str, Sequence[str]]]) -> tuple[Step, ...]:
    """Steps of some stages, each begun by a FROM where its first line says so."""
    return tuple(
        Step(StepKey(name, index), len(lines), line, State.RAN, source=line)
        for name, lines in stages
        for index, line in enumerate(lines, 1)
    )


def one(*lines: str, name: str = "build") -> tuple[Step, ...]:
    return steps([(name, ["FROM golang:1.27", *lines])])


def told(a: Sequence[Step], b: Sequence[Step]) -> set[tuple[str, str]]:
    """The pairs that aren't the same text at the same number, as texts; ↕ marks a moved one."""
    return {
        (p.a.instruction if p.a else "", (p.b.instruction if p.b else "") + "↕" * p.moved)
        for p in matched(a, b)
        if p.moved or (p.a and p.a.instruction) != (p.b and p.b.instruction)
    }


lines = st.lists(st.sampled_from(LINES), min_size=1, max_size=7)
files = st.lists(st.tuples(st.sampled_from(NAMES), lines), max_size=4, unique_by=lambda s: s[0])


@given(files, files)
def test_every_step_is_in_one_pair(a: Stages, b: Stages) -> None:
    """Of both sides, and in the order of the second."""
    found = matched(steps(a), steps(b))
    assert Counter(p.a for p in found if p.a) == Counter(steps(a))
    assert [p.b for p in found if p.b] == list(steps(b))


@given(files, files)
def test_matching_is_the_same_both_ways(a: Stages, b: Stages) -> None:
    """Who is who doesn't depend on which build is named first."""
    there = {(p.a, p.b, p.moved) for p in matched(steps(a), steps(b))}
    back = {(p.b, p.a, p.moved) for p in matched(steps(b), steps(a))}
    assert there == back


@given(files)
def test_a_build_is_itself(a: Stages) -> None:
    """Each step is paired with itself and none has moved, also where lines are repeated."""
    both = steps(a)
    assert all(p.a is p.b and not p.moved for p in matched(both, both))


@given(files.filter(bool), st.data())
def test_an_inserted_line_leaves_the_others_matched(a: Stages, data: st.DataObject) -> None:
    """Wherever it is inserted, in whatever stage, and whatever is there already."""
    stage = data.draw(st.integers(0, len(a) - 1))
    place = data.draw(st.integers(0, len(a[stage][1])))
    line = data.draw(st.sampled_from((*LINES, "RUN something else")))
    b = [(name, list(some)) for name, some in a]
    b[stage][1].insert(place, line)
    found = matched(steps(a), steps(b))
    assert all(p.b and p.a.instruction == p.b.instruction for p in found if p.a)
    assert [p.b.instruction for p in found if p.b and not p.a] == [line]
    assert not any(p.moved for p in found)
    removed = matched(steps(b), steps(a))
    assert [p.a.instruction for p in removed if p.a and not p.b] == [line]


@given(files.filter(bool), st.data())
def test_a_renamed_stage_is_matched(a: Stages, data: st.DataObject) -> None:
    """A stage with another name holds the same steps."""
    at = data.draw(st.integers(0, len(a) - 1))
    b = [("renamed" if n == at else name, some) for n, (name, some) in enumerate(a)]
    if len({tuple(some) for _, some in a}) == len(a):  # else any of the equal ones will do
        found = matched(steps(a), steps(b))
        assert all(p.a and p.b and p.a.instruction == p.b.instruction for p in found)


BEFORE = one(*LINES[:4], LINES[6])


def test_an_inserted_copy_shifts_nothing() -> None:
    """The steps below it have other numbers, and are the same steps."""
    after = one(LINES[0], LINES[1], "COPY lib/go.mod lib/", *LINES[2:4], LINES[6])
    assert told(BEFORE, after) == {("", "COPY lib/go.mod lib/")}


def test_naive_to_ordered() -> None:
    """The copy of everything has moved below the download; the copy of the lists is new."""
    naive = one(LINES[0], LINES[3], LINES[2], LINES[6])
    assert told(naive, BEFORE) == {("", LINES[1]), (LINES[3], LINES[3] + "↕")}


def test_a_changed_line_is_one_step() -> None:
    """With flags, variables and a new path it is still the compile step."""
    other = "RUN --mount=type=cache,target=/go/pkg/mod go build -trimpath -o /out/server ./cmd/app"
    assert told(BEFORE, one(*LINES[:4], other)) == {(LINES[6], other)}


def test_a_changed_line_and_a_new_one() -> None:
    """The likeness decides which is which."""
    vet, build = "RUN go vet ./...", "RUN go build -o /bin/app ./cmd/app"
    assert told(BEFORE, one(*LINES[:4], vet, build)) == {("", vet), (LINES[6], build)}


def test_a_replaced_line_changed_where_it_stands() -> None:
    """One RUN for one RUN, however unlike."""
    assert told(one("RUN make"), one("RUN ./configure --prefix=/usr")) == {
        ("RUN make", "RUN ./configure --prefix=/usr")
    }


def test_one_stage_becomes_two() -> None:
    """The steps of the single stage are those of the stage that does the same."""
    final = ["FROM scratch", "COPY --from=build /out/app /app"]
    stages = [(s.stage, [s.instruction]) for s in BEFORE]
    build = ("build", [line for _, some in stages for line in some])
    single = steps([("", build[1])])
    assert told(single, steps([build, ("stage-1", final)])) == {("", f) for f in final}


def test_a_step_that_went_to_another_stage() -> None:
    """It is told as moved, not as gone here and new there."""
    apt = "RUN apt-get install -y ca-certificates"
    before = steps([("build", ["FROM golang:1.27", apt, *LINES[:4]]), ("last", ["FROM debian"])])
    after = steps([("build", ["FROM golang:1.27", *LINES[:4]]), ("last", ["FROM debian", apt])])
    assert told(before, after) == {(apt, apt + "↕")}


def test_an_added_stage_takes_no_number_from_another() -> None:
    """BuildKit numbers stages without a name: one in front makes stage-1 of stage-0."""
    last = ["FROM scratch", "COPY --from=build /out/app /app"]
    build = ("build", [s.instruction for s in BEFORE])
    tools = ("tools", ["FROM alpine", "RUN apk add make"])
    before, after = steps([build, ("stage-1", last)]), steps([tools, build, ("stage-2", last)])
    assert told(before, after) == {("", line) for line in tools[1]}


def test_exchanged_stage_names_follow_the_content() -> None:
    """What a stage holds says more than its name."""
    go, web = [s.instruction for s in BEFORE], ["FROM node", "COPY web .", "RUN npm ci"]
    assert told(steps([("a", go), ("b", web)]), steps([("b", go), ("a", web)])) == set()


def test_a_shared_step_has_not_moved() -> None:
    """Of a step that two stages share BuildKit shows one, now of this stage, now of that."""
    first = steps([("api", ["FROM golang:1.27", *LINES[:2], "RUN api"]), ("web", ["RUN web"])])
    shared = [s for s in first if s.stage == "api" and s.key.index < 4]
    other = tuple(
        Step(StepKey("web", s.key.index), 4, s.instruction, s.state, source=s.source)
        for s in shared
    )
    api = Step(StepKey("api", 4), 4, "RUN api", State.RAN)
    web = Step(StepKey("web", 4), 4, "RUN web", State.RAN)
    found = matched((*shared, api, web), (*other, api, web))
    assert all(p.a and p.b and not p.moved for p in found)


def test_expanded_arguments_are_one_step() -> None:
    """The text before expansion decides: `echo $V` is one step whatever V is."""
    a, b = (
        one(*(f"RUN echo {i} {v}" for i in range(9)), f"RUN ./ship {v * 40}") for v in ("v1", "v2")
    )
    a, b = (tuple(Step(s.key, s.total, s.instruction, s.state, source=w) for s, w in zip(
        some, ["FROM golang:1.27", *(f"RUN echo {i} $V" for i in range(9)), "RUN ./ship $V"],
        strict=True)) for some in (a, b))  # fmt: skip
    assert all(p.a and p.b and p.a.key == p.b.key for p in matched(a, b))


def test_a_base_image_is_compared_without_its_digest() -> None:
    """And without the names that Docker Hub adds."""
    assert words(one()[0]) == words(
        Step(StepKey("", 1), 1, f"FROM docker.io/library/golang:1.27@sha256:{'a' * 64}", State.RAN)
    )


@given(st.lists(files, min_size=1, max_size=3))
def test_rows_of_many_builds_hold_every_step_once(builds: list[Stages]) -> None:
    """A row has a place for each build; the first build keeps its order."""
    made = [steps(one) for one in builds]
    rows = merged(made)
    for column, some in enumerate(made):
        assert Counter(row[column] for row in rows if row[column]) == Counter(some)
    assert [row[0] for row in rows if row[0]] == list(made[0])


def record(title: str, some: Sequence[Step]) -> BuildRecord:
    return BuildRecord(title, title, (), ".", "Dockerfile", "", 1.0, 0, tuple(some))


def test_a_matrix_has_a_column_for_a_new_step() -> None:
    """An edit that inserts a line leaves the columns of the others what they were."""
    after = one(LINES[0], LINES[1], "COPY lib/go.mod lib/", *LINES[2:4], LINES[6])
    found = Matrix.from_records(record("a", BEFORE), {"edit": record("b", after)})
    assert len(set(found.steps)) == len(found.steps) == 6
    assert found.labels[StepKey("build", 4)] == LINES[2]
    new = next(k for k in found.steps if found.labels[k] == "COPY lib/go.mod lib/")
    assert found.state("edit", new) is State.RAN
    assert [str(k) for k in found.steps].index("build 5") == 4


@pytest.mark.parametrize("count", [60])
def test_a_large_file_is_matched_soon(count: int) -> None:
    """Sixty stages of ten steps: the work must not grow beyond what a command can wait for."""
    big = [
        (f"s{n}", ["FROM x", *(f"RUN make part{n}-{i}" for i in range(9))]) for n in range(count)
    ]
    renamed = [(f"t{n}", some) for n, (_, some) in enumerate(big)]
    assert told(steps(big), steps(renamed)) == set()

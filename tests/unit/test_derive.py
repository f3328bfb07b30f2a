"""Derived figures, comparisons, matrices, tables, words: from records, without an engine."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from buildlab.record.compare import compare, summary
from buildlab.record.derive import critical_path, measure, misses, no_op_s, totals
from buildlab.record.matrix import Matrix, describe_matrix
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_bytes, format_ratio, format_s, short_instruction
from buildlab.record.steps import Internal, Interval, LogLine, State, Step, StepKey
from buildlab.record.words import (
    describe,
    describe_sizes,
    describe_transfer,
    record_text,
    state_words,
)
from buildlab.show import tables
from buildlab.show.html import comparison_html, matrix_html, record_html
from tests.unit.streams import NAMES, record


def made(*steps: Step, internals: tuple[Internal, ...] = (), wall_s: float = 10.0) -> BuildRecord:
    """A record of these steps."""
    return BuildRecord("id", "made", (), ".", "Dockerfile", "", wall_s, 0, steps, internals)


def step(
    stage: str, index: int, span: tuple[float, float], *inputs: StepKey, context: bool = False
) -> Step:
    """A step that ran in one interval."""
    key = StepKey(stage, index)
    text = f"RUN {key}"
    return Step(key, 9, text, State.RAN, (Interval(*span),), inputs, reads_context=context)


A1, A2, B1, C1 = StepKey("a", 1), StepKey("a", 2), StepKey("b", 1), StepKey("c", 1)
DIAMOND = (
    step("a", 1, (1, 2)),
    step("a", 2, (2, 3), A1, context=True),
    step("b", 1, (2, 6), A1),
    step("c", 1, (6, 7), A2, B1),
)


def test_the_critical_path_is_the_longest_chain() -> None:
    """Of two branches the longer one is critical, with what comes before and after all steps."""
    found = made(
        *DIAMOND,
        internals=(
            Internal("d", "definition", (Interval(0, 0.5),)),
            Internal("m", "metadata", (Interval(0.25, 1),)),
            Internal("x", "export", (Interval(7, 9),)),
            Internal("p", "client", (Interval(9, 20),)),
        ),
    )
    assert critical_path(found) == (A1, B1, C1)
    assert totals(found).critical_path_s == pytest.approx(1 + 6 + 2)


def test_a_slow_context_is_part_of_the_critical_path() -> None:
    """A chain begins at the step that reads the context where its transfer takes longest."""
    found = made(*DIAMOND, internals=(Internal("c", "context", (Interval(0, 9),)),))
    assert critical_path(found) == (A2, C1)
    assert totals(found).critical_path_s == pytest.approx(9 + 1 + 1)


def test_totals_of_parallel_work() -> None:
    """Work is a sum, busy time is counted once, parallelism is their ratio."""
    found = totals(made(*DIAMOND))
    assert found.ran_s == found.total_work_s == 7
    assert found.parallelism == pytest.approx(7 / 6)


def test_an_empty_record_has_totals() -> None:
    """A build that failed before its first step has figures, too."""
    found = totals(made())
    assert (found.total_work_s, found.critical_path_s, found.parallelism) == (0, 0, 1)
    assert critical_path(made()) == ()
    assert describe(made())


def test_a_no_op_costs_what_is_no_missed_step() -> None:
    """Without the time in which only missed steps worked, shared time is kept."""
    found = made(*DIAMOND, internals=(Internal("c", "context", (Interval(1, 2.5),)),), wall_s=8)
    assert no_op_s(found) == pytest.approx(8 - 4.5)
    assert no_op_s(record("service_noop")) == record("service_noop").wall_s
    ratio = no_op_s(record("service_cold")) / record("service_cold").wall_s
    assert ratio < 0.25


@pytest.mark.parametrize("name", NAMES)
def test_figures_of_recorded_builds_are_consistent(name: str) -> None:
    """No chain is longer than all work, no work shorter than its longest step, no time negative."""
    found, kept = totals(record(name)), record(name)
    assert all(value >= 0 for value in dataclasses.astuple(found))
    assert found.critical_path_s <= found.total_work_s + 1e-6
    assert found.critical_path_s >= max((s.duration_s for s in kept.steps), default=0) - 1e-6
    assert found.critical_path_s <= kept.wall_s
    assert found.parallelism >= 1 - 1e-9
    assert 0 < no_op_s(kept) <= kept.wall_s
    path = critical_path(kept)
    for before, after in itertools.pairwise(path):
        assert before in next(s for s in kept.steps if s.key == after).inputs


def test_parallel_stages_are_parallel() -> None:
    """Of two stages that sleep, the longer sleep is critical and the shorter is not."""
    assert [str(k) for k in critical_path(record("parallel_stages"))][-2:] == ["b-2.x 1", "final 2"]
    assert totals(record("parallel_stages")).parallelism > 1.3


def test_measure_counts_overlaps_once() -> None:
    """Overlapping intervals count once."""
    assert measure([Interval(0, 2), Interval(1, 3), Interval(5, 6), Interval(5, 5.5)]) == 4
    assert measure([]) == 0


def test_misses_leave_from_out() -> None:
    """A FROM that ran is no miss."""
    assert [str(s.key) for s in misses(record("service_edit"))] == [
        "build 5",
        "build 6",
        "stage-1 1",
    ]
    assert misses(record("service_noop")) == ()


def test_compare_matches_steps() -> None:
    """Steps are matched by what they are; FROM never counts as changed."""
    found = compare(record("service_cold"), record("service_edit"))
    assert [str(c.key) for c in found.changed] == ["build 3", "build 4"]
    assert found.wall_ratio and found.wall_ratio > 1
    assert "fast as service_cold" in summary(found)


def test_compare_shows_what_one_build_lacks() -> None:
    """A step that only one build has is there, in the place that its stage gives it."""
    shorter = made(*DIAMOND[:1], *DIAMOND[2:])
    for found in (compare(made(*DIAMOND), shorter), compare(shorter, made(*DIAMOND))):
        assert [c.key for c in found.changes] == [A1, A2, B1, C1]
        assert [c.key for c in found.changed] == [A2]
    assert "(new)" in summary(found)


def test_a_matrix_of_edits() -> None:
    """Rows are edits, columns cacheable steps, and misses are counted."""
    found = Matrix.from_records(
        record("service_noop"),
        {"source": record("service_edit"), "nothing": record("service_noop")},
    )
    assert str(found.steps[0]) == "build 2"
    assert found.miss_counts == {"source": 3, "nothing": 0}
    assert found.state("source", StepKey("build", 6)) is State.RAN
    assert describe_matrix(found) == (
        "Of 6 cacheable steps, 3 ran after source, none ran after nothing."
    )
    with pytest.raises(KeyError):
        found.state("source", StepKey("build", 1))


def test_edits_that_cost_the_same_are_told_together() -> None:
    """The sentence of a matrix names each count once."""
    edited, noop = record("service_edit"), record("service_noop")
    found = Matrix.from_records(noop, {"a": noop, "b": edited, "c": noop, "d": noop})
    assert describe_matrix(found) == (
        "Of 6 cacheable steps, 3 ran after b, none ran after a, c or d."
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.004, "4 ms"), (0.0999, "0.10 s"), (0.25, "0.25 s"), (9.996, "10.0 s"),
     (12.34, "12.3 s"), (59.97, "1 min 00 s"), (65, "1 min 05 s"), (3720, "1 h 02 min"),
     (-2, "−2.00 s")],
)  # fmt: skip
def test_seconds_as_words(seconds: float, text: str) -> None:
    """Durations have three figures at most and no unit overflows."""
    assert format_s(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_180_349, "1.18 MB"), (801e6, "801 MB"),
     (999.6e6, "1 GB"), (21.34e6, "21.3 MB")],
)  # fmt: skip
def test_bytes_as_words(size: float, text: str) -> None:
    """Sizes are decimal, with three figures."""
    assert format_bytes(size) == text


def test_ratios_as_words() -> None:
    """Ratios have two or three figures."""
    assert [format_ratio(x) for x in (12.34, 2.34, 0.85, float("inf"))] == [
        "12×", "2.3×", "0.85×", "∞×"
    ]  # fmt: skip


def test_instructions_are_shortened() -> None:
    """One line, cut between words, FROM without digest and without Docker Hub's full name."""
    assert (
        short_instruction("FROM docker.io/library/golang:1@sha256:ab12 AS x")
        == "FROM golang:1 AS x"
    )
    assert short_instruction("RUN echo " + "x" * 99) == "RUN echo …"
    assert short_instruction("RUN a bb ccc", 11) == "RUN a bb …"
    assert short_instruction("RUN a &&     b\n c") == "RUN a && b c"
    mounts = "--mount=type=cache,target=/a --mount=type=cache,target=/b"
    assert short_instruction(f"RUN {mounts} go build ./...") == "RUN --mount… go build ./..."


def test_every_recorded_build_can_be_described() -> None:
    """Each build gives one line of text, and the failed ones say why, with more below it."""
    for name in NAMES:
        sentence = describe(record(name))
        assert record_text(record(name)).splitlines()[0] == sentence
        assert "\n" not in sentence
        assert ("failed" in sentence) == (not record(name).ok)


def test_sizes_in_a_sentence() -> None:
    """The largest is named first, with its ratio to the smallest; without sizes it says so."""
    both = {"slim": record("service_cold"), "fat": record("single_stage")}
    assert "fat 77.2 MB, slim 1.18 MB; fat is 65× as large as slim" in describe_sizes(both)
    alike = describe_sizes({"slim": both["slim"], "same": both["slim"]})
    assert "1.18 MB; no difference worth a figure" in alike
    assert " as large as " not in alike
    assert describe_sizes({"none": record("failed_run")}) == "No image size is known."


def test_transfers_in_a_sentence() -> None:
    """The build that sent most is named first, then the one that sent least."""
    both = {"small": record("service_edit"), "large": record("context_40_mb")}
    assert describe_transfer(both).startswith("Of 2 builds, large sent 40 MB in ")
    assert "small sent 226 B in" in describe_transfer(both)
    assert describe_transfer({}) == "No builds."


def test_recorded_builds_say_so_in_words_and_html() -> None:
    """A sentence or table of a replayed build says that it was recorded."""
    old = dataclasses.replace(record("service_edit"), recorded="recorded on 2026-01-01")
    found = Matrix.from_records(old, {"x": old})
    both = compare(old, old)
    sentences = (describe(old), describe_matrix(found), summary(both))
    pages = (record_html(old), matrix_html(found), comparison_html(both))
    for text in (*sentences, *pages, describe_sizes({"a": old})):
        assert "recorded on 2026-01-01" in text


def test_states_table_holds_only_facts() -> None:
    """The table that lessons are compared by has no time, no digest, no FROM."""
    frame = tables.states(record("service_edit"))
    assert list(frame.columns) == ["instruction", "state"]
    assert list(frame.index)[:2] == ["build 2", "build 3"]
    assert "sha256" not in frame.to_string()
    assert list(frame["state"]) == ["cached", "cached", "cached", "ran", "ran", "ran"]


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_build_has_tables(name: str) -> None:
    """All tables exist for every build, also for one that failed before its first step."""
    found = record(name)
    assert len(tables.steps(found)) == len(found.steps)
    assert len(tables.internals(found)) == len(found.internals)
    assert len(tables.layers(found)) == len(found.layers)
    assert list(tables.totals(found, found)["misses"]) == [len(misses(found))] * 2
    assert len(tables.states(found)) == len(found.states())
    assert len(tables.comparison(found, found)) == len(found.work)
    frame = tables.matrix(Matrix.from_records(found, {"same": found}))
    assert frame.loc["same", "steps that ran"] == len(misses(found))


def test_no_table_of_nothing_fails() -> None:
    """Totals of no builds is an empty table."""
    assert tables.totals().empty


def test_layers_table_names_the_step() -> None:
    """Each layer of an image is listed with the step that made it."""
    frame = tables.layers(record("single_stage"))
    assert list(frame["step"]) == ["1", "1", "1", "2", "3", "4"]


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_build_has_html(name: str) -> None:
    """HTML holds each instruction, escaped, a word for each state, and the error."""
    found = record(name)
    page = record_html(found)
    assert "<<EOF" not in page
    assert page.count("<tr>") >= len(found.steps)
    for one in found.steps:
        if one.cacheable:
            assert state_words(one) in page
    if found.failure and found.failure.excerpt:
        assert "&gt;&gt;&gt;" in page
    both = compare(found, found)
    assert comparison_html(both).count("← changed") == 0


def test_output_is_whole_lines() -> None:
    """A step's output is its pieces as one text; the next step's begins on a line of its own."""
    pieces = ((LogLine(0, 1, "be"), LogLine(1, 1, "gun\n")), (LogLine(2, 2, "no end"),), ())
    steps = [
        Step(StepKey("", n), 4, "RUN x", State.RAN, logs=logs)
        for n, logs in enumerate((*pieces, (LogLine(3, 1, "last\n"),)), 1)
    ]
    assert steps[0].output == "begun\n"
    assert made(*steps).output == "begun\nno end\nlast"

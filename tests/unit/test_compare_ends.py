"""How two builds ended, and what went wrong in one of them: no step is called what it isn't."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from buildlab.cli import main
from buildlab.record import store
from buildlab.record.compare import compare, plain, summary
from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.steps import BuildWarning, StepKey
from buildlab.show import tables
from buildlab.show.html import comparison_html, matrix_html, record_html
from tests.unit.test_compare import GOOD, LEFT, RAN, build, failed

STOPPED = build(("COPY a /", RAN, 0.1), ("RUN go build", LEFT, 3.0), ("RUN last", LEFT, 0.0))
STOPPED = dataclasses.replace(STOPPED, title="short", exit_code=130)
FULL = dataclasses.replace(GOOD, id="full", title="full", suspect=(StepKey("build", 2),))


def printed(a: BuildRecord, b: BuildRecord, folder: Path, out: pytest.CaptureFixture[str]) -> str:
    """What `buildlab compare` prints of two records."""
    for name, record in (("a", a), ("b", b)):
        store.save(record, folder / f"{name}.json")
    with pytest.raises(SystemExit):
        main(["compare", str(folder / "a.json"), str(folder / "b.json")])
    return out.readouterr().out


def test_beside_a_build_without_steps_nothing_is_new_or_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It failed before its first step, so which steps it has isn't known."""
    none = dataclasses.replace(failed("line 1: unknown instruction"), steps=())
    for pair in ((none, GOOD), (GOOD, none)):
        told = printed(*pair, tmp_path, capsys)
        assert "absent: broken got to no step" in told
        assert not {"+", "−"} & set(told)
        assert {c["status"] for c in plain(compare(*pair))["changes"]} == {"not known"}
        assert '<td class="long">not known</td>' in comparison_html(compare(*pair))
        assert set(tables.comparison(*pair)["edit"]) == {"not known"}


def test_a_step_that_was_stopped_is_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was at work, so it was reached: in the sentence, in each table, in a matrix."""
    assert "RUN go build (stopped → ran), RUN last (not reached → ran)" in summary(
        compare(STOPPED, GOOD)
    )
    told = printed(GOOD, STOPPED, tmp_path, capsys)
    assert "– stopped 3.00 s" in told
    assert told.count("– not reached") == 1
    assert "stopped" in comparison_html(compare(GOOD, STOPPED))
    assert list(tables.comparison(GOOD, STOPPED)["short"]) == ["ran", "stopped", "not reached"]
    assert list(tables.states(STOPPED)["state"]) == ["ran", "stopped", "not reached"]
    grid = Matrix.from_records(GOOD, {"edit": STOPPED})
    assert [grid.word("edit", key) for key in grid.steps] == ["ran", "stopped", "not reached"]
    assert "stopped" in matrix_html(grid)
    assert "stopped" in set(tables.matrix(grid).iloc[0])


def test_a_suspect_step_is_marked_in_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it made may be cut short: that is told where the step is, not in a sentence alone."""
    told = printed(GOOD, FULL, tmp_path, capsys)
    assert "suspect in full, where no space was left: RUN go build" in told
    assert "ran 9.00 s (suspect)" in told
    assert told.count("(suspect)") == 1
    assert "(suspect)" in comparison_html(compare(GOOD, FULL))
    with pytest.raises(SystemExit):
        main(["show", str(tmp_path / "b.json")])
    assert "ran (suspect)" in capsys.readouterr().out
    assert "(suspect)" in record_html(FULL)
    assert list(tables.steps(FULL)["state"]) == ["ran", "ran (suspect)", "ran"]


def test_a_fault_of_one_build_only_is_told() -> None:
    """A cache import that failed explains much; one that failed in both explains nothing."""
    said = "nothing was imported from r/x:c, and the build did without"
    warnings = (
        BuildWarning("cache import", f"{said}: dial tcp 1"),
        BuildWarning("Check", "m", "u"),
    )
    a = dataclasses.replace(GOOD, id="a", title="one", warnings=warnings)
    b = dataclasses.replace(GOOD, id="b", title="two")
    for pair in ((a, b), (b, a)):
        assert f"in one only: cache import: {said}" in summary(compare(*pair))
        assert "Check" not in summary(compare(*pair))
        assert len(plain(compare(*pair))["warnings"]) == 1
    again = (BuildWarning("cache import", f"{said}: dial tcp 2"),)
    assert "only:" not in summary(compare(a, dataclasses.replace(b, warnings=again)))


def test_flags_are_read_as_docker_reads_them() -> None:
    """Joined short ones, switches before values, a switch that is switched off."""
    words = ("docker", "buildx", "build")
    typed = ("-qtx", "--rm", "--build-arg", "A=1", "--pull=false", "-fD", "--iidfile", "i", ".")
    a, b = (dataclasses.replace(GOOD, id=n, command=(*words, *w)) for n, w in
            (("a", ("-f", "D", ".")), ("b", typed)))  # fmt: skip
    assert [str(d) for d in compare(a, b).asked] == [
        "--rm: (none) → given",
        "--build-arg A: (none) → 1",
    ]


def test_where_only_flags_differ_the_steps_are_told_of() -> None:
    """An argument that no step uses changes no step, and that is said."""
    words = ("docker", "buildx", "build")
    a, b = (
        dataclasses.replace(GOOD, id=n, command=(*words, "--build-arg", f"NOPE={n}", "."))
        for n in "ab"
    )
    told = summary(compare(a, b))
    assert "asked for: --build-arg NOPE: a → b; no instruction changed, and every step" in told


def test_a_failure_is_named_by_the_text_that_failed() -> None:
    """Not by what took its place: the second build's instruction did not fail in the first."""
    mended = build(("COPY a /", RAN, 0.1), ("RUN go build -o x", RAN, 2.0), title="ok")
    assert "broken failed after 3.00 s at RUN go build, ok" in summary(compare(failed(), mended))

"""What a comparison says: of the steps, of how the builds ended, of what they were asked for."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from buildlab.cli import main
from buildlab.record import store
from buildlab.record.compare import compare, plain, summary
from buildlab.record.compare.changes import word_diff
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Failure, Interval, State, Step, StepKey
from buildlab.show.html import comparison_html
from buildlab.show.tables import comparison
from tests.unit import factory

RAN, CACHED, FAILED, LEFT = State.RAN, State.CACHED, State.FAILED, State.NOT_REACHED
Row = tuple[str, State, float]
DIGESTS = tuple(f"sha256:{letter * 64}" for letter in "ab")


def build(*rows: Row, title: str = "", wall_s: float = 10.0, **more: object) -> BuildRecord:
    steps = tuple(
        Step(
            StepKey("build", n), len(rows), text, state, (Interval(0.0, s),) * (s > 0), source=text
        )
        for n, (text, state, s) in enumerate(rows, 1)
    )
    made = BuildRecord(
        f"id-{title}-{wall_s}", title, ("docker", "buildx", "build", "."), ".", "Dockerfile",
        "2026-01-01T00:00:00Z", wall_s, 0, steps,
    )  # fmt: skip
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


def failed(message: str = "exit code: 1", exit_code: int = 1, **more: object) -> BuildRecord:
    return build(
        ("COPY a /", RAN, 0.1), ("RUN go build", FAILED, 2.0), ("RUN last", LEFT, 0.0),
        title="broken", wall_s=3.0, exit_code=exit_code,
        failure=Failure(message, "", StepKey("build", 2)), **more,
    )  # fmt: skip


GOOD = build(("COPY a /", RAN, 0.1), ("RUN go build", RAN, 9.0), ("RUN last", RAN, 0.2), title="ok")


def test_the_steps_that_make_the_difference_are_named() -> None:
    """With their seconds; those that differ by little aren't."""
    a = build(("COPY a /", RAN, 0.1), ("RUN go build", RAN, 0.5), title="with a mount")
    b = build(("COPY a /", RAN, 0.12), ("RUN go build", RAN, 16.4), title="without", wall_s=20)
    said = summary(compare(a, b))
    assert "without took 2.0× as long as with a mount (10.0 s and 20.0 s)" in said
    assert "RUN go build: 0.50 → 16.4 s" in said
    assert "COPY" not in said


def test_a_step_that_was_inserted_changes_no_other() -> None:
    """It is new; the others keep their states and seconds."""
    a, b = GOOD, build(
        ("COPY a /", RAN, 0.1), ("COPY b /", RAN, 0.1), ("RUN go build", RAN, 9.0),
        ("RUN last", RAN, 0.2), title="more",
    )  # fmt: skip
    found = compare(a, b)
    assert [(c.status, c.instruction) for c in found.changes if c.status != "same"] == [
        ("new", "COPY b /")
    ]
    assert "COPY b /: 0.10 s (new)" in summary(found)
    assert "changed state" not in summary(found)
    assert "COPY b /: 0.10 s (gone)" in summary(compare(b, a))
    small = dataclasses.replace(b.steps[1], intervals=())
    quick = dataclasses.replace(b, steps=(b.steps[0], small, *b.steps[2:]))
    assert "new: COPY b /" in summary(compare(a, quick))


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (failed(), "broken failed after 3.00 s at RUN go build, ok took 10.0 s"),
        (failed("the build was interrupted", 130), "broken was interrupted after 3.00 s"),
        (failed("x: stopped after 3 s, waiting"), "broken was stopped by its time limit"),
        (build(*(("RUN x", RAN, 1.0),), title="old", recorded="on a laptop"), "is a recording"),
    ],
    ids=["failed", "interrupted", "timed out", "replayed"],
)  # fmt: skip
def test_no_ratio_where_times_say_nothing(other: BuildRecord, told: str) -> None:
    """Neither in words nor in JSON; what happened is said."""
    for found in (compare(other, GOOD), compare(GOOD, other)):
        assert told.partition(",")[0] in summary(found)
        assert "×" not in summary(found)
        assert plain(found)["wall_ratio"] is None
    assert told in summary(compare(other, GOOD))


def test_states_of_a_failed_build_are_paired() -> None:
    """`failed → ran` is told of the step that failed, and of no other."""
    said = summary(compare(failed(), GOOD))
    assert "RUN go build (failed → ran)" in said
    assert "COPY" not in said


def test_builds_of_one_title_are_told_apart() -> None:
    """Nothing is faster than itself; a record beside itself says so."""
    a, b = (dataclasses.replace(GOOD, id=i, wall_s=w) for i, w in (("x", 10.0), ("y", 2.0)))
    assert "The second was 5.0× as fast as the first" in summary(compare(a, b))
    untitled = (dataclasses.replace(a, title=""), dataclasses.replace(b, title="ok"))
    assert "The second was" in summary(compare(*untitled))
    assert summary(compare(a, a)) == "Both are one record (x): there is nothing to compare."
    assert plain(compare(a, a))["same_record"] is True


def test_nothing_changed_is_said() -> None:
    """Of two builds where no instruction and no state differs."""
    same = dataclasses.replace(GOOD, id="other")
    assert "no instruction changed, and every step had the same state" in summary(
        compare(GOOD, same)
    )


def changed(a: Step, b: Step) -> list[str]:
    pair = (build(title=n, steps=(s,)) for n, s in (("a", a), ("b", b)))
    return [str(d) for d in compare(*pair).changes[0].differences]


def step(text: str, source: str = "", **more: object) -> Step:
    return Step(StepKey("", 2), 2, text, RAN, source=source or text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (step("RUN a -o x ."), step("RUN a --fast -o y ."), ["text: + --fast; x → y"]),
        (step("FROM g:1", base_digest=DIGESTS[0]), step("FROM g:1", base_digest=DIGESTS[1]),
         ["base image g:1: sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb…"]),
        (step("RUN e 1", "RUN e $V", arguments=("V=1",)), step("RUN e 2", "RUN e $V",
         arguments=("V=2",)), ["with its variables: 1 → 2", "argument V: 1 → 2"]),
        (step("RUN e", arguments=("V=1",)), step("RUN e", arguments=("V=1", "W=")),
         ['argument W: (none) → ""']),
        (step("RUN e", environment=("A=x",)), step("RUN e"), ["environment A: x → (none)"]),
        (step("RUN e", settings=("USER=a",)), step("RUN e", settings=("USER=b",)),
         ["USER: a → b"]),
        (step("RUN e"), step("RUN e", settings=("USER=b",)), []),
        (step("RUN <<E (a...)", "RUN <<E\na\nb\nE"), step("RUN <<E (a...)", "RUN <<E\na\nc\nE"),
         ["heredoc: − b; + c"]),
        (step("ADD http://h/f /", fetched=(f"http://h/f {DIGESTS[0]}",)),
         step("ADD http://h/f /", fetched=(f"http://h/f {DIGESTS[1]}",)),
         ["fetched http://h/f: sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb…"]),
        (step("COPY --from=i a /", fetched=(f"docker-image://i {DIGESTS[0]}",)),
         step("COPY --from=i a /", fetched=(f"docker-image://i {DIGESTS[0]}",)), []),
        (step("RUN a &&  b", "RUN a && \\\n b"), step("RUN a &&   b", "RUN a && \\\n  b"),
         ["text: spaces only"]),
        (step("COPY  a /"), step("COPY a /"), []),
        (step("RUN a b", "RUN a `\n b"), step("RUN a c", "RUN a `\n c"), ["text: b → c"]),
        (step("RUN a b", "RUN a \\\n  b"), step("RUN a b"), []),
    ],
    ids=["text", "base", "expanded", "new argument", "environment", "user",
         "a record of before", "heredoc", "fetched", "image", "spaces of a command",
         "spaces", "backticks", "line breaks"],
)  # fmt: skip
def test_what_changed_in_a_step(a: Step, b: Step, told: list[str]) -> None:
    """Before and after, of each kind of change."""
    assert changed(a, b) == told


def test_a_long_text_is_told_by_the_words_that_differ() -> None:
    """Not by the whole of it, and not by more than three places."""
    words = [f"w{n}" for n in range(40)]
    other = [w.upper() if n % 5 == 0 else w for n, w in enumerate(words)]
    assert word_diff(" ".join(words), " ".join(other)) == ("w0 → W0; w5 → W5; w10 → W10; 5 more")


def test_what_was_asked_for() -> None:
    """Flags, arguments and contexts that differ; names of results don't count."""
    base = ("docker", "buildx", "build", "--tag", "x:1")
    a = dataclasses.replace(GOOD, id="a", command=(*base, "--target", "dev", "--load", "."))
    b = dataclasses.replace(
        GOOD, id="b", context="app",
        command=(*base[:-1], "x:2", "--target=prod", "--build-arg", "V=1", "--no-cache", "app"),
    )  # fmt: skip
    assert [str(d) for d in compare(a, b).asked] == [
        "context: . → app", "--target: dev → prod", "--build-arg V: (none) → 1",
        "--no-cache: (none) → given",
    ]  # fmt: skip


def test_json_has_both_sides() -> None:
    """Of the builds and of each step, whichever build has it."""
    told = json.loads(json.dumps(plain(compare(failed(), GOOD))))
    assert [(told[s]["id"], told[s]["title"], told[s]["outcome"]) for s in "ab"] == [
        ("id-broken-3.0", "broken", "failed"), ("id-ok-10.0", "ok", "succeeded"),
    ]  # fmt: skip
    one = told["changes"][1]
    assert (one["key_a"], one["key_b"]) == ("build 2", "build 2")
    assert (one["instruction_a"], one["state_a"], one["state_b"]) == (
        "RUN go build",
        "failed",
        "ran",
    )
    assert (one["duration_a_s"], one["duration_b_s"], one["status"]) == (2.0, 9.0, "same")
    alone = plain(compare(build(("COPY a /", RAN, 0.1), title="less"), GOOD))["changes"][1]
    assert (alone["key_a"], alone["instruction_a"], alone["status"]) == (None, None, "new")


def test_the_state_of_a_base_image_is_nowhere_judged() -> None:
    """It is told in neither words nor JSON, and no mark stands beside it."""
    a, b = (build(("FROM g", s, 1.0), ("RUN x", RAN, 1.0), title=s.value) for s in (RAN, CACHED))
    found = compare(a, b)
    assert "FROM" not in summary(found)
    assert not found.changed
    assert plain(found)["changes"][0]["state_a"] is None
    assert "base image" in comparison_html(found)


LONG = (
    "RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod "
    "CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/orders ./cmd/orders"
)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    """At any width each word of an instruction, a state, a change is whole or left out."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path))
    image = "FROM gcr.io/distroless/static-debian13:nonroot"
    a = build((image, RAN, 0.1), ("COPY . .", RAN, 75.0), (LONG, RAN, 123.0), title="a title " * 9)
    b = build((image, RAN, 0.1), ("COPY go.mod ./", LEFT, 0.0), ("COPY . .", RAN, 75.0),
              (LONG.replace("orders", "prices"), CACHED, 0.0), title="b")  # fmt: skip
    for name, record in (("a", a), ("b", b)):
        store.save(record, tmp_path / f"{name}.json")
    with pytest.raises(SystemExit) as end:
        main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert end.value.code in (0, None)
    table = capsys.readouterr().out.splitlines()[3:]
    known = {w for r in (a, b) for s in r.steps for w in s.instruction.split()}
    mine = [w for line in table for w in line.split() if "/" in w and "→" not in w]
    assert mine and set(mine) <= known
    assert {"not", "reached", "min"} <= {w for line in table for w in line.split()}
    assert all(len(line) <= max(width, 80) for line in table)


def test_a_table_and_a_page_say_what_changed() -> None:
    """In a notebook as on the terminal."""
    a, b = factory.record("a"), factory.one_stage("b")
    page = comparison_html(compare(a, b))
    assert "gone" in page and "text:" in page
    frame = comparison(a, b)
    assert {"gone", "changed"} <= set(" ".join(frame["edit"]).split())
    assert len(re.findall("<tr>", page)) >= len(frame)


def test_what_changed_of_the_image_is_named() -> None:
    """CMD, LABEL and the like are no steps: what differs is told all the same, and only once."""
    a = dataclasses.replace(GOOD, id="a", settings=('CMD=["a"]', "USER=1"))
    b = dataclasses.replace(GOOD, id="b", settings=('CMD=["b"]', "USER=1", "LABEL v=2"))
    assert 'of the image: CMD: ["a"] → ["b"], LABEL v: (none) → 2' in summary(compare(a, b))
    assert "no instruction changed" in summary(compare(dataclasses.replace(a, settings=None), b))


def test_nothing_is_said_of_steps_that_are_not_known() -> None:
    """Two builds that failed before any step: that no instruction changed isn't known."""
    a, b = (dataclasses.replace(GOOD, id=n, steps=(), exit_code=1) for n in "ab")
    told = summary(compare(a, b))
    assert "neither got as far as a step" in told
    assert "no instruction changed" not in told


def test_steps_of_one_text_are_told_apart() -> None:
    """A step of two platforms, or of two stages, is named with its place."""
    one = ("RUN go build -o /out/app .", CACHED, 0.0)
    a = build(one, (one[0], RAN, 9.0), ("RUN true", RAN, 0.1))
    b = build(one, (one[0], CACHED, 0.0), ("RUN true", RAN, 0.1), wall_s=1.0)
    assert "RUN go build -o /out/app . [build 2]: 9.00 s → cached" in summary(compare(a, b))


def test_a_long_image_is_named_by_its_end() -> None:
    """Not by its keyword alone."""
    image = "FROM registry.example.test/a-team/some-project/base-image:1.2.3"
    told = summary(
        compare(build(("RUN a", RAN, 1.0)), build((image, CACHED, 0.0), ("RUN a", RAN, 1.0)))
    )
    assert "base-image:1.2.3" in told


def test_another_commit_is_named() -> None:
    """Of a repository as the context."""
    a, b = (dataclasses.replace(GOOD, id=c, commit=c * 40) for c in "ab")
    assert "commit: aaaaaaaaaaaa → bbbbbbbbbbbb" in summary(compare(a, b))


def test_another_target_has_no_other_base() -> None:
    """Two stages are asked for, so that what each stands on is no change of either."""
    a = dataclasses.replace(GOOD, id="a", settings=("FROM=base", "CMD=a"))
    b = dataclasses.replace(
        GOOD, id="b", settings=("CMD=b",), command=("docker", "buildx", "build", "--target=b", ".")
    )
    told = summary(compare(a, b))
    assert "--target: (none) → b" in told
    assert "of the image: CMD: a → b" in told
    assert "FROM" not in told


def test_line_ends_are_named() -> None:
    """They can't be seen in the lines that differ."""
    lf, crlf = "RUN <<E\na\nb\nE", "RUN <<E\r\na\r\nb\r\nE\r"
    a, b = (step("RUN <<E (a...)", text) for text in (lf, crlf))
    assert changed(a, b) == ["heredoc: line ends: LF → CR LF"]


def test_a_failure_is_named_by_its_step_or_by_its_cause() -> None:
    """The step without its mounts; the first line of the error where no step failed."""
    text = "RUN --mount=type=cache,target=/root/.cache/go-build <<EOT (set -eu...)"
    at = build(
        (text, FAILED, 1.0), exit_code=1, failure=Failure("exit code: 2", "", StepKey("build", 1))
    )
    none = build(exit_code=1, failure=Failure("the 2 images can't be had here:\n  golang"))
    told = summary(compare(none, at))
    assert "the first failed after 10.0 s (the 2 images can't be had here)" in told.lower()
    assert "at RUN <<EOT (set -eu...)" in told
    assert "the first got to no step, so none can be compared" in told
    assert "new:" not in told

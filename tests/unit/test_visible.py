"""Nothing that is shown holds a control character of somebody else's: terminal, HTML, notebook."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from buildlab import cli
from buildlab.basics.visible import escaped, on_one_line, visible
from buildlab.errors import BuildlabError, UsageError
from buildlab.record import store
from buildlab.record.compare import compare, summary
from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.steps import BuildWarning, Failure, LogLine
from buildlab.record.stream.fold import Progress, StepProgress
from buildlab.record.words import describe
from buildlab.setup.doctor.model import Finding, Report, Result
from buildlab.show.html import comparison_html, frame_html, matrix_html, record_html
from buildlab.show.html.doctor import report_html
from buildlab.show.plot.figure import Shown
from buildlab.show.widgets import ask, predict, predict_cells, predict_edits
from buildlab.show.widgets.frame import body_html, head_html, settled_html
from tests.unit import factory

HOSTILE = (
    "\x1b]52;c;b3ducw==\x07",  # sets the clipboard
    "\x1b[2J\x1b[31mred",
    "\x9b2J\x85\x90",
    "over\rwritten\x08\x0b\x0c",
    "txt\u202egpj.exe\u2066\u2069",
    "\u2028line\ufeff",
    "\x00\x7f",
    "bytes\udcff\udc1b",
    "tag\U000e0041",
)
EVIL = "|".join(HOSTILE)


def raw(text: str) -> list[str]:
    """The control characters of a text, newline and tab aside."""
    return [
        c
        for c in text
        if c not in "\n\t"
        and (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\u202e\u2066\u2069\ufeff")
    ]


def evil_record() -> BuildRecord:
    """A failed build whose every text is hostile."""
    made = factory.failed()
    steps = tuple(
        replace(s, instruction=f"RUN {EVIL} {n}", logs=(LogLine(0.0, 1, EVIL),), error=EVIL)
        for n, s in enumerate(made.steps)
    )
    internals = tuple(replace(i, name=EVIL, kind="other") for i in made.internals)
    return replace(
        made, title=EVIL, command=("docker", EVIL), context=EVIL, steps=steps, internals=internals,
        warnings=(BuildWarning(EVIL, EVIL),), failure=Failure(EVIL, EVIL, made.steps[0].key),
        recorded=EVIL,
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_controls_are_shown_and_nothing_is_lost(text: str) -> None:
    """Each control character becomes an escape of its own; all other text stays."""
    shown = visible(f"a {text} ü\tb\n")
    assert raw(shown) == []
    assert shown.startswith("a ")
    assert shown.endswith(" ü\tb\n")
    assert len(re.findall(r"\\(?:x|u|r|t|n)", shown)) >= len(raw(text))
    assert visible(shown) == shown
    assert raw(escaped(text)) == []
    assert "\n" not in on_one_line("a\nb")


def test_text_that_is_shown_can_be_json() -> None:
    """JSON with raw controls that its writer let through is JSON still, and says the same."""
    data = {"title": EVIL.replace("\ud800", "")}
    assert json.loads(visible(json.dumps(data, ensure_ascii=False))) == data


RENDERED: dict[str, Callable[[], str]] = {
    "record": lambda: record_html(evil_record()),
    "comparison": lambda: comparison_html(compare(evil_record(), evil_record())),
    "settled": lambda: settled_html(evil_record(), whole=True),
    "head": lambda: head_html(EVIL, (EVIL,)),
    "live": lambda: body_html(
        Progress(1.0, (StepProgress(factory.k(EVIL, 1), 2, EVIL, "running", 1.0),), (EVIL,))
    ),
    "doctor": lambda: report_html(Report((Finding(EVIL, Result.FAULT, EVIL, EVIL),))),
    "matrix": lambda: matrix_html(Matrix.from_records(evil_record(), {EVIL: evil_record()})),
    "frame": lambda: frame_html(pd.DataFrame({EVIL: [EVIL]}, index=pd.Index([EVIL], name=EVIL))),
    "figure": lambda: Shown(bytes(24), EVIL)._repr_html_(),
    "question": lambda: ask(EVIL, (EVIL,))._repr_html_(),
    "answer": lambda: ask(EVIL, (EVIL,), guess=EVIL).check(EVIL, EVIL)._repr_html_(),
    "cells": lambda: predict_cells(EVIL, (EVIL,), (EVIL,)).check([(EVIL, EVIL)])._repr_html_(),
    "steps": lambda: predict(evil_record(), EVIL)._repr_html_(),
    "predicted": lambda: predict(evil_record(), EVIL, guess=[1]).check(evil_record())._repr_html_(),
    "edits": lambda: predict_edits(evil_record(), {EVIL: []})._repr_html_(),
    "edited": lambda: (
        predict_edits(evil_record(), {EVIL: []}).check({EVIL: evil_record()})._repr_html_()
    ),
    "sentence": lambda: describe(evil_record()),
    "sentences": lambda: summary(compare(evil_record(), evil_record())),
    "traceback": lambda: "\n".join(BuildlabError(EVIL, EVIL)._render_traceback_()),
}


@pytest.mark.parametrize("what", RENDERED)
def test_html_and_sentences_hold_none(what: str) -> None:
    """Tables, live view and sentences of a record with hostile texts hold none of them raw."""
    assert raw(RENDERED[what]()) == []
    assert "52;c;" in RENDERED[what]()


def run(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """All that `buildlab` prints."""
    with pytest.raises(SystemExit):
        cli.main(argv)
    said = capsys.readouterr()
    return said.out + said.err


@pytest.fixture
def record_file(tmp_path: Path) -> str:
    return str(store.save(evil_record(), tmp_path / "evil.json"))


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_records_on_the_terminal(
    record_file: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`show` and `compare` print a hostile record without one control character of it."""
    for argv in (["show", record_file], ["compare", record_file, record_file]):
        said = run([*argv, *more], capsys)
        assert raw(said) == []
        assert "52;c;" in said
        if more:
            assert EVIL in (json.loads(said).get("title"), json.loads(said).get("title_a"))


@pytest.mark.parametrize(
    "argv",
    [["build", f"/no/{HOSTILE[0]}"], [HOSTILE[0]], ["show", f"--{HOSTILE[1]}"], ["show", EVIL],
     ["build", "--timeout", HOSTILE[0], "."], ["claims", "show", HOSTILE[4]],
     ["build", "."  , "--title"], ["handout", HOSTILE[3]]],
    ids=repr,
)  # fmt: skip
def test_errors_that_repeat_what_was_typed(
    argv: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed comes back visible, from us and from typer alike."""
    monkeypatch.setenv("BUILDLAB_REPLAY", "0")
    said = run(argv, capsys)
    assert said
    assert raw(said) == []


@pytest.mark.parametrize(
    "fault",
    [UsageError(EVIL, EVIL), ValueError(EVIL), KeyboardInterrupt(EVIL), OSError(28, EVIL, EVIL)],
    ids=lambda fault: type(fault).__name__,
)
def test_faults_on_the_terminal(
    fault: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a fault says, and its notes, and what a command prints by itself."""
    fault.add_note(EVIL)

    def broken(*_: Any) -> None:
        print(EVIL)
        raise fault

    monkeypatch.setattr(cli, "_run", broken)
    said = run(["show"], capsys)
    assert raw(said) == []
    assert said.count("52;c;") >= 2


SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("argv", [["show"], ["show", "one"], ["--debug", "compare"]])
def test_a_real_terminal_gets_colours_only(record_file: str, argv: list[str]) -> None:
    """On a terminal too, all that is not rich's own colouring is text; in tracebacks as well."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "buildlab", *argv, record_file, f"{record_file}{EVIL[:5]}"]
    done = subprocess.Popen(
        words if len(argv) > 1 else words[:-1], stdout=theirs, stderr=theirs, stdin=theirs
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 65536):
            said += piece
    os.close(ours)
    done.wait()
    text = SGR.sub("", said.decode("utf-8")).replace("\r\n", "\n")
    assert raw(text) == []
    assert "\\x1b" in text

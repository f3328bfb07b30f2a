"""The live view: values change while a build runs, plain HTML stays."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.lib.pretty import pretty

from buildlab.builds import observer
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress, StepProgress
from buildlab.show.widgets import kernel
from buildlab.show.widgets.frame import body_html, head_html
from buildlab.show.widgets.live import TICK_S, LiveView, Stage, Theatre, activate
from tests.unit import factory


class Screen:
    """A display that is none: remembers what was shown, and each update."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def __call__(self, thing: Any, **_: bool) -> Screen:
        self.shown.append(thing)
        return self

    def update(self, thing: Any) -> None:
        self.shown.append(thing)

    @property
    def last_html(self) -> str:
        return str(self.shown[-1].data)


def progress(elapsed_s: float, phase: str = "running") -> Progress:
    step = factory.ROWS[5]
    row = StepProgress(factory.k(step[0], step[1]), step[2], step[3], phase, elapsed_s)  # type: ignore[arg-type]
    return Progress(elapsed_s, (row,), (), 731_000)


def play(stage: Stage, record: BuildRecord) -> None:
    view = LiveView(stage)
    view.started(record.command, record.title)
    view.progressed(progress(1.0))
    view.finished(record)


def test_steps_tick_over_then_settle() -> None:
    """A widget while the build runs, whose values change; the record's HTML afterwards."""
    screen, now = Screen(), [0.0]
    view = LiveView(Stage(screen), clock=lambda: now[0])
    view.started(("docker", "buildx", "build", "."), "first")
    assert view._head.value.startswith("<style>")
    assert "<pre>docker buildx build .</pre>" in view._head.value
    view.progressed(progress(1.0))
    first = view._body.value
    now[0] += TICK_S
    view.progressed(progress(2.0))
    assert view._body.value != first
    assert len(screen.shown) == 1  # values changed, nothing was shown anew
    view.finished(factory.record())
    assert len(screen.shown) == 2
    assert "go mod download" in screen.last_html


def test_values_change_at_most_so_often() -> None:
    """Progress that comes faster than a tick is skipped."""
    now = [0.0]
    view = LiveView(Stage(Screen()), clock=lambda: now[0])
    view.started((), "first")
    view.progressed(progress(1.0))
    before = view._body.value
    now[0] += TICK_S / 2
    view.progressed(progress(2.0))
    assert view._body.value == before


def test_late_progress_changes_nothing() -> None:
    """Events that the reader thread delivers after the end leave the settled view alone."""
    screen = Screen()
    view = LiveView(Stage(screen))
    view.started((), "first")
    view.finished(factory.record())
    view.progressed(progress(9.0))
    assert len(screen.shown) == 2


def test_no_widget_is_left_behind() -> None:
    """After the end all widgets are closed, so that a saved notebook holds none."""
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    play(Stage(Screen()), factory.record())
    assert set(_instances) == before


def test_many_builds_of_a_cell_are_folded_lines() -> None:
    """One or two builds stay in full; of more, each is a line that opens."""
    screen = Screen()
    stage = Stage(screen)
    for n in range(3):
        play(stage, factory.record(f"edit {n}"))
        assert ("<summary>✓" in screen.last_html) == (n == 2)
    assert screen.last_html.count("<summary>✓") == 3


def test_a_failed_build_is_marked_in_its_line() -> None:
    """The line of a failed build carries its own sign."""
    screen = Screen()
    stage = Stage(screen)
    for record in (factory.failed(), factory.record("b"), factory.record("c")):
        play(stage, record)
    assert "✗" in screen.last_html


def test_waiting_says_why() -> None:
    """A build that waits for another says so in its place."""
    screen = Screen()
    view = LiveView(Stage(screen))
    view.waiting("another build is being measured")
    assert "another build is being measured" in view._body.value
    view.started((), "first")
    view.finished(factory.record())
    assert len(screen.shown) == 2


def test_two_builds_at_once_settle_together() -> None:
    """While one build still runs its neighbour's widget stays; then both are plain HTML."""
    screen = Screen()
    stage = Stage(screen)
    one, two = LiveView(stage), LiveView(stage)
    one.started((), "one")
    two.started((), "two")
    one.finished(factory.record("one"))
    assert len(screen.shown) == 1
    two.finished(factory.record("two"))
    assert "one" in screen.last_html
    assert "two" in screen.last_html


def test_markup_is_shown_not_run() -> None:
    """Title, command and instruction are text in the page."""
    evil = "<script>x</script>"
    row = StepProgress(factory.k("", 1), 1, f"RUN {evil}", "running", 1.0)
    shown = head_html(evil, ("docker", evil)) + body_html(Progress(1.0, (row,), (evil,), 0))
    assert "<script>" not in shown


def test_a_base_image_is_not_called_cached() -> None:
    """FROM that is there already is shown as base image."""
    row = StepProgress(factory.k("", 1), 1, "FROM golang", "cached", 0.0)
    shown = body_html(Progress(1.0, (row,), (), 0))
    assert "base image" in shown
    assert "cached</td>" not in shown


def test_cells_have_stages_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds of one run of a cell share a place, those of the next get another."""
    cell = ["a"]
    monkeypatch.setattr(kernel, "cell_id", lambda: cell[0])
    theatre = Theatre(Screen())
    one, two = theatre(), theatre()
    assert one._stage is two._stage
    cell[0] = "b"
    assert theatre()._stage is not one._stage


def test_a_record_is_not_shown_twice_in_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """`build(…)` as a cell's last line: the live view shows the record, the result is silent."""
    cell = ["a"]
    monkeypatch.setattr(kernel, "cell_id", lambda: cell[0])
    screen, record = Screen(), factory.record()
    theatre = Theatre(screen)
    view = theatre()
    view.started((), record.title)
    view.finished(record)
    so_far = len(screen.shown)
    theatre.result(record)
    assert len(screen.shown) == so_far
    cell[0] = "b"
    theatre.result(record)
    assert "go mod download" in screen.shown[-1]["text/html"]


def test_dollars_are_no_formula() -> None:
    """`$A … $B` of an instruction is kept from MathJax, in Lab and in exports."""
    screen = Screen()
    play(Stage(screen), factory.record())
    assert 'class="buildlab buildlab-live mathjax_ignore tex2jax_ignore"' in screen.last_html


def test_outside_a_notebook_nothing_happens() -> None:
    """In a script and in a terminal no observer is registered."""
    before = list(observer._standing)
    activate()()
    assert observer._standing == before


def test_what_has_settled_is_also_told_as_text() -> None:
    """Where no HTML is shown, builds are their sentences, never the name of a Python object."""
    screen = Screen()
    stage = Stage(screen)
    for title in ("first", "second"):
        play(stage, factory.record(title))
    told = pretty(screen.shown[-1])
    assert [line.split(":")[0] for line in told.splitlines()] == ["first", "second"]

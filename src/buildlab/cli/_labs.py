"""Labs on the terminal: rules as they are decided, lists, hints, the debrief, a room's table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from buildlab.cli._aligned import aligned, room
from buildlab.errors import UsageError, spoken
from buildlab.record.phrases import format_s

if TYPE_CHECKING:
    from buildlab.labs.debrief import Debrief
    from buildlab.labs.hints import Given
    from buildlab.labs.model import Lab, Report, Verdict
    from buildlab.labs.progress import LabProgress, Progress
    from buildlab.labs.room import Room

GLYPHS: Final = {"passed": "✓", "failed": "✗", "not graded": "–"}
COLOURS: Final = {"passed": "green", "failed": "red", "not graded": "dim"}


class Screen:
    """What a check tells while it works: a moving line, and each rule when it is decided."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console, self._status = console, status

    def telling(self, text: str) -> None:
        if self._status is not None:
            self._status.update(Text(f"{text} …"))

    def decided(self, verdict: Verdict) -> None:
        for line in verdict_lines(verdict):
            self._console.print(line, soft_wrap=not self._console.is_terminal)


class Silent(Screen):
    """Tells nothing: the answer is JSON."""

    def __init__(self) -> None:
        pass

    def telling(self, text: str) -> None:
        pass

    def decided(self, verdict: Verdict) -> None:
        pass


@contextmanager
def deciding(lab: Lab, *, quiet: bool) -> Iterator[Screen]:
    """A screen for one check."""
    if quiet:
        yield Silent()
        return
    console = Console(emoji=False, highlight=False)
    console.print(Text(lab.title, style="bold"))
    if console.is_terminal:
        with console.status("…") as status:
            yield Screen(console, status)
    else:
        yield Screen(console, None)


def verdict_lines(verdict: Verdict) -> Iterator[Text]:
    """A rule, and below it what was seen, where it doesn't hold."""
    line = Text(f"{GLYPHS[verdict.outcome]} ", style=COLOURS[verdict.outcome])
    line.append(verdict.says, style="" if verdict.passed else "bold")
    yield line
    if verdict.passed:
        return
    for text in verdict.seen.splitlines():
        yield Text(f"    {spoken(text)}")


def print_end(report: Report, *, own: bool) -> None:
    """What came of a check, and what to type next."""
    lab = report.lab
    for note in report.notes:
        print(f"Note: {note}.")
    if not report.passed:
        kept = sum(v.passed for v in report.verdicts)
        print(f"\n{kept} of {len(report.verdicts)} rules hold ({format_s(report.took_s)}).")
        print(spoken(f"Stuck? buildlab labs hint {lab.slug}"))
        return
    print(f"\nPassed ({format_s(report.took_s)}).")
    if own:
        from buildlab.labs import working

        print("Measuring the solution beside yours, once …", flush=True)
        found = working.debriefed(lab)
        print_debrief(found)


def print_debrief(found: Debrief) -> None:
    """What was learnt, figures beside the solution's, what it looks like at work, what is next."""
    console = Console(emoji=False, highlight=False)
    console.print(Text(f"\n{found.lab.learnt}"))
    rows = [
        (Text(title), _figure(found, "yours", title), _figure(found, "solution", title))
        for title in found.shared
    ]
    head = ("build", "yours", "the solution's")
    print()
    for line in aligned(head, rows, flexible=0, right=(), width=room(console)):
        console.print(line, soft_wrap=True)
    if found.recorded:
        print(f"(recorded: {found.recorded})")
    console.print(Text(f"\nAt work: {found.lab.at_work}"))
    print(spoken(f"\nThe solution, and why: buildlab labs solution {found.lab.slug}"))
    if found.next is not None:
        print(spoken(f"Next: buildlab labs begin {found.next.slug}"))


def _figure(found: Debrief, whose: str, title: str) -> Text:
    figures = getattr(found, whose)
    if figures is None or title not in figures.builds:
        return Text("")
    build = figures.builds[title]
    return Text(f"{build.ran} of {build.steps} steps ran, {format_s(build.wall_s)}")


def print_hint(lab: Lab, given: Given) -> None:
    """A rung, and which rule it is for."""
    says = next((r.says for r in lab.rules if r.id == given.rule), "It builds.")
    print(f"{says}\n\n  {spoken(given.text)}\n")
    print(f"Hint {given.rung} of 3.")


def print_list(labs: Sequence[Lab], known: Progress) -> None:
    """All labs, and how far the learner is."""
    console = Console(emoji=False, highlight=False)
    rows = [
        (
            Text(lab.name.partition("_")[0]),
            Text(lab.slug, style="bold"),
            Text(lab.title),
            Text(f"{lab.minutes} min"),
            Text(known.of(lab.name).state),
        )
        for lab in labs
    ]
    head = ("", "lab", "title", "time", "state")
    for line in aligned(head, rows, flexible=2, right=(3,), width=room(console)):
        console.print(line, soft_wrap=True)
    passed = sum(bool(known.of(lab.name).passed) for lab in labs)
    print(f"{passed} of {len(labs)} passed. {spoken('Begin one: buildlab labs begin NAME')}")


def print_diff(text: str) -> None:
    """A diff in its colours."""
    console = Console(emoji=False, highlight=False)
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        console.print(Text(line, style=colours.get(line[:1], "")), soft_wrap=True)


def print_room(found: Room) -> None:
    """A facilitator's table."""
    console = Console(emoji=False, highlight=False)
    rows = [tuple(Text(cell) for cell in row) for row in found.rows()]
    for line in aligned(found.head, rows, flexible=0, right=(1, 2, 3, 4), width=room(console)):
        console.print(line, soft_wrap=True)
    print(str(found))


def draw_room(found: Room, path: Path) -> None:
    """Box plots of minutes, checks and hints, to a picture file."""
    from buildlab.host import outfile
    from buildlab.show.plot import room as plots

    target = outfile.check(path, f"--plot {path}")
    try:
        target.write_bytes(plots.picture(found, target.suffix.lstrip(".") or "png"))
    except ValueError as fault:
        raise UsageError(f"--plot {path}: {fault}", "name a .png, .svg or .pdf file") from fault
    print(f"Drawn: {target}")


def keep(report: Report) -> None:
    """Keep a solution's figures with the lab. Raises UsageError where it doesn't pass."""
    from buildlab.host import outfile
    from buildlab.labs import debrief

    if not report.passed:
        raise UsageError("the solution doesn't pass, so its figures are not kept", "repair it")
    path = debrief.path_of(report.lab)
    text = json.dumps(asdict(debrief.Figures.of(report)), indent=1, ensure_ascii=False)
    outfile.write(path, f"{text}\n")


def lab_data(lab: Lab, known: LabProgress) -> dict[str, Any]:
    """A lab and its progress, for scripts."""
    return {
        "name": lab.name,
        "title": lab.title,
        "minutes": lab.minutes,
        "lesson": lab.lesson,
        "state": known.state,
        "begun": known.begun,
        "passed": known.passed,
        "checks": known.checks,
        "hints": known.hints,
    }


def report_data(report: Report) -> dict[str, Any]:
    """A report, for scripts."""
    return {
        "lab": report.lab.name,
        "passed": report.passed,
        "took_s": round(report.took_s, 3),
        "notes": list(report.notes),
        "verdicts": [
            {
                "rule": v.id,
                "says": v.says,
                "outcome": v.outcome,
                "seen": v.seen,
                "facts": dict(v.facts),
                "builds": list(v.builds),
            }
            for v in report.verdicts
        ],
    }

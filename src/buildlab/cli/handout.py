"""`buildlab handout`: lessons to read, to print and to show, with this machine's figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from buildlab.cli._parts import Parts
from buildlab.errors import BuildlabError, UsageError

if TYPE_CHECKING:
    from buildlab.handout import Kind

out = Console(emoji=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(
        epilog="Examples:  buildlab handout  ·  buildlab handout 01 02 --pdf --paper letter  ·  "
        "buildlab handout --booklet --executed  ·  buildlab handout my_run.ipynb --to ~/paper  ·  "
        "buildlab handout --labs --pdf"
    )(handout)


def handout(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(help="Lessons by number or name, or paths of notebooks; default: all."),
    ] = None,
    *,
    to: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("handouts"),
    html: Annotated[bool, typer.Option("--html", help="A page for each lesson.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="A PDF for each lesson.")] = False,
    booklet: Annotated[
        bool, typer.Option("--booklet", help="All lessons in one page and one PDF, with contents.")
    ] = False,
    slides: Annotated[
        bool, typer.Option("--slides", help="Slides for each lesson, prose as speaker notes.")
    ] = False,
    labs: Annotated[
        bool,
        typer.Option(
            "--labs", help="The labs' task sheets instead, and the facilitator's answers to them."
        ),
    ] = False,
    executed: Annotated[
        bool,
        typer.Option(
            "--executed", help="Execute nothing: take what was saved or kept with all its outputs."
        ),
    ] = False,
    paper: Annotated[str, typer.Option(help="Paper of the PDFs: a4 or letter.")] = "a4",
) -> None:
    """Write lessons as HTML, PDF, booklet and slides, with the figures of this machine.

    Without --html, --pdf, --booklet or --slides: all four. A lesson that was saved with the outputs
    of all its cells is taken as it is, any other is executed first, for real. Executed lessons are
    kept in the folder, below executed/. PDFs need a Chromium or Chrome.
    """
    from buildlab.handout import KINDS, Handouts, make, make_labs
    from buildlab.handout.lessons import find
    from buildlab.labs import reading

    size = paper.lower()
    if size not in ("a4", "letter"):
        raise UsageError(f"no paper {paper!r}", "--paper a4, or --paper letter")
    asked: dict[Kind, bool] = {"html": html, "pdf": pdf, "booklet": booklet, "slides": slides}
    kinds: frozenset[Kind] = frozenset(k for k in KINDS if asked[k]) or frozenset(KINDS)
    if labs and lessons:
        raise UsageError("--labs makes the sheets of all labs, not of lessons", "leave out one")
    sources = find(lessons or [], _root(lessons or []))
    folder = to.expanduser()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder", "--to another folder")
    if any(source.resolve().parent == folder.resolve() for source in sources):
        raise UsageError(
            f"{folder} is where the lessons lie: handouts are not written there", "--to handouts"
        )
    wanted = Handouts(folder, kinds, "letter" if size == "letter" else "a4", not executed)
    with _Told() as told:
        if labs:
            make_labs(reading.read(), wanted, told)
        else:
            make(sources, wanted, told.prepare, told)


def _root(named: list[str]) -> Path:
    """The course, which need not be there where every lesson is named by its path."""
    from buildlab.setup.jupyter import course_root

    try:
        return course_root()
    except UsageError:
        if named and all(Path(name).is_file() for name in named):
            return Path.cwd()
        raise


class _Told:
    """Says what goes on: one moving line on a terminal, a line for each lesson and file."""

    def __init__(self) -> None:
        self._status: Status | None = out.status("…") if out.is_terminal else None
        self._lesson = ""

    def __enter__(self) -> _Told:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._status:
            self._status.stop()

    def prepare(self) -> tuple[str, str, Mapping[str, str]]:
        """What every build needs, as `start` makes it, for the lessons that are executed."""
        from buildlab.handout import machine
        from buildlab.host.settings import tool_env
        from buildlab.setup.prepare import prepare

        if self._status:
            self._status.stop()  # its parts have moving lines of their own
        with Parts(out) as parts:
            words = machine.describe(prepare(parts))
        out.print(f"→ Lessons run on: {escape(words)}")
        if self._status:
            self._status.start()
        return machine.today(), words, tool_env()

    def began(self, lesson: str) -> None:
        self._lesson = lesson
        if not self._status:
            out.print(f"→ {lesson} …")

    def cell(self, number: int, of: int) -> None:
        self._say(f"{self._lesson}: cell {number} of {of}")

    def taken(self, lesson: str, why: str) -> None:
        out.print(f"→ {lesson}: taken as executed ({escape(why)})")

    def failed(self, fault: BuildlabError) -> None:
        out.print("→ failed:", style="bold red", end=" ")
        out.print("\n".join([str(fault), *getattr(fault, "__notes__", ())]), markup=False)

    def wrote(self, path: Path) -> None:
        out.print(f"  {escape(str(path))}")
        self._say(f"after {path.name}")

    def _say(self, text: str) -> None:
        if self._status:
            self._status.update(f"{escape(text)} …")

"""Which lessons, which files: the order in which handouts are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from buildlab.errors import BuildlabError, UsageError
from buildlab.handout import booklet, fragment, lessons, page, pdf, slides
from buildlab.handout.execute import LessonFailed, execute
from buildlab.handout.fragment import Resolve
from buildlab.handout.labs import sheets
from buildlab.handout.lessons import KEPT, Lesson
from buildlab.handout.page import Margins, Paper
from buildlab.handout.render import cells
from buildlab.labs.model import Lab

Kind = Literal["html", "pdf", "booklet", "slides"]
KINDS: Final[tuple[Kind, ...]] = ("html", "pdf", "booklet", "slides")
ENDINGS: Final = {"html": ".html", "pdf": ".pdf", "slides": ".slides.html"}
BOOKLET: Final = "booklet"


class Watching(Protocol):
    """Told what goes on."""

    def began(self, lesson: str) -> None: ...
    def cell(self, number: int, of: int) -> None: ...
    def taken(self, lesson: str, why: str) -> None: ...
    def failed(self, fault: BuildlabError) -> None: ...
    def wrote(self, path: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Handouts:
    """What is wanted: the folder, the kinds of file, the paper of what is printed.

    With `execute` off, only lessons that are executed already are taken: saved with all outputs,
    or left in the folder by an earlier run.
    """

    folder: Path
    kinds: frozenset[Kind] = frozenset(KINDS)
    paper: Paper = "a4"
    execute: bool = True

    @property
    def kept(self) -> Path:
        """Where executed lessons are kept."""
        return self.folder / KEPT


Prepare = Callable[[], tuple[str, str, Mapping[str, str]]]
"""Makes an engine ready: the day, the machine in words, the environment of the kernels."""


def make(sources: Sequence[Path], wanted: Handouts, prepare: Prepare, watching: Watching) -> None:
    """Make the handouts of these notebooks. `prepare` is called only if one has to be executed.

    A lesson that fails is told of at once, and the others are made. Raises BuildlabError at the
    end where a lesson failed or the PDFs could not be printed; what could be made is there.
    """
    if not sources:
        raise UsageError("no lesson to make a handout of", "change into a checkout of buildlab")
    wanted.folder.mkdir(parents=True, exist_ok=True)
    found = [_chosen(path, wanted) for path in sources]
    names = {lesson.name for lesson in found}
    machine: tuple[str, str, Mapping[str, str]] | None = None
    done: list[Lesson] = []
    failed: list[str] = []
    faults: list[BuildlabError] = []
    for lesson in found:
        if lesson.executed:
            watching.taken(lesson.name, lesson.when)
            done.append(lesson)
        else:
            machine = machine or prepare()
            try:
                done.append(_executed(lesson, machine, wanted, watching))
            except LessonFailed as fault:
                fault.add_note(f"what ran is kept in {wanted.kept / lesson.name}.ipynb")
                watching.failed(fault)
                failed.append(lesson.name)
                continue
        faults += _write(done[-1], wanted, names, watching)
    if done and "booklet" in wanted.kinds and len(found) > 1:
        faults += _write_booklet(done, wanted, watching)
    if failed:
        raise LessonFailed(
            f"{len(failed)} of {len(found)} lessons failed: {', '.join(failed)}",
            "mend what is told above, then name these lessons alone: buildlab handout "
            f"{' '.join(failed)}",
        )
    if faults:
        raise faults[0]


def make_labs(labs: Sequence[Lab], wanted: Handouts, watching: Watching) -> None:
    """Write the labs' task sheets, and the facilitator's answers, as pages and PDFs.

    Nothing is executed. Raises BuildlabError where the PDFs could not be printed.
    """
    wanted.folder.mkdir(parents=True, exist_ok=True)
    faults: list[BuildlabError] = []
    for sheet in sheets(labs):
        margins = Margins(sheet.title, "buildlab")
        tree = fragment.parsed(cells(sheet.notebook))
        fragment.lead_links(tree, _beside(wanted, (), "html"))
        if "html" in wanted.kinds:
            text = page.screen_page(sheet.title, str(tree), margins)
            _save(wanted, sheet.name, "html", text, watching)
        if "pdf" in wanted.kinds:
            html = page.print_page(sheet.title, str(tree), margins, wanted.paper)
            faults += _print(html, wanted.folder / f"{sheet.name}.pdf", watching)
    if faults:
        raise faults[0]


def _chosen(path: Path, wanted: Handouts) -> Lesson:
    """The notebook as it lies there, or what an earlier run has kept of it."""
    lesson = lessons.read(path)
    if wanted.execute or lesson.executed:
        return lesson
    kept = wanted.kept / path.name
    if kept.is_file() and (before := lessons.read(kept)).executed:
        return before
    raise UsageError(
        f"{lesson.name} is not executed: {path} lacks outputs, and {kept} is not there or lacks "
        "them too",
        f"execute it: buildlab handout {lesson.name} --to {wanted.folder}",
    )


def _executed(
    lesson: Lesson,
    machine: tuple[str, str, Mapping[str, str]],
    wanted: Handouts,
    watching: Watching,
) -> Lesson:
    """The lesson with the outputs of a run just made; as far as it went, it is kept."""
    when, words, environ = machine
    fresh = replace(lesson, notebook=lessons.stripped(lesson), when=when, machine=words)
    watching.began(lesson.name)
    try:
        execute(fresh.notebook, lesson.name, lesson.path.parent, environ, watching.cell)
    except KeyboardInterrupt as e:
        raise KeyboardInterrupt(
            f"{lesson.name} stopped by Ctrl-C; lessons done so far are in {wanted.kept}"
        ) from e
    finally:
        lessons.keep(fresh, wanted.kept)
    return fresh


def _write(
    lesson: Lesson, wanted: Handouts, names: Iterable[str], watching: Watching
) -> list[BuildlabError]:
    """The files of one lesson; what could not be printed is returned, the rest is written."""
    margins = Margins(lesson.title, f"{lesson.when}, {lesson.machine}")
    if "html" in wanted.kinds:
        tree = fragment.parsed(cells(lesson.notebook))
        fragment.lead_links(tree, _beside(wanted, names, "html"))
        body = page.under_title(str(tree), page.origin(lesson))
        _save(wanted, lesson.name, "html", page.screen_page(lesson.title, body, margins), watching)
    if "slides" in wanted.kinds:
        _save(wanted, lesson.name, "slides", slides.page(lesson), watching)
    if "pdf" not in wanted.kinds:
        return []
    tree = fragment.parsed(cells(lesson.notebook))
    fragment.lead_links(tree, _beside(wanted, names, "pdf"))
    moved = fragment.move_folded(tree, "")
    body = page.under_title(str(tree), page.origin(lesson)) + page.appendix(moved, "answers")
    html = page.print_page(lesson.title, body, margins, wanted.paper)
    return _print(html, wanted.folder / f"{lesson.name}.pdf", watching)


def _write_booklet(
    done: Sequence[Lesson], wanted: Handouts, watching: Watching
) -> list[BuildlabError]:
    path = wanted.folder / f"{BOOKLET}.html"
    path.write_text(booklet.screen(done), "utf-8")
    watching.wrote(path)
    return _print(booklet.paper(done, wanted.paper), wanted.folder / f"{BOOKLET}.pdf", watching)


def _print(html: str, path: Path, watching: Watching) -> list[BuildlabError]:
    try:
        pdf.print_pdf(html, path)
    except BuildlabError as fault:
        fault.add_note(f"everything but PDFs is in {path.parent}")
        return [fault]
    watching.wrote(path)
    return []


def _save(wanted: Handouts, name: str, kind: Kind, text: str, watching: Watching) -> None:
    path = wanted.folder / f"{name}{ENDINGS[kind]}"
    path.write_text(text, "utf-8")
    watching.wrote(path)


def _beside(wanted: Handouts, names: Iterable[str], kind: Kind) -> Resolve:
    """Links to handouts of this run, and to those that lie in the folder already."""

    def resolve(name: str, anchor: str) -> str | None:
        file = f"{name}{ENDINGS[kind]}"
        if name not in names and not (wanted.folder / file).exists():
            return None
        return f"{file}#{anchor}" if anchor and kind == "html" else file

    return resolve

"""`buildlab labs`: exercises, graded by how the answer's builds behave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buildlab.cli import _labs
from buildlab.cli._out import print_json
from buildlab.errors import UsageError, quoted, spoken

if TYPE_CHECKING:
    from buildlab.labs.model import Lab

NOT_PASSED = 1
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="[LAB]",
        help="Its name or number; none where the current folder is a lab's working copy.",
        show_default=False,
    ),
]
group = typer.Typer(no_args_is_help=True, help="Exercises, graded by how your builds behave.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for name, function, example in (
        ("list", list_, "buildlab labs list  ·  buildlab labs list --json"),
        ("begin", begin, "buildlab labs begin late_arguments"),
        ("check", check, "buildlab labs check late_arguments  ·  buildlab labs check 1 --json"),
        ("watch", watch, "buildlab labs watch late_arguments"),
        ("hint", hint, "buildlab labs hint late_arguments"),
        ("solution", solution, "buildlab labs solution late_arguments --give-up"),
        ("reset", reset, "buildlab labs reset late_arguments"),
        ("goto", goto, "buildlab labs goto 4"),
        ("progress", progress, "buildlab labs progress --export me.json --name Ada"),
    ):
        group.command(name, epilog=f"Example:  {example}")(function)
    group.command("pages", hidden=True)(pages)
    app.add_typer(group, name="labs")


def list_(as_json: AsJson = False) -> None:
    """List the labs, and how far you are. Builds nothing."""
    from buildlab.labs import progress as kept
    from buildlab.labs import reading

    labs, known = reading.read(), kept.read()
    if as_json:
        print_json([_labs.lab_data(lab, known.of(lab.name)) for lab in labs])
        return
    _labs.print_list(labs, known)


def begin(name: Name = "", as_json: AsJson = False) -> None:
    """Make a working copy under work/, and say what to do. What is there stays as it is."""
    from buildlab.labs import working

    lab = _named(name)
    copy, made = working.begin(lab)
    if as_json:
        print_json({"lab": lab.name, "made": made, "path": str(copy.path), "file": str(copy.file)})
        return
    print(f"{lab.title} ({lab.minutes} minutes)\n\n{lab.asks}\n")
    for rule in lab.rules:
        print(f"  ○ {rule.says}")
    print(f"\n{'Your copy' if made else 'Your copy, as you left it'}: {copy.path}")
    if not copy.file.exists():
        print(spoken(f"{lab.file} is gone. To begin anew: buildlab labs reset {lab.slug}"))
    print(f"Edit {quoted(copy.file)}, then: {spoken(f'buildlab labs check {lab.slug}')}")


def check(
    name: Name = "",
    answer: Annotated[
        Path | None,
        typer.Option("--answer", help="Grade this folder instead; no progress is noted."),
    ] = None,
    solution: Annotated[
        bool, typer.Option("--solution", help="Grade the kit's own solution.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="With --solution: keep its figures with the lab.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build your answer, change something, build again, and say which rules hold.

    Exit code 1 where one doesn't. Your files are not changed.
    """
    from buildlab.labs import copies, grading, working

    if (solution and answer) or (keep and not solution):
        raise UsageError("--solution, --answer and --keep don't go together like this")
    lab = _named(name, Path.cwd() if answer is None else None)
    with _labs.deciding(lab, quiet=as_json) as screen:
        if solution:
            report = working.check_solution(lab, telling=screen.telling, decided=screen.decided)
        elif answer is not None:
            working.refuse_replay(lab)
            report = grading.check(lab, answer, progress=screen.telling, decided=screen.decided)
        else:
            copy = copies.begun(lab)
            report = working.check(copy, telling=screen.telling, decided=screen.decided)
    if keep:
        _labs.keep(report)
    if as_json:
        print_json(_labs.report_data(report))
    else:
        _labs.print_end(report, own=not (solution or answer))
    if not report.passed:
        raise typer.Exit(NOT_PASSED)


def watch(name: Name = "") -> None:
    """Grade on each save, until Ctrl-C. A newer save ends a check that it makes pointless."""
    from buildlab.cli import _watch
    from buildlab.labs import working

    lab = _named(name)
    working.refuse_replay(lab)
    copy, _ = working.begin(lab)
    _watch.watch(copy)


def hint(name: Name = "", as_json: AsJson = False) -> None:
    """Give the next of three rungs: where to look, which idea, nearly the answer.

    Chosen by what your last check has seen. Builds nothing.
    """
    from buildlab.labs import copies, hints
    from buildlab.labs import progress as kept

    lab = _named(name)
    digest = copies.begun(lab).digest()
    given = hints.next_hint(lab, digest)
    if as_json:
        found = None
        if given is not None:
            found = {"rule": given.rule, "rung": given.rung, "text": spoken(given.text)}
        print_json({"lab": lab.name, "hint": found, "stale": given.stale if given else False})
        return
    if given is None:
        if kept.read().of(lab.name).last:
            print("Nothing failed in your last check, so there is nothing to hint at.")
        else:
            print(spoken(f"A hint rests on a check: buildlab labs check {lab.slug}"))
        return
    if given.stale:
        print("Your files have changed since the check that this rests on.")
    _labs.print_hint(lab, given)


def solution(
    name: Name = "",
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Open it before you have passed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the solution, and why: once you have passed, or with --give-up."""
    from buildlab import replay
    from buildlab.labs import progress as kept
    from buildlab.labs import working

    lab = _named(name)
    if not (give_up or kept.read().of(lab.name).passed):
        raise UsageError(
            f"the solution of {lab.slug} opens once you have passed",
            f"a hint: buildlab labs hint {lab.slug}; "
            f"or: buildlab labs solution {lab.slug} --give-up",
        )
    if give_up and not replay.active():
        kept.gave_up(lab.name)
    text, changes = working.why(lab), working.difference(lab, lab.solution)
    if as_json:
        print_json({"lab": lab.name, "why": text, "diff": changes, "path": str(lab.solution)})
        return
    _labs.print_diff(changes)
    print(f"\n{text}\n\nThe files: {quoted(lab.solution)}")
    if replay.active():
        _labs.print_debrief(working.debriefed(lab))


def reset(name: Name = "", as_json: AsJson = False) -> None:
    """Begin anew. What you had is kept beside it."""
    from buildlab.labs import copies

    lab = _named(name)
    copy, kept = copies.reset(lab)
    if as_json:
        print_json({"lab": lab.name, "path": str(copy.path), "kept": str(kept) if kept else None})
        return
    print(f"The start again: {copy.path}")
    if kept:
        print(f"What you had: {kept}")
        if Path.cwd().is_relative_to(kept):  # a shell goes with the folder that it is in
            print(f"Your shell is in the old folder: cd {quoted(copy.path)}")


def goto(
    lesson: Annotated[int, typer.Argument(metavar="LESSON", help="A lesson's number.")],
    as_json: AsJson = False,
) -> None:
    """Come in late: solutions in place for all labs before this lesson. Yours are kept beside."""
    from buildlab.labs import copies, reading
    from buildlab.labs import progress as kept

    labs = reading.read()
    lessons = {int(n) for lab in labs if (n := lab.lesson.partition("_")[0]).isdigit()}
    if lesson not in lessons:
        raise UsageError(
            f"no lesson with a lab has the number {lesson}",
            f"write one of {min(lessons)} to {max(lessons)}",
        )
    moved = []
    for lab in labs:
        number = lab.lesson.partition("_")[0]
        if not number.isdigit() or int(number) >= lesson or kept.read().of(lab.name).passed:
            continue
        copy, before = copies.solve(lab)
        kept.gave_up(lab.name)
        moved.append(
            {"lab": lab.name, "path": str(copy.path), "kept": str(before) if before else None}
        )
    if as_json:
        print_json(moved)
        return
    for entry in moved:
        where = f", yours is kept in {entry['kept']}" if entry["kept"] else ""
        print(f"{entry['lab']}: the solution is in place{where}")
    print(f"Lesson {lesson} may begin: {spoken('buildlab start')}")


def progress(
    export: Annotated[
        Path | None, typer.Option("--export", help="Write yours to this file, to hand in.")
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="With --export: your name in it; else it is anonymous.")
    ] = "",
    merge: Annotated[
        list[Path] | None, typer.Option("--merge", help="Files of a room; may be given again.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="With --merge: draw box plots to this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show your progress; export it; or put a room's files together. Nothing is sent anywhere."""
    from buildlab.labs import progress as kept
    from buildlab.labs import reading, room

    if export is not None:
        kept.export(export, name)
        print(f"Written: {export}", flush=True)
        return
    labs = reading.read()
    if not merge:
        known = kept.read()
        if as_json:
            print_json([_labs.lab_data(lab, known.of(lab.name)) for lab in labs])
        else:
            _labs.print_list(labs, known)
        return
    found = room.merged(labs, merge)
    if as_json:
        print_json(found.to_data())
    else:
        _labs.print_room(found)
    if plot is not None:
        _labs.draw_room(found, plot)


def _named(name: str, folder: Path | None = None) -> Lab:
    """The lab of this name, or whose working copy is the current folder."""
    from buildlab.labs import copies, reading

    if name:
        return reading.find(name)
    return copies.here(folder or Path.cwd())


def pages() -> None:
    """For the kit's developers: write again what is made from each lab.toml."""
    from buildlab.host import outfile
    from buildlab.labs import pages as made
    from buildlab.labs import reading

    for path, text in made.pages(reading.folder(), reading.read()):
        outfile.write(path, text)

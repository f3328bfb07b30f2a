"""One handout of many lessons: title, contents, the lessons, all answers at the end."""

from __future__ import annotations

from collections.abc import Sequence

from buildlab.basics.visible import escaped
from buildlab.handout import fragment, page
from buildlab.handout.fragment import Moved, Resolve, Section, page_of
from buildlab.handout.lessons import Lesson
from buildlab.handout.page import Margins, Paper
from buildlab.handout.render import cells

TITLE = "Docker builds of Go services, measured"


def screen(lessons: Sequence[Lesson]) -> str:
    """The booklet as one page for a browser, answers folded in their places."""
    bodies, found = [], []
    for lesson in lessons:
        tree = fragment.parsed(cells(lesson.notebook))
        fragment.prefix(tree, lesson.name)
        found.append(fragment.sections(tree))
        fragment.lead_links(tree, _inside(lessons))
        bodies.append(_section(lesson, str(tree)))
    content = _front(lessons) + _contents(lessons, found, answers=False) + "".join(bodies)
    return page.screen_page(TITLE, content, _margins(lessons))


def paper(lessons: Sequence[Lesson], size: Paper) -> str:
    """The booklet as it is printed: each lesson from a new page, its title in the margin."""
    bodies, found, ends, extra = [], [], [], []
    for number, lesson in enumerate(lessons):
        tree = fragment.parsed(cells(lesson.notebook))
        fragment.prefix(tree, lesson.name)
        found.append(fragment.sections(tree))
        fragment.lead_links(tree, _inside(lessons))
        ends.append((lesson, fragment.move_folded(tree, f"{lesson.name}--")))
        bodies.append(_section(lesson, str(tree), f' style="page:lesson{number}"'))
        extra.append(
            f"@page lesson{number}{{@top-left{{content:{page.css_text(lesson.title)}}}}}\n"
        )
    content = (
        _front(lessons)
        + _contents(lessons, found, answers=any(moved for _, moved in ends))
        + "".join(bodies)
        + _answers(ends)
    )
    return page.print_page(TITLE, content, _margins(lessons), size, "".join(extra))


def _inside(lessons: Sequence[Lesson]) -> Resolve:
    names = {lesson.name for lesson in lessons}

    def resolve(name: str, anchor: str) -> str | None:
        if name not in names:
            return None
        return f"#{name}--{anchor}" if anchor else f"#{name}"

    return resolve


def _section(lesson: Lesson, body: str, style: str = "") -> str:
    told = page.under_title(body, page.origin(lesson))
    return f'<section class="lesson" id="{escaped(lesson.name)}"{style}>{told}</section>'


def _front(lessons: Sequence[Lesson]) -> str:
    machines = dict.fromkeys(f"{lesson.when}, {lesson.machine}" for lesson in lessons)
    listed = "".join(f"<li>{escaped(machine)}</li>" for machine in machines)
    return (
        f'<section class="front"><h1>{TITLE}</h1><p>{len(lessons)} lessons of buildlab, with the '
        f'figures of</p><ul>{listed}</ul><p class="origin">Seconds are this machine’s own; facts '
        "and ratios carry over further. Make your own with the notebooks.</p></section>"
    )


def _contents(
    lessons: Sequence[Lesson], found: Sequence[Sequence[Section]], *, answers: bool
) -> str:
    lines = "".join(
        f"<li>{_line(lesson.name, lesson.title)}<ol>"
        + "".join(f"<li>{_line(s.anchor, s.title)}</li>" for s in parts)
        + "</ol></li>"
        for lesson, parts in zip(lessons, found, strict=True)
    )
    last = f"<li>{_line('answers', page.APPENDIX)}</li>" if answers else ""
    return f'<nav class="contents"><h2>Contents</h2><ol>{lines}{last}</ol></nav>'


def _line(anchor: str, title: str) -> str:
    target = escaped(anchor)
    return f'<a href="#{target}"><span>{escaped(title)}</span>{page_of(anchor)}</a>'


def _answers(ends: Sequence[tuple[Lesson, list[Moved]]]) -> str:
    parts = "".join(
        page.appendix(moved, f"{lesson.name}--answers", 2).replace(
            f">{page.APPENDIX}</h2>", f">{escaped(lesson.title)}</h2>", 1
        )
        for lesson, moved in ends
    )
    if not parts:
        return ""
    return f'<section class="lesson"><h1 id="answers">{page.APPENDIX}</h1>{parts}</section>'


def _margins(lessons: Sequence[Lesson]) -> Margins:
    told = dict.fromkeys(f"{lesson.when}, {lesson.machine}" for lesson in lessons)
    return Margins(TITLE, next(iter(told)) if len(told) == 1 else "figures: see the first page")

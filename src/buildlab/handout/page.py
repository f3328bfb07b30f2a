"""Whole pages: a lesson for the screen, and the same for paper."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Final, Literal

from buildlab.basics.visible import escaped
from buildlab.handout.fragment import Moved, page_of
from buildlab.handout.lessons import Lesson
from buildlab.handout.render import highlighting, page_file
from buildlab.show.html.page import sheet

Paper = Literal["a4", "letter"]
SIDE_MM: Final = 16
WIDTH_MM: Final[dict[Paper, float]] = {"a4": 210.0, "letter": 215.9}
APPENDIX: Final = "Answers and depth"


@dataclass(frozen=True, slots=True)
class Margins:
    """What stands in the margins of each page besides "page n of m"."""

    title: str
    foot: str


def screen_page(title: str, content: str, margins: Margins) -> str:
    """A page to open in a browser. Printed from there it takes the paper of that dialog."""
    return _page(title, content, "screen", _margin_boxes(margins))


def print_page(title: str, content: str, margins: Margins, paper: Paper, extra: str = "") -> str:
    """The page that becomes a PDF.

    What holds in print holds from the start here, so that wide tables can be measured.
    """
    size = (
        f"@page{{size:{paper}}}\n"
        f"body.print{{width:{WIDTH_MM[paper] - 2 * SIDE_MM:.1f}mm}}\n"
        f"{_margin_boxes(margins)}{extra}"
    )
    return _page(title, content, "print", size).replace("@media print", "@media all")


def _page(title: str, content: str, kind: str, paper: str) -> str:
    return Template(page_file("page.html")).substitute(
        title=escaped(title),
        style=page_file("handout.css") + sheet() + highlighting(),
        paper=paper,
        kind=kind,
        content=content,
        script=page_file("fit.js"),
    )


def _margin_boxes(margins: Margins) -> str:
    """Running titles and page numbers, by the page's own style (Chromium from version 131 on)."""
    look = "font:8pt sans-serif;color:#555;vertical-align:bottom;padding-bottom:5mm"
    foot = "font:8pt sans-serif;color:#555;vertical-align:top;padding-top:4mm"
    pages = '"page " counter(page) " of " counter(pages)'
    return (
        f"@page{{margin:20mm {SIDE_MM}mm 18mm;"
        f"@top-left{{content:{css_text(margins.title)};{look}}}"
        f'@top-right{{content:"buildlab";{look}}}'
        f"@bottom-left{{content:{css_text(margins.foot)};{foot};width:80%}}"
        f"@bottom-right{{content:{pages};{foot}}}}}\n"
    )


def css_text(text: str) -> str:
    """A text as CSS writes it in quotes."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return '"{}"'.format(plain.replace("<", "\\3C "))


def origin(lesson: Lesson) -> str:
    """When and where the figures of a lesson were measured: beneath its title."""
    return (
        f'<p class="origin">Figures of this handout: {escaped(lesson.when)}, '
        f"{escaped(lesson.machine)}.</p>"
    )


def appendix(moved: list[Moved], anchor: str, rank: int = 2) -> str:
    """What was folded, at the end, each with the way back to its place."""
    if not moved:
        return ""
    parts = "".join(
        f'<section class="answer" id="{m.anchor}"><h{rank + 1}>{escaped(m.title)}</h{rank + 1}>'
        f'<p class="from"><a href="#{m.place}">back to its place</a>, page {page_of(m.place)}</p>'
        f"<div{_kind(m.content)}>{m.content}</div></section>"
        for m in moved
    )
    return f'<section class="appendix"><h{rank} id="{anchor}">{APPENDIX}</h{rank}>{parts}</section>'


def _kind(content: str) -> str:
    """Moved cells have their look with them; what was folded inside a cell had its cell's."""
    return "" if '<div class="cell' in content else ' class="cell markdown"'


def under_title(content: str, note: str) -> str:
    """The note directly beneath the first heading."""
    head, close, rest = content.partition("</h1>")
    return f"{head}{close}{note}{rest}" if close else f"{note}{content}"

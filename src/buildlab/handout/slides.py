"""Slides for a facilitator: one a section, its pictures and tables on it, the prose as notes.

A section with more than one picture goes on below its first slide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from string import Template
from typing import Any

from bs4 import BeautifulSoup
from nbformat import NotebookNode, v4

from buildlab.basics.visible import escaped
from buildlab.handout import fragment
from buildlab.handout.lessons import Lesson, Notebook
from buildlab.handout.outputs import static
from buildlab.handout.render import highlighting, page_file
from buildlab.handout.render import slides as rendered
from buildlab.show.html.page import sheet

MOST_LINES = 26
"""Printed lines that fit a slide."""
QUESTION = "Check yourself"
"""This section asks before it shows: its first slide is the question alone."""
NEW: Any = v4  # nbformat has no types
NODE: Any = NotebookNode
OTHERS = "figure, .buildlab:not(.buildlab-live)"
"""What stands on a slide, where a build's live view does not."""
REVEAL = ("reveal/reveal.js", "reveal/notes.js")
_FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)


@dataclass(slots=True)
class Slide:
    """What is shown below a title, and what the speaker says; `below` its section's first slide."""

    title: str
    below: bool = False
    shown: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def page(lesson: Lesson) -> str:
    """The slides of a lesson as one file that loads nothing."""
    tree = BeautifulSoup(rendered(_as_notebook(arranged(lesson.notebook))), "html.parser")
    fragment.lead_links(tree, lambda name, anchor: None)
    styles = (page_file("../reveal/reveal.css"), page_file("slides.css"), sheet(), highlighting())
    return Template(page_file("slides.html")).substitute(
        title=escaped(lesson.title),
        style="".join(styles),
        slides=str(tree),
        foot=escaped(f"{lesson.when}, {lesson.machine}"),
        reveal="\n".join(page_file(f"../{name}") for name in REVEAL),
        script=page_file("slides.js"),
    )


def arranged(notebook: Notebook) -> list[Slide]:
    """The slides of a lesson, in order."""
    slides = [Slide("")]
    for cell in static(notebook).cells:
        if "depth" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            _add_prose(slides, _FOLDED.sub("", cell.source))
            continue
        for output in cell.get("outputs", []):
            if (kept := _visual(output)) is None:
                continue
            if slides[-1].shown or _asks(slides[-1]):
                slides.append(Slide(slides[-1].title, below=True))
            slides[-1].shown.append(kept)
    for slide in slides:
        if not slide.shown and (lead := _lead(slide.notes)):
            slide.shown.append(NEW.new_markdown_cell(lead))
    return [slide for slide in slides if slide.title]


def _asks(slide: Slide) -> bool:
    return slide.title == QUESTION and not slide.below


def _add_prose(slides: list[Slide], text: str) -> None:
    """Prose becomes notes; a heading begins a slide."""
    for part in re.split(r"^(?=#{1,2} )", text, flags=re.MULTILINE):
        title = re.match(r"#{1,2} (.+)\n?", part)
        if title:
            slides.append(Slide(title[1].strip()))
        if told := (part[title.end() :] if title else part).strip():
            slides[-1].notes.append(told)


def _visual(output: Any) -> Any:
    """The output as it stands on a slide, None for one that does not."""
    if output.output_type == "stream":
        lines = output.text.splitlines()
        more = ["…"] if len(lines) > MOST_LINES else []
        return {**output, "text": "\n".join([*lines[:MOST_LINES], *more])} if lines else None
    if output.output_type == "error":
        return output
    html = output.data.get("text/html", "")
    if not html:
        return output if "image/png" in output.data else None
    tree = BeautifulSoup(html, "html.parser")
    if tree.select_one(".buildlab-live") and not tree.select_one(OTHERS):
        return None  # how a build went is looked at while it runs
    for folded in tree.select("details"):
        folded.extract()
    return {**output, "data": {"text/html": str(tree)}}


def _lead(notes: list[str]) -> str:
    """What a slide without a picture shows: lists, tables and code, else the first paragraph."""
    blocks = [block for note in notes for block in _blocks(note)]
    if not blocks:
        return ""
    told = [b for b in blocks if re.match(r"\s*(?:[-*] |\||\d+\. |```)", b)]
    return "\n\n".join(told[:2] or blocks[:1])


def _blocks(text: str) -> list[str]:
    parts = re.findall(r"```.*?```|(?:(?!\n\n|```).)+", text, flags=re.DOTALL)
    return [part.strip() for part in parts if part.strip()]


def _as_notebook(slides: list[Slide]) -> Notebook:
    cells: list[Any] = []
    for slide in slides:
        rank = "###" if slide.below else "##"
        kind = "subslide" if slide.below else "slide"
        cells.append(_cell(NEW.new_markdown_cell(f"{rank} {slide.title}"), kind))
        for shown in slide.shown:
            whole = shown if shown.get("cell_type") else NEW.new_code_cell(outputs=[NODE(shown)])
            cells.append(_cell(whole, "-"))
        if slide.notes:
            cells.append(_cell(NEW.new_markdown_cell("\n\n".join(slide.notes)), "notes"))
    for number, cell in enumerate(cells):
        cell.id = f"slide-{number}"
    return NEW.new_notebook(cells=cells)


def _cell(cell: Any, slide_type: str) -> Any:
    cell.metadata["slideshow"] = {"slide_type": slide_type}
    return cell

"""A lesson's cells as HTML, and what is done to them: headings named, depth folded, links led.

Works on a parsed tree, never on text: lessons may hold anything that looks like a tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from buildlab.basics.visible import escaped

DEPTH = "More depth"
HEADINGS = ("h1", "h2", "h3", "h4")
Resolve = Callable[[str, str], str | None]
"""From a lesson's name and an anchor in it ("" for none) to a link; None where it is not there."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second rank: its text, and the id of its place."""

    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A folded part that print shows at the end: its title, its id, where it was, its HTML."""

    title: str
    anchor: str
    place: str
    content: str


def parsed(html: str) -> BeautifulSoup:
    """The tree of a fragment, with headings that links can name and depth folded."""
    tree = BeautifulSoup(html, "html.parser")
    _name_headings(tree)
    _fold_depth(tree)
    return tree


def sections(tree: BeautifulSoup) -> list[Section]:
    """The sections of a lesson, in order."""
    return [Section(h.get_text().strip(), str(h["id"])) for h in tree.select("h2[id]")]


def _name_headings(tree: BeautifulSoup) -> None:
    """Give each heading the id that Jupyter gives it, unique within the lesson."""
    seen: set[str] = set()
    for heading in tree.select(", ".join(f".cell.markdown {h}" for h in HEADINGS)):
        name = heading.get_text().strip().replace(" ", "-")
        while name in seen:
            name += "-"
        seen.add(name)
        heading["id"] = name


def _fold_depth(tree: BeautifulSoup) -> None:
    """Put cells tagged `depth` that follow each other into one folded part."""
    for cell in tree.select(".cell.depth"):
        if cell.find_parent("details") or (cell.find("details") and "markdown" in cell["class"]):
            continue
        group = [cell, *_followers(cell)]
        fold = tree.new_tag("details", attrs={"class": "fold"})
        title = tree.new_tag("summary")
        title.string = _title(cell)
        cell.insert_before(fold)
        fold.append(title)
        for part in group:
            fold.append(part.extract())


def _followers(cell: Tag) -> Iterator[Tag]:
    for sibling in cell.find_next_siblings():
        if "depth" not in sibling.get_attribute_list("class"):
            return
        yield sibling


def _title(cell: Tag) -> str:
    """What a folded part is called: its own heading, or its first words in bold."""
    found = cell.find([*HEADINGS, "strong"]) if "markdown" in cell["class"] else None
    if found is None:
        return DEPTH
    text = found.get_text().strip().rstrip(".:")
    if found.name in HEADINGS:
        found.extract()
    return text


def lead_links(tree: BeautifulSoup, resolve: Resolve) -> None:
    """Let links to lessons lead where `resolve` says; a link to what is not there is text."""
    for link in tree.select("a[href]"):
        target = urlsplit(str(link["href"]))
        if target.scheme or target.netloc or not target.path:
            continue
        name = unquote(target.path).rpartition("/")[2]
        led = None
        if name.endswith(".ipynb"):
            led = resolve(name.removesuffix(".ipynb"), unquote(target.fragment))
        if led is None:
            link.unwrap()
        else:
            link["href"] = led


def prefix(tree: BeautifulSoup, word: str) -> None:
    """Make ids unique among several lessons on one page, and links within a lesson follow."""
    for place in tree.select("[id]"):
        place["id"] = f"{word}--{place['id']}"
    for link in tree.select('a[href^="#"]'):
        link["href"] = f"#{word}--{unquote(str(link['href'])[1:])}"


def move_folded(tree: BeautifulSoup, word: str) -> list[Moved]:
    """Take answers and depth out of the text; in their places a link says where they are.

    What the kit folds in its own outputs (a figure's table, a command) stays: print opens it.
    """
    moved: list[Moved] = []
    for fold in tree.select(".cell.markdown details, details.fold"):
        if fold.find_parent("details"):
            continue
        summary = fold.find("summary", recursive=False)
        title = summary.get_text().strip() if summary else DEPTH
        if summary:
            summary.extract()
        anchor, place = f"{word}answer-{len(moved) + 1}", f"{word}place-{len(moved) + 1}"
        note = BeautifulSoup(
            f'<p class="moved" id="{place}">▸ <a href="#{anchor}">{escaped(title)}</a>: '
            f"at the end, page {page_of(anchor)}</p>",
            "html.parser",
        )
        moved.append(Moved(title, anchor, place, fold.decode_contents()))
        fold.replace_with(note)
    return moved


def page_of(anchor: str) -> str:
    """A place for a page number that is known only once the pages are set."""
    return f'<span class="page" data-of="{escaped(anchor)}">000</span>'

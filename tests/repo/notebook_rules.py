"""The form of a lesson. Each rule takes a notebook and names what breaks it, cell by cell."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

Cell = Any
Notebook = Any
Rule = Callable[[Notebook], Iterator[str]]

COMPARED = "nbval-check-output"
TAGS = {
    COMPARED,
    "raises-exception",  # the fault is the lesson
    "depth",  # skippable, shown collapsed
}
MEASURED = re.compile(r"\b\d+(?:[.,]\d+)?\s?(?:ms|s|sec|secs|seconds?|MB|MiB|GB|GiB|kB|KiB)\b")
NO_OUTPUT = {"image/png", "image/svg+xml", "application/vnd.jupyter.widget-view+json"}


def markdown(notebook: Notebook) -> list[tuple[int, str]]:
    """Number and text of the markdown cells; numbers count all cells from 1."""
    return _cells(notebook, "markdown")


def code(notebook: Notebook) -> list[tuple[int, str]]:
    """Number and source of the code cells."""
    return _cells(notebook, "code")


def _cells(notebook: Notebook, kind: str) -> list[tuple[int, str]]:
    numbered = enumerate(notebook.cells, start=1)
    return [(number, cell.source) for number, cell in numbered if cell.cell_type == kind]


def _prose(text: str) -> str:
    return re.sub(r"```.*?```|`[^`]*`|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL)


def _words(text: str) -> int:
    return len(re.findall(r"[^\W_][\w’'-]*", _prose(text)))


def _between(what: str, number: int, low: int, high: int) -> Iterator[str]:
    if not low <= number <= high:
        yield f"{number} {what}, not {low} to {high}"


def size(notebook: Notebook) -> Iterator[str]:
    """25–45 cells, 700–1,500 words."""
    yield from _between("cells", len(notebook.cells), 25, 45)
    yield from _between("words", sum(_words(text) for _, text in markdown(notebook)), 700, 1500)


def headings(notebook: Notebook) -> Iterator[str]:
    """One H1, which is the first line; 4–7 H2s."""
    text = "\n".join(re.sub(r"```.*?```", "", t, flags=re.DOTALL) for _, t in markdown(notebook))
    yield from _between("H1", len(re.findall(r"^# ", text, flags=re.MULTILINE)), 1, 1)
    yield from _between("H2", len(re.findall(r"^## ", text, flags=re.MULTILINE)), 4, 7)
    if not notebook.cells[0].source.startswith("# "):
        yield "cell 1 is not the title"


def opening(notebook: Notebook) -> Iterator[str]:
    """Title; what you will be able to do, minutes, disk; imports; first build by cell 6."""
    promise, imports = notebook.cells[1], notebook.cells[2]
    for word in ("minutes", "disk"):
        if promise.cell_type != "markdown" or word not in promise.source.lower():
            yield f"cell 2 does not say what it takes: {word}"
    if imports.cell_type != "code" or "import" not in imports.source:
        yield "cell 3 is not the imports"
    early = (cell for cell in notebook.cells[2:6] if cell.cell_type == "code")
    if not any(re.search(r"\bbuild\(|\bexperiments\.", cell.source) for cell in early):
        yield "no build by cell 6"


def ending(notebook: Notebook) -> Iterator[str]:
    """Check yourself, then the matching lab and what comes next."""
    last = [text for _, text in markdown(notebook)][-6:]
    if not any(re.search(r"^## Check yourself", text, flags=re.MULTILINE) for text in last):
        yield "no section 'Check yourself' at the end"
    if not last or not re.search(r"\bnext\b", last[-1], flags=re.IGNORECASE):
        yield "the last cell does not say what comes next"


def short_cells(notebook: Notebook) -> Iterator[str]:
    """120 words at most in a markdown cell, 12 lines in a code cell, 5 in a def."""
    for number, text in markdown(notebook):
        if (words := _words(text)) > 120:
            yield f"cell {number}: {words} words, more than 120"
    for number, source in code(notebook):
        if (lines := len(source.splitlines())) > 12:
            yield f"cell {number}: {lines} lines, more than 12"
        for node in ast.walk(_parsed(source)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 5:
                yield f"cell {number}: def {node.name} is over 5 lines: an experiment"


def rhythm(notebook: Notebook) -> Iterator[str]:
    """Never more than two code cells in a row."""
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in notebook.cells)
    for found in re.finditer("c{3,}", kinds):
        yield f"cells {found.start() + 1} to {found.end()}: code only"


def builds(notebook: Notebook) -> Iterator[str]:
    """No loops over builds, no shell escapes that build."""
    for number, source in code(notebook):
        if re.search(r"^\s*(?:!|%%?(?:bash|sh|system)\b).*", source, flags=re.MULTILINE):
            yield f"cell {number}: a shell escape instead of build()"
        for node in ast.walk(_parsed(source)):
            loop = isinstance(node, ast.For | ast.While | ast.ListComp | ast.DictComp)
            if loop and any(_is_build(inner) for inner in ast.walk(node)):
                yield f"cell {number}: a loop over builds is an experiment of the package's"


def _is_build(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "build"


def _parsed(source: str) -> ast.Module:
    plain = re.sub(r"^\s*[!%].*$", "pass", source, flags=re.MULTILINE)
    return ast.parse(plain)


def no_typed_measures(notebook: Notebook) -> Iterator[str]:
    """Prose speaks of direction and ratio; figures come from this machine's run."""
    for number, text in markdown(notebook):
        if number > 3 and (found := MEASURED.search(_prose(text))):
            yield f"cell {number}: a measured figure in prose, {found.group()!r}"


def tags(notebook: Notebook) -> Iterator[str]:
    """A closed set of tags."""
    for number, cell in enumerate(notebook.cells, start=1):
        for tag in set(cell.metadata.get("tags", [])) - TAGS:
            yield f"cell {number}: tag {tag!r} is none of {', '.join(sorted(TAGS))}"


def outputs(notebook: Notebook) -> Iterator[str]:
    """Compared cells keep output and execution_count; all others are stripped."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        if COMPARED not in cell.metadata.get("tags", []):
            if cell.outputs or cell.execution_count is not None:
                yield f"cell {number}: has an output or count, but is not tagged {COMPARED}"
        elif not cell.outputs:
            yield f"cell {number}: tagged {COMPARED}, but has no output to compare"
        elif cell.execution_count is None:
            yield f"cell {number}: no execution_count, so nbval would not compare it"
        else:
            yield from _facts(number, cell)


def _facts(number: int, cell: Cell) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "stream":
            yield f"cell {number}: a compared cell ends with a value, it does not print"
        for kind, text in output.get("data", {}).items():
            if kind in NO_OUTPUT:
                yield f"cell {number}: {kind} can't be compared"
            elif isinstance(text, str) and "<style" in text:
                yield f"cell {number}: stores a style, not a fact"
            elif isinstance(text, str) and (found := MEASURED.search(text)):
                yield f"cell {number}: stores a measure, not a fact: {found.group()!r}"


def some_fact(notebook: Notebook) -> Iterator[str]:
    """At least one compared cell: else nbval checks nothing but that it runs."""
    if not any(COMPARED in cell.metadata.get("tags", []) for cell in notebook.cells):
        yield f"no cell is tagged {COMPARED}"


def portable(notebook: Notebook) -> Iterator[str]:
    """Format 4.5 with unique cell ids, the kernel's plain name, nothing of the author's machine."""
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        yield "older than format 4.5"
    identities = sorted(cell.get("id", "") for cell in notebook.cells)
    for one, other in pairwise(identities):
        if one == other:
            yield f"cell id {one!r} twice"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "kernelspec is not python3"
    for key in set(notebook.metadata) - {"kernelspec", "language_info"}:
        yield f"metadata {key!r} of the notebook is not the lesson's"
    if "version" in notebook.metadata.get("language_info", {}):
        yield "language_info.version is the author's Python"


RULES: tuple[Rule, ...] = (
    size,
    headings,
    opening,
    ending,
    short_cells,
    rhythm,
    builds,
    no_typed_measures,
    tags,
    outputs,
    some_fact,
    portable,
)

"""Every command line of the kit's that its documents, lessons and help texts show."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.main import get_command

from buildlab.cli import app

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"`([^`\n]+)`")
_ENDS = re.compile(r"  +(?:#|·|\(|→)|\s#\s|[;|&]|\)\"|\s·\s|`")
_OF_A_COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\./lab|buildlab)(?: |$)")


@dataclass(frozen=True, slots=True)
class Promise:
    """A command line, and where it stands. `words` are those after the program's name."""

    where: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.where}: {' '.join(self.words)}"


def promises() -> list[Promise]:
    """All of them, each once for each place."""
    found: dict[Promise, None] = {}
    for where, text in _texts():
        for line in _lines(text):
            if (promise := _promise(where, line)) is not None:
                found[promise] = None
    return list(found)


def _texts() -> Iterator[tuple[str, str]]:
    """Name and text of each document; commands stand in code, or on lines of their own."""
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("claims/*.md")):
        if path.name != "CHANGELOG.md":
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            yield str(path.relative_to(ROOT)), "".join(cell["source"])
    yield from _helps(get_command(app), "help")


def _helps(command: Any, where: str) -> Iterator[tuple[str, str]]:
    for text in (command.epilog, command.help):
        for line in (text or "").splitlines():
            for part in re.split(r"  ·  |(?<=:)  |, then: ", re.sub(r"^.*Examples?:\s+", "", line)):
                yield where, part
    for name, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, f"{where} {name}")


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if _OF_A_COMMAND.match(
            line.strip().removeprefix("$ ").removeprefix("! ").removeprefix("!")
        ):
            yield line.strip().lstrip("$! ")
        for match in re.finditer(r"\$\(((?:\./lab|buildlab) [^)]+)\)", line):
            yield match[1]
        for code in _CODE.findall(line):
            if _OF_A_COMMAND.match(code):
                yield code


def _promise(where: str, line: str) -> Promise | None:
    """What is typed of a line: without variables before it and what explains it after it."""
    line = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", line)
    text = _ENDS.split(line, maxsplit=1)[0].strip().removeprefix("./lab").removeprefix("buildlab")
    text = re.sub(r"\[([^]]*)\]", r"\1", text).replace("…", "").replace("...", "")
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        return None
    return Promise(where, words) if words else None

"""The answers that come with the labs, each a folder over the start, and what they come to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildlab.labs import grading, reading, working
from buildlab.labs.model import Lab, Report

LABS = reading.read()
_INSTRUCTION = re.compile(
    r"^(FROM|RUN|COPY|ADD|ARG|ENV|WORKDIR|LABEL|ENTRYPOINT|CMD|USER|EXPOSE|HEALTHCHECK)\b", re.M
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, by the folder that holds it: "start", "solution", "wrong/NAME", "right/NAME"."""

    lab: Lab
    folder: str

    @property
    def id(self) -> str:
        return f"{self.lab.name}-{self.folder.replace('/', '-')}"

    @property
    def fails(self) -> set[str]:
        """The rules that it must fail, and no others."""
        kind, _, name = self.folder.partition("/")
        if kind == "wrong":
            return set(self.lab.wrong[name].fails)
        return set(self.lab.fails) if kind == "start" else set()

    def graded(self, only: tuple[str, ...] = ()) -> Report:
        """Grade it, by these rules where not all are wanted."""
        over = () if self.folder == "start" else (self.lab.path / self.folder,)
        with working.overlaid(self.lab, *over) as folder:
            return grading.check(self.lab, folder, only=only)


def answers(kind: str) -> list[Answer]:
    """The answers of a kind: "start", "solution", "wrong", "right".

    Of wrong and right ones the first of each lab; all of them with BUILDLAB_THOROUGH=1, as
    whoever changes a lab or a rule has it: that takes more than an hour.
    """
    if kind in ("start", "solution"):
        return [Answer(lab, kind) for lab in LABS]
    most = None if os.environ.get("BUILDLAB_THOROUGH") else 1
    return [
        Answer(lab, f"{kind}/{name}") for lab in LABS for name in [*names(lab.path / kind)][:most]
    ]


def names(folder: Path) -> Iterator[str]:
    """The folders in a folder."""
    yield from sorted(p.name for p in folder.iterdir() if p.is_dir())


def rewritten(dockerfile: str) -> str:
    """The same Dockerfile with comments between its instructions, and in other letters."""
    head, *rest = dockerfile.splitlines(keepends=True)
    first, body = (head, "".join(rest)) if head.startswith("# syntax") else ("", dockerfile)
    return f"{first}# written anew\n\n" + _INSTRUCTION.sub(
        lambda found: f"# next: {found[1].lower()}\n{found[1].lower()} ", body
    ).replace("  ", " ")

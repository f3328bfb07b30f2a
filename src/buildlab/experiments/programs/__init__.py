"""Programs that several experiments build; each says in `uses` which it takes."""

from __future__ import annotations

from pathlib import Path

from buildlab.bench import uses

uses.place("programs", lambda: Path(__file__).parent)


def program(name: str) -> Path:
    """A program's folder. Raises NotDeclared in an experiment that doesn't name it."""
    return uses.part(f"programs/{name}")

"""Throw-away build contexts with content that no engine has seen before."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import pytest

BASE = "golang:1.27-trixie"


@dataclass(frozen=True, slots=True)
class Context:
    """A folder to build, and a salt that makes its steps new."""

    path: Path
    salt: str

    def dockerfile(self, text: str) -> None:
        self.write("Dockerfile", text)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    folder = tmp_path / "app"
    folder.mkdir()
    return Context(folder, secrets.token_hex(6))

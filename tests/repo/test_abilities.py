"""Nobody outside the engine's room asks which kind an engine is, only what it can do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from buildlab.engine.abilities import OF_KIND, Kind
from tests.repo.test_layers import MODULES, name_of, nodes, where

KINDS = frozenset(get_args(Kind))
INSIDE = frozenset({"netns_pid", "init_pid"})
EXCEPT = {
    "record/engineinfo.py": "a record has the kind as data: here, once, it is put into words",
}


def asked(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each comparison with a kind, and of each look at a namespace's process."""
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and node.attr in INSIDE:
            yield node.lineno, ast.unparse(node)
        if not isinstance(node, ast.Compare | ast.Match):
            continue
        subject = node.left if isinstance(node, ast.Compare) else node.subject
        sides = [subject, *(node.comparators if isinstance(node, ast.Compare) else node.cases)]
        named = any(getattr(side, "attr", getattr(side, "id", "")) == "kind" for side in sides)
        words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
        if named and words & KINDS:
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_only_the_engine_knows_kinds(path: Path) -> None:
    """Outside engine/, no comparison of a kind and no look at its namespace: `Engine.can` tells."""
    if name_of(path) == "engine" or where(path) in EXCEPT:
        return
    for line, text in asked(path):
        pytest.fail(f"{where(path)}:{line}: {text}: ask Engine.can, or give Engine a method")


def test_each_kind_says_what_it_can() -> None:
    """No kind is without its abilities; recorded builds have none."""
    assert set(OF_KIND) == KINDS
    assert not any(getattr(OF_KIND["replay"], name) for name in OF_KIND["replay"].__slots__)

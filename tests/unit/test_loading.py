"""Saved data read back: faults are named with their place, whatever is wrong is one error."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import pytest

from buildlab import loading
from buildlab.errors import RecordError


class Mood(StrEnum):
    GOOD = "good"


class Span(NamedTuple):
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    mood: Mood = Mood.GOOD
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    parts: tuple[Part, ...]
    folder: Path
    count: int | None = None
    by_name: Mapping[str, Part] | None = None


GOOD = {"parts": [{"name": "a", "mood": "good", "spans": [[0, 1.5]]}], "folder": "/x"}
MADE = Whole((Part("a", Mood.GOOD, (Span(0.0, 1.5),)),), Path("/x"))


def test_json_and_plain_data_are_read_alike() -> None:
    """Enums, named tuples, paths and nested objects come back as they were."""
    assert loading.from_data(Whole, GOOD) == MADE
    assert loading.from_json(Whole, json.dumps(GOOD)) == MADE
    assert loading.from_json(Whole, json.dumps(GOOD).encode()) == MADE


def test_what_a_kind_does_not_know_is_passed_over() -> None:
    """A field of a later kit's costs nothing."""
    assert loading.from_data(Whole, {**GOOD, "colour": [{"deep": 1}]}) == MADE


def test_odd_file_names_are_read() -> None:
    """A name that is no UTF-8 is one lone surrogate in JSON, which msgspec alone refuses."""
    odd = {**GOOD, "folder": "caf\udce9"}
    assert loading.from_json(Whole, json.dumps(odd)).folder == Path("caf\udce9")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"parts": [{"mood": "good"}]}, "parts[0].name: is missing"),
        ({"parts": 3}, "parts: expected array, got int"),
        ({"parts": [{"name": "a", "mood": "odd"}]}, "parts[0].mood: invalid enum value 'odd'"),
        ({"parts": [{"name": "a", "spans": [[1, "x"]]}]}, "parts[0].spans[0][1]: expected float"),
        ({"count": True}, "count: expected int | null, got bool"),
        ({"count": 1.5}, "count: expected int | null, got float"),
        ({"by_name": {"a": {}}}, "by_name[...].name: is missing"),
        ({"folder": 7}, "folder: expected path, got int"),
        ({"parts": [{"name": "a", "mood": "\ud800"}]}, "surrogates not allowed"),
    ],
)
def test_a_fault_is_named_with_its_place(change: dict[str, object], told: str) -> None:
    """Which field, in what part, and what it should be; from JSON and from plain data alike."""
    for read in (
        lambda: loading.from_data(Whole, GOOD | change),
        lambda: loading.from_json(Whole, json.dumps(GOOD | change)),
    ):
        with pytest.raises(loading.Damaged) as fault:
            read()
        assert told in str(fault.value)


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"count": 1e999}', "[" * 10**6, "\x00"])
def test_what_is_no_json_is_unreadable(text: str) -> None:
    """Cut off, nested without end, a number that nobody can count with: one kind of fault."""
    with pytest.raises(loading.Unreadable):
        loading.from_json(Whole, text)


@pytest.mark.parametrize("text", ["a = ", "a = " + "[" * 10**5, "a = 1\na = 2"])
def test_what_is_no_toml_is_unreadable(text: str) -> None:
    """Python's reader raises RecursionError where it is nested too deep."""
    with pytest.raises(loading.Unreadable):
        loading.from_toml(text)


def test_data_that_is_nested_without_end() -> None:
    """Plain data of any depth is read, or is damaged; nothing else is raised."""
    deep: dict[str, object] = {}
    inner = deep
    for _ in range(10**5):
        inner["a"] = inner = {}
    assert loading.from_data(Whole, {**GOOD, "colour": deep}) == MADE
    with pytest.raises(loading.Damaged):
        loading.from_data(dict[str, Part], deep)


@pytest.mark.parametrize("cut", [0, 10, 20, -9, -1])
def test_a_damaged_file_counts_as_none_or_is_an_error(cut: int, tmp_path: Path) -> None:
    """A packed file that was cut or overwritten: None to who can do without, else the remedy."""
    file = tmp_path / "a.json.gz"
    whole = gzip.compress(json.dumps(GOOD).encode())
    file.write_bytes(whole)
    assert loading.kept(Whole, file) == MADE
    for content in (whole[:cut], whole[:12] + b"\xff" * 8 + whole[20:]):
        file.write_bytes(content)
        assert loading.kept(Whole, file) is None
        with (
            pytest.raises(RecordError, match=r"it is damaged: .*\n  → make it anew"),
            loading.needed("it is damaged", "make it anew", RecordError),
        ):
            loading.from_file(Whole, file)


def test_help_does_not_wait_for_what_reads() -> None:
    """The command line is imported without the library that reads saved files."""
    code = "import sys, buildlab.cli; sys.exit(bool({'msgspec', 'tomllib'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

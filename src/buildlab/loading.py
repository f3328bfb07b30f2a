"""What the kit has saved, read back as what it was: JSON, TOML or plain data into a typed kind.

msgspec does the reading: dataclasses, enums, unions, named tuples; it says where in the data a
fault lies. A field that the kind doesn't know is passed over (a `msgspec.Struct` may forbid it).
Whatever is wrong is `Damaged`: `needed` makes an error with a remedy of it, `kept` takes a damaged
file for none.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from buildlab.basics import jsontext
from buildlab.errors import BuildlabError

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T")

MISSING = "is missing"
UNKNOWN = "is no field"
_GZIP = 16 + zlib.MAX_WBITS
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`")


class Damaged(ValueError):
    """Data that isn't of its kind: what is wrong, and where ("steps[3].state"; "": all of it)."""

    def __init__(self, wrong: str, where: str = "") -> None:
        super().__init__(f"{where}: {wrong}" if where else wrong)
        self.wrong = wrong
        self.where = where


class Unreadable(Damaged):
    """Text that is no JSON or TOML."""


def from_data(kind: type[T], data: object) -> T:
    """The object in plain data. Raises Damaged."""
    import msgspec  # here, as tomllib below: `--help` reads nothing, and must not wait for it

    try:
        return msgspec.convert(data, kind, dec_hook=_other)
    except msgspec.ValidationError as fault:
        raise _told(str(fault)) from None
    except UnicodeError as fault:  # a lone surrogate where a number or a word of ours should be
        raise Damaged(str(fault)) from None
    except RecursionError:
        raise Unreadable("it is nested too deep") from None


def from_json(kind: type[T], text: str | bytes) -> T:
    """The object in JSON. Raises Damaged."""
    try:
        return cast(T, _decoder(cast(Hashable, kind)).decode(text))
    except (ValueError, RecursionError):
        pass  # msgspec refuses odd file names (lone surrogates), and Python says where JSON ends
    try:
        data = jsontext.loads(text)
    except ValueError as fault:
        raise Unreadable(str(fault)) from None
    return from_data(kind, data)


def from_toml(text: str) -> dict[str, Any]:
    """The tables in TOML. Raises Unreadable."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise Unreadable(str(fault)) from None
    except RecursionError:
        raise Unreadable("it is nested too deep") from None


def from_file(kind: type[T], path: Path) -> T:
    """The object in a JSON file, packed where its name ends in .gz. Raises Damaged, OSError."""
    content = path.read_bytes()
    try:
        text = zlib.decompress(content, _GZIP) if path.suffix == ".gz" else content
    except zlib.error as fault:
        raise Unreadable(str(fault)) from None
    return from_json(kind, text)


def kept(kind: type[T], path: Path) -> T | None:
    """The object in a JSON file; None where there is none, or a damaged one."""
    try:
        return from_file(kind, path)
    except (OSError, Damaged):
        return None


@contextmanager
def needed(what: str, hint: str, error: type[BuildlabError]) -> Iterator[None]:
    """What is read in the block can't be done without: else `error` is raised, "WHAT: …"."""
    try:
        yield
    except (OSError, Damaged) as fault:
        raise error(f"{what}: {fault}", hint) from fault


@functools.cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    import msgspec

    return msgspec.json.Decoder(cast(type[Any], kind), dec_hook=_other)


def _other(kind: type[Any], value: object) -> object:
    """Kinds that msgspec leaves to us."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"expected {kind.__name__.lower()}, got {type(value).__name__}")


def _told(fault: str) -> Damaged:
    """msgspec's words: "Expected `int`, got `str` - at `$.steps[0].total`"."""
    wrong, _, place = fault.partition(" - at ")
    key, _, inside = place.rpartition(" in ")
    where = inside.strip("`").removeprefix("$").removeprefix(".")
    if field := _FIELD.fullmatch(wrong):
        wrong = MISSING if field[1].startswith("missing") else UNKNOWN
        return Damaged(wrong, f"{where}.{field[2]}".removeprefix("."))
    wrong = wrong[:1].lower() + wrong[1:].replace("`", "")
    return Damaged(f"{wrong} ({key.strip('`')})" if key else wrong, where)


def line(lines: Sequence[str], where: str, near: str = "") -> int:
    """The number of the line of a field ("holds_if[1].when"), else of its table; 0 for neither.

    With `near`, of the first line from there on that holds it.
    """
    first = _line(lines, where)
    for number, text in enumerate(lines[max(first - 1, 0) :], start=max(first, 1)):
        if near and near in text:
            return number
    return first


def _line(lines: Sequence[str], where: str) -> int:
    table, _, field = where.rpartition(".")
    sets = re.compile(rf"""\s*["']?{re.escape(field.partition("[")[0])}["']?\s*=""")
    seen: Counter[str] = Counter()
    inside, header = "", 0
    for number, text in enumerate(lines, start=1):
        if found := _HEADER.match(text):
            many, name = found.groups()
            inside = f"{name}[{seen[name]}]" if many == "[[" else name
            seen[name] += 1
            if inside in (where, table):
                header = number
        elif where and inside == table and sets.match(text):
            return number
    return header

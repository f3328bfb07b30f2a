"""How `docker buildx build` reads its command line: which words are flags, values, the context.

By the rules of docker's own parser: flags stand anywhere before a "--"; a value is the next word,
whatever it looks like, or follows a "="; short ones may be joined (`-qt name`). The table is held
against `docker buildx build --help` by a test, and a flag that is not in it is looked up there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import UsageError

_VALUED = """
    --add-host --allow --annotation --attest --build-arg --build-context --builder --cache-from
    --cache-to --call --cgroup-parent --file --iidfile --label --metadata-file --network
    --no-cache-filter --output --platform --progress --provenance --sbom --secret --shm-size --ssh
    --tag --target --ulimit
"""
_SWITCHES = "--check --debug --load --no-cache --pull --push --quiet --help"
# Taken, and not in its help: of the legacy builder and of former versions.
_HIDDEN_VALUED = """
    --cpu-period --cpu-quota --cpu-shares --cpuset-cpus --cpuset-mems --isolation --memory
    --memory-swap --security-opt --print
"""
_HIDDEN_SWITCHES = "--compress --force-rm --rm --squash"
SHORT: Mapping[str, str] = {
    "-c": "--cpu-shares",
    "-D": "--debug",
    "-f": "--file",
    "-h": "--help",
    "-m": "--memory",
    "-o": "--output",
    "-q": "--quiet",
    "-t": "--tag",
}
TABLE: Mapping[str, bool] = {
    **dict.fromkeys((_VALUED + _HIDDEN_VALUED).split(), True),
    **dict.fromkeys(f"{_SWITCHES} {_HIDDEN_SWITCHES}".split(), False),
}
"""The flags by their long names; True where a value follows."""

_HELP_LINE = re.compile(r"^ {2}(?:(?P<short>-\w), | {4})(?P<long>--[\w-]+)(?P<value> \w+)?(?: {2}|$)")  # fmt: skip # noqa: E501
_NO = ("0", "f", "false")


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag as it was given. `value` is None where a switch stands alone."""

    name: str
    """The long name; what was typed, where nobody knows it."""
    value: str | None
    words: tuple[str, ...]
    """The words of the command line that say it."""

    @property
    def on(self) -> bool:
        """Whether a switch is switched on; `--load=false` is not."""
        return self.value is None or self.value.lower() not in _NO


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, read: flags in their order, words that are none, names nobody knows."""

    flags: tuple[Flag, ...]
    rest: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The flags' words."""
        return tuple(word for flag in self.flags for word in flag.words)


def items(words: Sequence[str], table: Mapping[str, bool] = TABLE) -> Iterator[Flag | str]:
    """Flags and other words in their order. A "--", after which no word is a flag, is among them.

    Raises UsageError for a flag that lacks its value.
    """
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            yield word
            yield from left
            return
        if word.startswith("--"):
            yield _long(word, left, table)
        elif word.startswith("-") and word != "-":
            yield from _short(word, left, table)
        else:
            yield word


def read(words: Sequence[str], table: Mapping[str, bool] = TABLE) -> Line:
    """Read a command line. Raises UsageError for a flag that lacks its value."""
    found = list(items(words, table))
    flags = tuple(item for item in found if isinstance(item, Flag))
    rest = [item for item in found if isinstance(item, str)]
    if "--" in rest:
        rest.remove("--")
    unknown = tuple(flag.name for flag in flags if flag.name not in table)
    return Line(flags, tuple(rest), unknown)


def _long(word: str, left: list[str], table: Mapping[str, bool]) -> Flag:
    name, equals, value = word.partition("=")
    if equals:
        return Flag(name, value, (word,))
    if not table.get(name):
        return Flag(name, None, (word,))
    value = _next(name, word, left)
    return Flag(name, value, (word, value))


def _short(word: str, left: list[str], table: Mapping[str, bool]) -> Iterator[Flag]:
    """The flags of one word: `-qf x` is `-q -f x`, `-fx` and `-f=x` are `-f x`."""
    letters = word[1:]
    while letters:
        short, letters = f"-{letters[0]}", letters[1:]
        name = SHORT.get(short, short)
        if letters.startswith("="):
            yield Flag(name, letters[1:], (f"{short}{letters}",))
            return
        if table.get(name):
            if letters:
                yield Flag(name, letters, (f"{short}{letters}",))
            else:
                value = _next(name, short, left)
                yield Flag(name, value, (short, value))
            return
        yield Flag(name, None, (short,))


def _next(name: str, typed: str, left: list[str]) -> str:
    if not left:
        raise UsageError(
            f"{typed} needs a value, and nothing follows it", f"give one: {typed} VALUE, or {name}="
        )
    return left.pop(0)


def values(words: Sequence[str], name: str) -> tuple[str, ...]:
    """Each value that a flag is given, in order."""
    return tuple(f.value or "" for f in read(words).flags if f.name == name)


def given(words: Sequence[str], *names: str) -> bool:
    """Whether one of these flags is there, and not switched off."""
    return any(f.name in names and (TABLE.get(f.name) or f.on) for f in read(words).flags)


def without(words: Sequence[str], *names: str) -> tuple[str, ...]:
    """The words without these flags and their values."""
    line = read(words)
    kept = (word for f in line.flags if f.name not in names for word in f.words)
    return (*kept, *line.rest)


def of_help(text: str) -> dict[str, bool]:
    """The flags that `docker buildx build --help` tells of, as in `TABLE`."""
    found = (_HELP_LINE.match(line) for line in text.splitlines())
    return {m["long"]: bool(m["value"]) for m in found if m}


def short_of_help(text: str) -> dict[str, str]:
    """The short names that it tells of, as in `SHORT`."""
    found = (_HELP_LINE.match(line) for line in text.splitlines())
    return {m["short"]: m["long"] for m in found if m and m["short"]}


def is_call(flag: Flag) -> bool:
    """Whether this asks for something else than a build: a check, an outline, targets."""
    if flag.name == "--call":
        return (flag.value or "").split(",")[0] not in ("", "build")
    return flag.name == "--print" or (flag.name == "--check" and flag.on)


def to_stdout(words: Sequence[str]) -> bool:
    """Whether the build's result goes to standard output (`-o -`, `type=tar,dest=-`)."""
    for value in values(words, "--output"):
        fields = next(csv.reader([value]), [])
        if value == "-" or any(
            f.strip().lower().startswith("dest=") and f.strip()[5:] == "-" for f in fields
        ):
            return True
    return False


def destinations(words: Sequence[str]) -> tuple[Path, ...]:
    """The files and folders on this machine that results and caches are written to."""
    found = []
    for flag in ("--output", "--cache-to"):
        for value in values(words, flag):
            fields = next(csv.reader([value]), [])
            pairs = dict(f.strip().split("=", 1) for f in fields if "=" in f)
            plain = value if flag == "--output" and not pairs else ""
            found.append(pairs.get("dest", plain))
    return tuple(Path(place) for place in found if place not in ("", "-"))

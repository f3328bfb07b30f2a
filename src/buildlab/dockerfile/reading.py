"""What a Dockerfile says by itself: instructions with their lines, stages, variables.

BuildKit's frontend decides what a Dockerfile means. This is only for what its events don't tell:
an instruction as it was written, the body of a heredoc, a value of ARG or ENV, and which images a
file names, also where the build failed before it began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

STEPS: Final = ("RUN", "COPY", "ADD", "WORKDIR")
"""The instructions, besides FROM, that become steps."""

_COMMANDS: Final = ("SHELL", "CMD", "ENTRYPOINT", "HEALTHCHECK")

_DIRECTIVE = re.compile(r"#\s*(?P<name>[A-Za-z]+)\s*=\s*(?P<value>.*\S)\s*$")
_HEREDOC = re.compile(
    r"(?<![<\w])\d*<<(?P<chomp>-?)(?P<quote>['\"]?)(?P<word>[A-Za-z_][\w.-]*)(?P=quote)"
)
_PAIR = re.compile(
    r"""(?P<name>[A-Za-z_][\w.-]*)(?:=(?P<value>(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*))?""",
    re.S,
)
_VARIABLE = re.compile(
    r"""(?P<kept>\\.|'[^']*')|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::?(?P<kind>[-+?])(?P<word>(?:[^{}]|\$\{[^}]*\})*))?\})""",
    re.S,
)
_FLAG = re.compile(r"--(?P<name>[\w-]+)(?:=(?P<value>\S*))?")

Values = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `text` on one line, without heredocs; `source` and `lines` as written."""

    keyword: str
    text: str
    lines: tuple[int, int]
    source: str
    body: str = ""
    """What its heredocs hold, their end words left out."""

    @property
    def rest(self) -> str:
        """What follows the keyword."""
        return self.text[len(self.keyword) :].strip()

    def flags(self) -> Iterator[tuple[str, str]]:
        """`--name=value` right behind the keyword, in order."""
        for word in self.rest.split():
            if not (found := _FLAG.fullmatch(word)):
                return
            yield found["name"], found["value"] or ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A FROM and what follows it. `name` is lower case, as BuildKit has it, or ""."""

    index: int
    name: str
    base: str
    """The image or stage that FROM names, variables and all."""
    start: Instruction
    instructions: tuple[Instruction, ...] = ()

    @property
    def steps(self) -> tuple[Instruction, ...]:
        """The instructions, without FROM, that become steps."""
        return tuple(i for i in self.instructions if i.keyword in STEPS)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A file, taken apart. `preface` are the instructions before the first FROM."""

    syntax: str = ""
    syntax_line: int = 0
    preface: tuple[Instruction, ...] = ()
    stages: tuple[Stage, ...] = ()


def parse(text: str) -> Dockerfile:
    """Take a Dockerfile apart. What is none gives what can be read of it, never an error."""
    lines = text.removeprefix("\ufeff").split("\n")
    directives, first = _directives(lines)
    escape = directives.get("escape", ("\\", 0))[0]
    found = list(_instructions(lines, first, "`" if escape == "`" else "\\"))
    starts = [i for i, one in enumerate(found) if one.keyword == "FROM"]
    stages = [
        _stage(number, found[at], found[at + 1 : end])
        for number, (at, end) in enumerate(pairwise([*starts, len(found)]))
    ]
    syntax, line = directives.get("syntax", ("", 0))
    preface = found[: starts[0]] if starts else found
    return Dockerfile(syntax, line, tuple(preface), tuple(stages))


def _directives(lines: Sequence[str]) -> tuple[dict[str, tuple[str, int]], int]:
    """Parser directives with their lines, and how many lines they take."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines):
        if not (directive := _DIRECTIVE.match(line.strip())):
            return found, number
        found.setdefault(directive["name"].lower(), (directive["value"], number + 1))
    return found, len(lines)


def _instructions(lines: Sequence[str], at: int, escape: str) -> Iterator[Instruction]:
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        begin, parts = at, list[str]()
        while at < len(lines):
            line = lines[at].rstrip()
            at += 1
            if parts and (not line.strip() or line.lstrip().startswith("#")):
                continue  # comments and empty lines inside an instruction are no part of it
            goes_on = line.endswith(escape)
            parts.append(line[: -len(escape)] if goes_on else line)
            if not goes_on:
                break
        text = re.sub(r"\s+", " ", " ".join(parts)).strip()
        keyword = text.partition(" ")[0].upper()
        bodies: list[str] = []
        heredocs = list(_HEREDOC.finditer("\n".join(parts))) if keyword in STEPS else []
        for heredoc in heredocs:
            while at < len(lines):
                line = lines[at]
                at += 1
                end = line.removesuffix("\r")
                if (end.lstrip("\t") if heredoc["chomp"] else end) == heredoc["word"]:
                    break
                bodies.append(line)
        yield Instruction(
            keyword, text, (begin + 1, at), "\n".join(lines[begin:at]), "\n".join(bodies)
        )


def _stage(index: int, start: Instruction, rest: Sequence[Instruction]) -> Stage:
    words = [w for w in start.rest.split() if not w.startswith("--")]
    named = len(words) > 2 and words[1].upper() == "AS"
    base = words[0] if words else ""
    return Stage(index, words[2].lower() if named else "", base, start, tuple(rest))


def expand(text: str, values: Values) -> str:
    """Replace $NAME, ${NAME}, ${NAME:-word} and ${NAME:+word}; what has no value becomes ""."""

    def value(found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found["kept"]
        known = values.get(found["plain"] or found["name"])
        if found["kind"] == "-":
            return known or expand(found["word"], values)
        if found["kind"] == "+":
            return expand(found["word"], values) if known else ""
        return known or ""

    return _VARIABLE.sub(value, text)


def arguments(file: Dockerfile, given: Values) -> dict[str, str | None]:
    """The arguments that FROM lines can use: ARG before the first FROM, with what was given."""
    found: dict[str, str | None] = {}
    for one in file.preface:
        if one.keyword == "ARG":
            _declare(found, one, given, {})
    return found


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables that a step sees, by name; None is an argument without a value."""

    arguments: Values
    environment: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the instructions that are no steps have set: by keyword, a LABEL by its name too."""


def scopes(file: Dockerfile, given: Values) -> dict[tuple[int, int], Scope]:
    """What each instruction sees, by its lines. `given` are the values of --build-arg.

    A stage that builds on another one inherits its variables. Those of a base image aren't known.
    """
    top = arguments(file, given)
    ends: dict[str, Scope] = {}
    seen: dict[tuple[int, int], Scope] = {}
    for stage in file.stages:
        base = expand(stage.base, top).lower()
        below = ends.get(base, Scope({}, {}))
        args, env = dict(below.arguments), dict(below.environment)
        # A FROM that names a stage is no step, so that nothing else tells it.
        settings = {**below.settings, **({"FROM": base} if base in ends else {})}
        for one in (stage.start, *stage.instructions):
            if one.keyword == "ARG":
                _declare(args, one, given, {**top, **env})
            elif one.keyword == "ENV":
                env |= _pairs(one, {**args, **env})
            else:
                settings |= _settings(one, {**args, **env})
            seen[one.lines] = Scope(dict(args), dict(env), dict(settings))
        ends[stage.name or str(stage.index)] = Scope(args, env, settings)
    return seen


def _settings(one: Instruction, values: Values) -> dict[str, str]:
    """What an instruction without a step sets, by name. A command's variables are its shell's."""
    if one.keyword == "LABEL":
        return {f"LABEL {name}": value for name, value in _pairs(one, values).items()}
    if one.keyword in ("EXPOSE", "VOLUME", "ONBUILD"):
        return {f"{one.keyword} {expand(one.rest, values)}": "given"}
    if one.keyword in ("USER", "STOPSIGNAL"):
        return {one.keyword: expand(one.rest, values)}
    return {one.keyword: one.rest} if one.keyword in _COMMANDS else {}


def _declare(found: dict[str, str | None], one: Instruction, given: Values, outer: Values) -> None:
    for pair in _PAIR.finditer(one.rest):
        name, default = pair["name"], pair["value"]
        value = (
            outer.get(name) if default is None else expand(unquoted(default), {**outer, **found})
        )
        found[name] = given.get(name, value)


def _pairs(one: Instruction, values: Values) -> dict[str, str]:
    name, _, rest = one.rest.partition(" ")
    if "=" not in name:  # the old form: ENV NAME all the rest
        return {name: expand(rest.strip(), values)}
    return {p["name"]: expand(unquoted(p["value"] or ""), values) for p in _PAIR.finditer(one.rest)}


def unquoted(text: str) -> str:
    """Without quotes around it. What stands in single quotes is no variable any more."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("$", r"\$")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text

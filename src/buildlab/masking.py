"""Keeps secrets out of records: values by the name they are given to, and values known as secret.

BuildKit shows the values of ARG and ENV in step names, in logs, in the provenance and in error
messages. Which names mean a secret is BuildKit's own rule (its build check SecretsUsedInArgOrEnv),
so that what is masked is what a learner is warned of; names that only say where a secret lies
(`…_FILE`, `…_PATH`, `…_DIR`) and public keys are left readable.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

MASK: Final = "***masked***"

_WORDS = r"apikey|auth|credentials?|key|passphrase|passwd|password|pat|pword|secrets?|token"
_SECRET = re.compile(rf"(?:_|^)(?:{_WORDS})(?:_|$)|(?:apikey|credentials?|passwd|password|secret|token)$", re.I)  # fmt: skip # noqa: E501
_HARMLESS = re.compile(r"(?:_|^)public(?:_|$)|_(?:file|path|dir)$", re.I)
_BARE = re.compile(r"key|auth|pat")
"""Lower-case words that logs use for harmless things (`key=main.go`)."""

_ASSIGNED = re.compile(
    r"""(?<![\w$-])(?P<name>[A-Za-z_]\w*)=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s&"']+)"""
)
_ENV_BY_SPACE = re.compile(r"\bENV[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]+(?P<value>[^=\s].*)")
_DECLARED = re.compile(r"^[ \t]*(?:ARG|ENV)[ \t]+(?P<rest>\S.*)$", re.I | re.M)
_USERINFO = re.compile(r"(?P<head>\b[a-z][a-z0-9+.]*://[^\s/:@\"']*):[^\s/@\"']+@(?!sha256:)", re.I)
_BARE_USERINFO = re.compile(r"(?P<head>\bhttps?://)[^\s/:@\"']+@", re.I)
_HEADER = re.compile(r"(?P<head>\bauthorization:\s*(?:basic|bearer|token)\s+)[^\s\"']+", re.I)
_SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|AKIA[0-9A-Z]{16})\b"
)
_TOO_COMMON = {"true", "false", "none", "null", "auto", "default", "off", "direct", "basic"}
_SHORTEST = 4
"""A shorter value would blot out unrelated text; it is still masked beside its name."""


@functools.lru_cache(maxsize=4096)
def secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name) and not _BARE.fullmatch(name)


def given(flags: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Secret values that build flags give: arguments with a secret's name, secrets by variable.

    `env` is where docker looks up `--build-arg NAME` and `--secret id=…,env=NAME`.
    """
    env = env or {}
    found: list[str] = []
    for flag, before in zip(flags, ("", *flags), strict=False):
        for option, value in ((before, flag), tuple(flag.partition("=")[::2])):
            name, equals, given_value = value.partition("=")
            if option == "--build-arg" and secret_name(name):
                found.append(given_value if equals else env.get(name, ""))
            elif option == "--secret":
                fields = dict(part.partition("=")[::2] for part in value.split(","))
                if fields.get("src") is None and fields.get("source") is None:
                    found.append(env.get(fields.get("env") or fields.get("id", ""), ""))
    return tuple(v for v in found if v)


def declared(dockerfile: str) -> Iterator[str]:
    """Values that a Dockerfile's ARG and ENV lines give to secret names."""
    for line in _DECLARED.finditer(dockerfile):
        for pair in _ASSIGNED.finditer(line["rest"]):
            if secret_name(pair["name"]):
                yield pair["value"].strip("\"'")
        name, _, value = line["rest"].partition(" ")
        if secret_name(name) and value:
            yield value.strip().strip("\"'")


class Masker:
    """Replaces secrets in text by `MASK`. Call it; `learn` more values at any time."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.learn(values)

    @property
    def values(self) -> frozenset[str]:
        return frozenset(self._values)

    def learn(self, values: Iterable[str]) -> bool:
        """Add known secret values, each line of a multi-line one; True if any was new."""
        new = {
            piece
            for value in values
            for piece in (value, value.strip(), *value.splitlines())
            if len(piece.strip()) >= _SHORTEST
            and piece.lower() not in _TOO_COMMON
            and not piece.startswith("$")
        } - self._values
        if new:
            self._values |= new
            longest_first = sorted(self._values, key=len, reverse=True)
            self._known = re.compile("|".join(re.escape(v) for v in longest_first))
        return bool(new)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if "=" in text:
            text = _ASSIGNED.sub(_hide_value, text)
        if "ENV" in text:
            text = _ENV_BY_SPACE.sub(_hide_value, text)
        if "://" in text:
            text = _USERINFO.sub(rf"\g<head>:{MASK}@", text)
            text = _BARE_USERINFO.sub(rf"\g<head>{MASK}@", text)
        text = _HEADER.sub(rf"\g<head>{MASK}", text)
        return _SHAPES.sub(MASK, text)


def _hide_value(found: re.Match[str]) -> str:
    """The match with its value masked, unless its name is harmless or it only refers to one."""
    value = found["value"]
    if not secret_name(found["name"]) or value.strip("\"'")[:1] in ("", "$") or MASK in value:
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    start = found.start("value") - found.start()
    return f"{found[0][:start]}{quote}{MASK}{quote}"

"""The secret values that a build is given: by its flags, its URLs, its Dockerfile."""

from __future__ import annotations

import base64
import binascii
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

from buildlab.masking import patterns
from buildlab.masking.names import query_name, secret_name

_ASSIGNED = re.compile(
    r"""(?<![\w$-])(?P<name>[A-Za-z_]\w*)=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s&"']+)"""
)
_DECLARED = re.compile(r"^[ \t]*(?:ARG|ENV|LABEL)[ \t]+(?P<rest>(?:[^\n]*\\\r?\n)*[^\n]*)$", re.I | re.M)  # fmt: skip # noqa: E501
_URL = re.compile(r"\b[a-z][a-z0-9+.]*://[^\s\"'<>`,]+", re.I)
_USERINFO = re.compile(r"://(?P<user>[^/:@?#]*)(?::(?P<password>[^@?#]*))?@(?!sha256:)")
_PARAMETER = re.compile(r"[?&;#](?P<name>[\w.-]+)=(?P<value>[^&;#]*)")
_PATH = re.compile(r"(?:~|\.{0,2})(?:/[a-z0-9._-]{1,24})+/?|\.{1,2}/?")
_NAMED = ("--build-arg", "--label", "--annotation")
_ATTRIBUTES = ("--cache-to", "--cache-from", "--output", "-o", "--attest")
_PLAIN_USERS = frozenset({"git", "hg", "svn"})
_LEAST_PARAMETER = 8
"""A parameter's value that is shorter is masked in its URL only: `sp=r` is in other text, too."""


@dataclass(frozen=True, slots=True)
class SecretFlag:
    """One `--secret`: the variable or the file that holds it, as buildx finds them; else ""."""

    id: str
    variable: str = ""
    file: str = ""


def secret_flags(flags: Sequence[str], env: Mapping[str, str]) -> Iterator[SecretFlag]:
    """The secrets among the flags. With an id alone it is a variable's name, else a file's."""
    for option, value in options(flags):
        if option == "--secret":
            fields = attributes(value)
            name, variable = fields.get("id", ""), fields.get("env", "")
            file = fields.get("src") or fields.get("source") or ""
            if fields.get("type") == "env" and not variable:
                variable, file = file or name, ""
            if not variable and not file:
                variable, file = (name, "") if name in env else ("", name)
            yield SecretFlag(name or file, "" if file else variable, file)


def given(flags: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Secret values that build flags give: arguments, labels and attributes with a secret's name,
    secrets by variable, and what URLs hold.

    `env` is where docker looks up `--build-arg NAME` and `--secret id=…,env=NAME`.
    """
    env = env or {}
    found = [env.get(flag.variable, "") for flag in secret_flags(flags, env) if flag.variable]
    for option, value in options(flags):
        name, equals, given_value = value.partition("=")
        if option in _NAMED:
            text = given_value if equals else env.get(name, "")
            found += url_secrets(text)
            if secret_name(name) and not _PATH.fullmatch(text):
                found.append(text)
        elif option != "--secret":
            found += url_secrets(value)
            if option in _ATTRIBUTES:
                found += [v for k, v in attributes(value).items() if secret_name(k)]
    return tuple(v for v in dict.fromkeys(found) if v)


def options(flags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each flag with its value, `--flag value` and `--flag=value` alike; a word alone has no flag.

    What is a flag without a value, and what the value of one, only docker knows: of two readings
    both are given.
    """
    for flag, before in zip(flags, ("", *flags), strict=False):
        if flag.startswith("-"):
            option, equals, value = flag.partition("=")
            if equals:
                yield option, value
        else:
            yield (before if before.startswith("-") and "=" not in before else ""), flag


def attributes(value: str) -> dict[str, str]:
    """The fields of `type=s3,region=…`, which is a line of CSV; names in lower case."""
    with suppress(csv.Error, StopIteration):
        row = next(csv.reader([value]))
        return {k.strip().lower(): v for k, eq, v in (f.partition("=") for f in row) if eq}
    return {}


def url_secrets(text: str) -> list[str]:
    """What the URLs in a text hold of secrets, as it stands there and percent-decoded."""
    found: list[str] = []
    for url in _URL.findall(text):
        if who := _USERINFO.search(url):
            user, password = who["user"], who["password"]
            if password:
                found += [password, f"{user}:{password}"]
            if user not in _PLAIN_USERS and (not password or len(user) >= 20):
                found.append(user)
        found += [
            p["value"]
            for p in _PARAMETER.finditer(url)
            if query_name(p["name"]) and len(p["value"]) >= _LEAST_PARAMETER
        ]
    return [v for raw in found for v in dict.fromkeys((raw, unquote(raw)))]


def declared(dockerfile: str) -> Iterator[str]:
    """Values that a Dockerfile's ARG, ENV and LABEL lines give to secret names, and its URLs."""
    for line in _DECLARED.finditer(dockerfile):
        for pair in _ASSIGNED.finditer(line["rest"]):
            if secret_name(pair["name"]):
                yield from _value(pair["value"])
        name, _, value = line["rest"].partition(" ")
        if secret_name(name) and value:
            yield from _value(value.strip())
    yield from (v for v in url_secrets(dockerfile) if not v.startswith("$"))


def _value(text: str) -> Iterator[str]:
    """The value without its quotes; none where it stands for another."""
    plain = text.strip("\"'")
    if plain and not plain.startswith("$") and not _PATH.fullmatch(plain):
        yield plain


def inside(content: str) -> Iterator[str]:
    """Values within a secret file (netrc, npmrc, .env, JSON, YAML) that may be shown alone."""
    for start, end in patterns.spans(content):
        value = content[start:end]
        yield value
        with suppress(binascii.Error, ValueError):  # docker's configuration: user:password
            user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
            if colon and user.isprintable():
                yield from (f"{user}:{password}", password)
    yield from url_secrets(content)

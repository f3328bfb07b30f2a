"""The error clinic: faults that Go teams meet, made for real, and cured by a second build.

Each case is a file in `faults/`: what is broken, what an article calls it, which line of today's
output tells it, the cause, the cure. Nothing of the outcome is in it: that is measured.
"""

from __future__ import annotations

import platform
import re
import secrets
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.client import plain
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import Engine, engine
from buildlab.errors import UsageError
from buildlab.experiments.clinic.cases import HERE, Case, cases, of
from buildlab.record.model import BuildRecord
from buildlab.services.keys import key_pair
from buildlab.services.module import Module
from buildlab.services.module_proxy import module_proxy

APP = HERE / "app"
LIBRARY = Module(
    "example.com/lib",
    "v1.0.0",
    {"go.mod": "module example.com/lib\n", "lib.go": 'package lib\n\nconst Name = "lib"\n'},
)
USES_LIBRARY = """package main

import "example.com/lib"

func main() { println(lib.Name, "@SALT@") }
"""
REQUIRES = "\nrequire example.com/lib v1.0.0\n"
_NOISE: Sequence[tuple[str, str]] = (
    (r"^#\d+ ", ""),
    (r"^\d+\.\d+ +", ""),
    (r"^ERROR: (?:failed to build: )?", ""),
    (r"\S*/rootfs/", "…/"),
    (r"sha256:[0-9a-f]{64}", "sha256:…"),
    (r"ref [a-z0-9]{25}::[a-z0-9]{25}", "ref …"),
    (r"(?<=127\.0\.0\.1:)\d{2,5}\b", "…"),
    (r'"/run/[^"]*"', '"…"'),
)


@experiment()
def clinic(*sources: str) -> Runs:
    """Make each fault of these sources, read its message, cure it and build again.

    Rows: the fault, the message as it is today, whether it has the article's words, whether the
    cure works. Facts, for each id: "<id>: fails", "<id>: failed at" (an instruction),
    "<id>: today" (the line, without what is random), "<id>: message as printed" where an article
    prints one, "<id>: cure works". The records are the builds that succeed. Raises UsageError
    for a source without a fault.
    """
    chosen = [c for source in sources for c in of(source)]
    if not chosen:
        raise UsageError(f"no fault is of {sources}", "one of: article 1, article 2, common")
    facts: dict[str, Fact] = {}
    records: dict[str, BuildRecord] = {}
    with engine() as lab:
        for case in chosen:
            if case.legacy and not lab.can.docker_api:
                continue  # BuildKit alone: there is no legacy builder to ask
            found, records[case.id] = _examined(case, lab)
            facts |= {f"{case.id}: {name}": value for name, value in found.items()}
    return Runs(records, facts, rows=tuple(_row(cases()[i], facts) for i in records))


def _row(case: Case, facts: Mapping[str, Fact]) -> Row:
    same = facts.get(f"{case.id}: message as printed")
    return {
        "fault": case.name,
        "today": facts[f"{case.id}: today"],
        "as the article prints it": "" if same is None else "yes" if same else "no",
        "cure works": facts[f"{case.id}: cure works"],
    }


def _examined(case: Case, lab: Engine) -> tuple[dict[str, Fact], BuildRecord]:
    with workspace(APP) as tree, _prepared(case, tree, lab) as put:
        if case.size:
            return _sized(case, tree, put)
        for name, text in {**case.files, **case.broken}.items():
            tree.write(name, put(text))
        said = _broken(case, tree, [*map(put, case.broken_flags), *put.flags], lab)
        cured = _cured(case, tree, put)
    line = _telling(case, said.text)
    facts: dict[str, Fact] = {"fails": not said.ok, "today": line, "failed at": _failed_at(said)}
    if case.said:
        facts["message as printed"] = _plain(case.said) in _plain(said.text)
    facts["cure works"] = cured.ok
    return facts, cured


def _broken(case: Case, tree: Workspace, flags: Sequence[str], lab: Engine) -> plain.Said:
    if case.legacy:
        return plain.legacy(tree.path, *flags, engine=lab)
    env: dict[str, str | None] | None = {"SSH_AUTH_SOCK": None} if case.no_agent else None
    return plain.build(tree.path, *flags, engine=lab, env=env)


class _Put:
    """Fills in what a case can't know: a salt, a path, a port, a sum."""

    def __init__(self, values: Mapping[str, str], flags: Sequence[str]) -> None:
        self._values = values
        self.flags = tuple(flags)

    def __call__(self, text: str, *, salted: bool = False) -> str:
        for name, value in self._values.items():
            text = text.replace(f"@{name}@", value)
        if salted:  # what a RUN does is new to the engine, however warm that is
            argument = rf"\1\nARG CLINIC={self._values['SALT']}"
            text = re.sub(r"^(FROM .*)$", argument, text, flags=re.M)
        return text.lstrip("\n")


@contextmanager
def _prepared(case: Case, tree: Workspace, lab: Engine) -> Iterator[_Put]:
    values = {
        "SALT": secrets.token_hex(6),
        "TREE": str(tree.path),
        "OTHER": "amd64" if platform.machine() in ("arm64", "aarch64") else "arm64",
        "GOSUM": LIBRARY.sums(),
    }
    flags: Sequence[str] = ()
    with ExitStack() as opened:
        if case.key:
            tree.write("key", key_pair().private)
            tree.chmod("key", 0o600)
        if case.module or case.proxy:
            tree.write("main.go", USES_LIBRARY)
            tree.write("go.mod", tree.read("go.mod") + REQUIRES)
            tree.write("go.sum", LIBRARY.sums())
        if case.module:
            for name, content in LIBRARY.served().items():
                tree.write(f"proxy/{name.lstrip('/')}", content)
        if case.proxy:
            server = opened.enter_context(module_proxy(lab, LIBRARY))
            values["PROXY"], flags = server.url, server.flags
            tree.write("netrc", server.netrc())
            tree.write("ca.pem", server.authority)
        put = _Put(values, flags)
        tree.write("main.go", put(tree.read("main.go")))
        yield put


def _cured(case: Case, tree: Workspace, put: _Put) -> BuildRecord:
    for name, text in {**case.cured_files, "Dockerfile": case.cured_dockerfile}.items():
        tree.write(name, put(text, salted=name == "Dockerfile"))
    flags = map(put, case.cured_flags)
    return build(tree, *flags, *put.flags, title=f"{case.name}, cured", output="cache")


def _sized(case: Case, tree: Workspace, put: _Put) -> tuple[dict[str, Fact], BuildRecord]:
    """No message tells this fault: the size of the image does."""
    sizes = []
    for dockerfile in (case.dockerfile, case.cured_dockerfile):
        tree.write("Dockerfile", put(dockerfile, salted=True))
        made = build(tree, title=case.name).require_ok()
        sizes.append(made.image_size_bytes or 0)
    ratio = round(sizes[0] / max(1, sizes[1]), 1)
    facts: dict[str, Fact] = {
        "fails": False,
        "today": "no message",
        "message as printed": False,
        "times as large": ratio,
        "cure works": ratio > 2,
    }
    return facts, made


def _telling(case: Case, text: str) -> str:
    """The line that tells the fault, without what differs from run to run."""
    for line in text.splitlines():
        if re.search(case.today, line):
            for pattern, instead in _NOISE:
                line = re.sub(pattern, instead, line)  # noqa: PLW2901
            return line.strip()
    return "another message"


def _failed_at(said: plain.Said) -> str:
    """The instruction that failed, as BuildKit's excerpt names it; "" where no step began."""
    found = re.findall(r"^ > \[[^\]]*\d+/\d+\] (.*):$", said.text, re.M)
    return str(found[-1]) if found else ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


WITHOUT_CACHE = ("checksum-mismatch", "ignored-file", "no-space")
"""Faults whose Dockerfiles have no cache mount: --no-cache would empty it for all."""


@experiment()
def without_cache() -> Runs:
    """Faults built with --no-cache. Facts: "<id>: --no-cache cures"."""
    records: dict[str, BuildRecord] = {}
    with engine() as lab:
        for case in (cases()[i] for i in WITHOUT_CACHE):
            with workspace(APP) as tree, _prepared(case, tree, lab) as put:
                for name, text in {**case.files, **case.broken}.items():
                    tree.write(name, put(text))
                flags = ("--no-cache", "--output=type=cacheonly")
                records[case.id] = plain.unguarded(tree.path, *flags, title=case.name, engine=lab)
    return Runs(records, {f"{i}: --no-cache cures": r.ok for i, r in records.items()})


def card(found: Runs, case_id: str) -> str:
    """One fault to read: the Dockerfile, the messages, cause and cure.

    Raises UsageError for an id that is not in `found`.
    """
    if case_id not in found.records:
        raise UsageError(f"no fault is {case_id!r}", f"one of: {', '.join(found.records)}")
    case = cases()[case_id]
    ended = "succeeded" if found.facts[f"{case_id}: cure works"] else "FAILED"
    parts = {
        case.source if case.said else "": case.said,
        "today": str(found.facts[f"{case_id}: today"]),
        "cause": case.cause,
        "cure": f"{case.cure} (a build with it {ended})",
    }
    told = [
        textwrap.fill(text, 96, initial_indent=f"{name:<11}", subsequent_indent=" " * 11)
        for name, text in parts.items()
        if text
    ]
    return "\n".join([case.shown, *told])

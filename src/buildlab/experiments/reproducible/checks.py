"""Checkers of Dockerfiles against planted faults: what each finds, and what neither does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildlab.artifact import lint
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import Engine, engine

HERE = Path(__file__).parent
FOLDER = HERE / "checked"
TOOLS = ("docker build --check", "hadolint")


def _swap(old: str, new: str) -> Callable[[Workspace], None]:
    return lambda tree: tree.replace("Dockerfile", old, new)


def _before(mark: str, text: str) -> Callable[[Workspace], None]:
    return _swap(mark, f"{text}\n{mark}")


_LAST = "FROM scratch"
_BUILD = "RUN go build"
FAULTS: Mapping[str, Callable[[Workspace], None]] = {
    "ENTRYPOINT as text": _swap('ENTRYPOINT ["/app"]', "ENTRYPOINT /app"),
    "as in lower case": _swap("AS build", "as build"),
    "a variable that nobody sets": _swap("/out/ /", "/out/$NAME /"),
    "a secret in ENV": _before(_BUILD, "ENV API_TOKEN=hunter2"),
    "a secret in the text of RUN": _swap(_BUILD, "RUN TOKEN=x1y2 go build"),
    "COPY of an ignored file": _before(_BUILD, "COPY .env /src/.env"),
    "an unquoted variable in RUN": _swap("go build -o", "go build $FLAGS -o"),
    "apt-get without versions": _before(_BUILD, "RUN apt-get update && apt-get install -y jq"),
    "no USER, so root": _swap("USER 65532:65532\n", ""),
    "no labels": _swap('LABEL org.opencontainers.image.source="https://example.com/app"\n', ""),
    "an unused stage": _before(_LAST, "FROM golang:1.27-trixie AS unused\nWORKDIR /unused\n"),
    "source copied before the download": _swap("COPY go.mod ./", "COPY . ./"),
    "a cache mount on the wrong path": _swap("target=/go/pkg/mod", "target=/go/pkg/mods"),
    "a base without a digest": lambda _: None,  # the clean file has one already: its first line
}
"""Fault → the edit that plants it in a Dockerfile in which neither tool finds anything."""


@experiment()
def found() -> Runs:
    """Each of `FAULTS` planted alone, and each tool run on the result.

    Rows: the rules that each tool names for the fault, and not for the clean file. Facts:
    "<tool> finds <fault>", and whether hadolint finds missing labels when told which it wants.
    """
    rows: list[Row] = []
    facts: dict[str, Fact] = {}
    with engine() as lab, workspace(FOLDER) as tree:
        clean = {tool: _rules(tool, lab, tree) for tool in TOOLS}
        facts |= {f"{tool} finds nothing in the clean file": not clean[tool] for tool in TOOLS}
        for fault, plant in FAULTS.items():
            plant(tree)
            seen = {tool: sorted(_rules(tool, lab, tree) - clean[tool]) for tool in TOOLS}
            rows.append({"fault": fault, **{tool: ", ".join(seen[tool]) for tool in TOOLS}})
            if fault == "no labels":
                told = lint.hadolint(tree, "--require-label=org.opencontainers.image.source:url")
                facts["hadolint finds no labels, when told which"] = bool(told)
            if fault == "COPY of an ignored file":
                more = "--build-arg=BUILDKIT_DOCKERFILE_CHECK=experimental=all"
                facts["docker build --check finds COPY of an ignored file, when told to"] = bool(
                    lint.build_checks(lab, tree, more)
                )
            tree.reset()
    facts |= {f"{tool} finds {row['fault']}": bool(row[tool]) for row in rows for tool in TOOLS}
    return Runs({}, facts, rows=tuple(rows))


def _rules(tool: str, lab: Engine, tree: Workspace) -> set[str]:
    seen = lint.hadolint(tree) if tool == "hadolint" else lint.build_checks(lab, tree)
    return {finding.rule for finding in seen}


def findings(runs: Runs) -> set[tuple[str, str]]:
    """The cells of `found` that say something: (fault, tool)."""
    return {(str(row["fault"]), tool) for row in runs.rows for tool in TOOLS if row[tool]}


def told(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts of `found` about the three things that an article says hadolint checks."""
    names = ("no labels", "unused stage", "secret in", "root")
    return {f: v for f, v in facts.items() if "hadolint" in f and any(n in f for n in names)}

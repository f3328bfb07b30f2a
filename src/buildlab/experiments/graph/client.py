"""For the ledger: what the docker client does by itself, and which words it prints."""

from __future__ import annotations

import re
import secrets

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.client import plain, typed
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.engine.model import Engine
from buildlab.errors import UsageError
from buildlab.experiments.programs import program

MOUNTED = "FROM debian:trixie-slim\nENV SALT={salt}\nRUN --mount=type=cache,target=/c date\n"


@experiment(uses=("programs/small",))
def switch() -> Runs:
    """`docker build` with DOCKER_BUILDKIT unset, 1 and 0, and what `docker version` says.

    Facts: which builder answered each, by what only one of the two prints.
    """
    facts: dict[str, Fact] = {}
    with engine() as lab, workspace(program("small")) as tree:
        text = typed.version(lab)
        facts["docker version says BuildKit: true"] = bool(
            re.search(r"buildkit:\s*true", text, re.I)
        )
        facts["docker version mentions BuildKit"] = "buildkit" in text.lower()
        facts["docker version at least 23"] = _major(lab) >= 23
        for name, value in (("unset", None), ("1", "1"), ("0", "0")):
            code, said = _typed(lab, tree, value)
            facts[f"DOCKER_BUILDKIT {name}: BuildKit builds"] = "load build definition" in said
            facts[f"DOCKER_BUILDKIT {name}: a cache mount builds"] = code == 0
            if name == "0":
                facts["legacy: calls itself deprecated"] = "deprecated" in said.lower()
                facts["legacy: a mount option requires BuildKit"] = "requires BuildKit" in said
                facts["legacy: says mount type=cache not supported"] = (
                    "mount type=cache not supported" in said
                )
        tree.write("Dockerfile", MOUNTED.format(salt=secrets.token_hex(4)))
        record = build(tree, title="no syntax line", output="cache").require_ok()
        facts["a cache mount needs no syntax line"] = record.ok
    return Runs({"no syntax line": record}, facts)


def _typed(lab: Engine, tree: Workspace, value: str | None) -> tuple[int, str]:
    tree.write("Dockerfile", MOUNTED.format(salt=secrets.token_hex(4)))
    # The legacy builder has no --output; its build ends at the mount and leaves nothing.
    flags = () if value == "0" else ("--output=type=cacheonly",)
    return typed.build(lab, tree.path, *flags, buildkit=value)


def _major(lab: Engine) -> int:
    found = re.match(r"\d+", lab.info.engine_version)
    return int(found[0]) if found else 0


@experiment(uses=("programs/small",))
def words() -> Runs:
    """Flags that articles name, and what `--progress=plain` says of a step that runs again."""
    facts: dict[str, Fact] = {}
    with workspace(program("small")) as tree:
        tree.write("go.mod", f"{tree.read('go.mod')}// {secrets.token_hex(4)}\n")
        first = build(tree, title="first build", output="cache").require_ok()
        tree.write("main.go", tree.read("main.go") + "// another line\n")
        said = plain.build(tree.path)
        facts["progress=plain succeeds"] = said.ok
        facts["progress=plain names each step"] = all(
            text in said.text for text in ("COPY . .", "RUN : the program", "RUN : the documents")
        )
        facts["progress=plain marks cached steps"] = "CACHED" in said.text
        facts["progress=plain says Skipping cache"] = "skipping cache" in said.text.lower()
        facts["progress=plain says why a step ran"] = bool(
            re.search(r"\bbecause\b|\bchanged\b|\binvalidat", said.text, re.I)
        )
        tree.write("Dockerfile", "FROM debian:trixie-slim\nRUN exit 3\n")
        failed = plain.build(tree.path)
        facts["a failed step is shown with its line"] = ">>> RUN exit 3" in failed.text
        for name, flags in FLAGS.items():
            facts[f"{name} is a flag"] = _taken(tree, *flags)
    return Runs({"first build": first}, facts)


FLAGS = {
    "--metadata=type=inline": ("--metadata=type=inline",),
    "--cache-to=type=inline": ("--cache-to=type=inline",),
}


def _taken(tree: Workspace, *flags: str) -> bool:
    """Whether the client takes the flag; not whether the build then succeeds."""
    tree.write("Dockerfile", "FROM scratch\nCOPY go.mod /\n")
    try:
        return "unknown flag" not in plain.build(tree.path, *flags, output="none").text
    except UsageError:
        return False

"""For the ledger: what cache mounts and secret mounts do, on steps that cost nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.experiments.programs import program
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

BASE = "debian:trixie-slim"
CACHE = "RUN --mount=type=cache,target=/store"


@dataclass
class Trial:
    """One build after the other of Dockerfiles that are written on the spot."""

    tree: Workspace
    records: dict[str, BuildRecord] = field(default_factory=dict)
    cache_ns: str = field(default_factory=lambda: f"buildlab-{secrets.token_hex(4)}")

    def run(self, title: str, *lines: str, flags: tuple[str, ...] = (), salt: bool = True) -> str:
        """Build these instructions; what their steps printed. A failed build is a result."""
        above = [f"ENV SALT={secrets.token_hex(4)}"] if salt else []
        self.tree.write("Dockerfile", "\n".join([f"FROM {BASE}", *above, *lines, ""]))
        record = build(self.tree, *flags, title=title, output="cache", cache_ns=self.cache_ns)
        self.records[title] = record
        return record.output

    def error(self, title: str) -> str:
        """Why that build failed, "" where it did not."""
        failure = self.records[title].failure
        return failure.words if failure else ""

    def cached(self, title: str) -> bool:
        """Whether all steps of that build were cached."""
        return all(s is State.CACHED for s in self.records[title].states().values())


@experiment(uses=("programs/small",))
def caches() -> Runs:
    """What a cache mount keeps, for whom, and what ends it. Marker files stand for a cache."""
    with workspace(program("small")) as tree:
        trial = Trial(tree)
        facts = {**_kept(trial), **_owned(trial)}
    return Runs(trial.records, facts)


def _kept(trial: Trial) -> dict[str, Fact]:
    look = "if [ -e /store/marker ]; then echo there; fi"
    trial.run("filled", f"{CACHE} touch /store/marker")
    later = trial.run("a later build", f"{CACHE} {look}")
    other = look.replace("/store", "/elsewhere")
    by_id = trial.run(
        "same id, other target", f"RUN --mount=type=cache,id=/store,target=/elsewhere {other}"
    )
    bare = trial.run("a step without the mount", f"{CACHE} touch /store/x", f"RUN {look}")
    trial.run(
        "COPY from the stage",
        f"{CACHE} {look}",
        "FROM scratch",
        "COPY --from=0 /store/marker /marker",
    )
    again = trial.run("the step invalidated", f"{CACHE} : another text; {look}")
    empty = trial.run("with --no-cache", f"{CACHE} {look}", flags=("--no-cache",))
    home = Path.home() / ".cache" / "go-build" / "buildlab-marker"
    trial.run(
        "at the path of the host's cache",
        "RUN --mount=type=cache,target=/root/.cache/go-build "
        "touch /root/.cache/go-build/buildlab-marker",
    )
    return {
        "a later build finds what the mount held": "there" in later,
        "the default id is the target": "there" in by_id,
        "a step without the mount sees its content": "there" in bare,
        "COPY --from the stage finds its content": trial.records["COPY from the stage"].ok,
        "the mount is kept when its step is invalidated": "there" in again,
        "the mount is kept by --no-cache": "there" in empty,
        "the mount lies in that folder of the host": home.exists(),
    }


def _owned(trial: Trial) -> dict[str, Fact]:
    own = "RUN --mount=type=cache,target=/owned"
    trial.run("as another user", "USER 10001", f"{own} touch /owned/file")
    trial.run(
        "as another user, uid given",
        "USER 10001",
        "RUN --mount=type=cache,target=/given,uid=10001,gid=10001 touch /given/file",
    )
    written = trial.run(
        "read-only", "RUN --mount=type=cache,target=/ro,readonly touch /ro/file 2>&1"
    )
    return {
        "another user may write to the mount": trial.records["as another user"].ok,
        "another user may write where uid and gid are given": trial.records[
            "as another user, uid given"
        ].ok,
        "a read-only mount says permission denied": "ermission denied" in written,
        "a read-only mount says read-only file system": "ead-only file system" in written,
    }


SECRET = "RUN --mount=type=secret,id=token"


@experiment(uses=("programs/small",))
def secret_mounts() -> Runs:
    """What a step sees of a secret, what is left of it, and what becomes of a missing one."""
    with workspace(program("small")) as tree:
        trial = Trial(tree)
        values = [secrets.token_hex(16) for _ in range(2)]
        for number, value in enumerate(values):
            tree.write(f"token{number}", value)
        flags = [(f"--secret=id=token,src={tree.path / f'token{n}'}",) for n in (0, 1)]
        tree.write(".dockerignore", "token*\n")
        facts = {**_seen(trial, flags[0], values[0]), **_missing(trial)}
        line = f"{SECRET} test -s /run/secrets/token && date"
        trial.run("a secret", line, flags=flags[0], salt=False)
        trial.run("a secret, the same build", line, flags=flags[0], salt=False)
        trial.run("a secret, another value", line, flags=flags[1], salt=False)
        facts["another value of the secret runs the step again"] = not trial.cached(
            "a secret, another value"
        )
    return Runs(trial.records, facts)


def _seen(trial: Trial, flags: tuple[str, ...], value: str) -> dict[str, Fact]:
    size = "if [ -s /run/secrets/token ]; then echo readable; fi"
    during = trial.run("the step with the secret", f"{SECRET} {size}", flags=flags)
    after = trial.run("the step after it", f"{SECRET} true", f"RUN {size}", flags=flags)
    copied = trial.run(
        "a step that copies it",
        f"{SECRET} cp /run/secrets/token /kept",
        f"RUN if grep -q {value[:8]} /kept; then echo still there; fi",
        flags=flags,
    )
    return {
        "the step reads the secret as a file": "readable" in during,
        "the next step reads the secret": "readable" in after,
        "a secret that the step copies stays in the layer": "still there" in copied,
    }


def _missing(trial: Trial) -> dict[str, Fact]:
    trial.run("secret not given", f"{SECRET} true")
    trial.run("required secret not given", f"{SECRET},required=true true")
    said = trial.error("required secret not given")
    return {
        "a secret that is not given fails the build": not trial.records["secret not given"].ok,
        "a required secret that is not given fails the build": not trial.records[
            "required secret not given"
        ].ok,
        "the message for a missing secret has the words": said.split("failed to solve: ")[-1][:60],
        "the message says secret not found": "secret not found" in said,
        "the message says not found": "not found" in said,
    }

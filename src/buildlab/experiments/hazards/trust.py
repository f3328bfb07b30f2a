"""Can a cache mount serve wrong code? Other settings, another compiler, changed entries."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path

from buildlab.bench.bench import Bench, bench
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.record.model import BuildRecord

HERE = Path(__file__).parent
STALE = HERE / "stale"


def _program() -> AbstractContextManager[Bench]:
    return bench(STALE, output="cache")


def recipe(name: str) -> str:
    """The text of a Dockerfile of these experiments: settings, compiler, tampered or module."""
    return (HERE / f"{name}.Dockerfile").read_text()


def _compiled(name: str) -> tuple[BuildRecord, tuple[Row, ...]]:
    with _program() as program:
        record = program.build_text(recipe(name), name).require_ok()
    told = re.findall(r"^(.+): compiled (\d+), text (.*)$", record.output, flags=re.MULTILINE)
    return record, tuple(
        {"step": step, "compiled": int(count) > 0, "text": text} for step, count, text in told
    )


def _facts(rows: tuple[Row, ...]) -> dict[str, Fact]:
    return {f"{row['step']}: {what}": row[what] for row in rows for what in ("compiled", "text")}


@experiment(uses=("programs/harbour",))
def mounts_and_settings() -> Runs:
    """One package under several settings of Go, one after the other in one compiler cache.

    Rows and facts: whether the compiler ran ("-tags=loud: compiled"), and the text that the
    result holds ("-tags=loud: text").
    """
    record, rows = _compiled("settings")
    return Runs({"settings": record}, _facts(rows), rows=rows)


@experiment(uses=("programs/harbour",))
def mounts_and_compilers() -> Runs:
    """The same package with a patched compiler, of the same version and of another.

    A script stands in for it: it answers for its version, and changes a word of what it compiles.
    Rows and facts: as `mounts_and_settings`.
    """
    record, rows = _compiled("compiler")
    return Runs({"compilers": record}, _facts(rows), rows=rows)


@experiment(uses=("programs/harbour",))
def mounts_tampered() -> Runs:
    """An entry of the compiler cache, changed by another step, with its size kept and not.

    Rows and facts: as `mounts_and_settings`; the text is what the program prints.
    """
    record, rows = _compiled("tampered")
    return Runs({"tampered": record}, _facts(rows), rows=rows)


@experiment(uses=("programs/harbour",))
def module_changed() -> Runs:
    """A file of an unpacked module, changed by another step.

    Rows: what each command says. Facts: whether it noticed ("go build notices"), and whether the
    change is in the result.
    """
    with _program() as program:
        record = program.build_text(recipe("module"), "module").require_ok()
    told = re.findall(r"^(.+): exit (\d+), said (.*)$", record.output, flags=re.MULTILINE)
    rows = tuple(
        {"command": name, "exit code": int(code), "says": said} for name, code, said in told
    )
    failed = {str(row["command"]): row["exit code"] != 0 for row in rows}
    facts: dict[str, Fact] = {
        "go mod download notices": failed["go mod download"],
        "go build notices": failed["go build -v"],
        "go mod verify notices": failed["go mod verify"],
        "the change is in the result": not failed["the altered line in the result"],
        "go mod verify complained before": failed["untouched, go mod verify"],
    }
    return Runs({"module": record}, facts, rows=rows)

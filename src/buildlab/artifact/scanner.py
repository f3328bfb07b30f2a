"""Trivy, where it is installed: known vulnerabilities of an image, as the articles ask for."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildlab.basics import jsontext
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host import child
from buildlab.host.settings import tool_env

LIMIT_S = 300
"""The first run fetches a database of vulnerabilities."""
INSTALL = "install it: https://trivy.dev/latest/getting-started/installation/"


@dataclass(frozen=True, slots=True)
class Scan:
    """What Trivy found: which kinds of package it recognised, and vulnerabilities by severity."""

    kinds: tuple[str, ...]
    severities: Mapping[str, int]


def trivy_program() -> Path | None:
    """Trivy on PATH, None where there is none."""
    found = shutil.which("trivy", path=tool_env()["PATH"])
    return Path(found) if found else None


def command(ref: str) -> tuple[str, ...]:
    """What to type to scan an image of the engine, for people to read."""
    return ("trivy", "image", "--scanners=vuln", "--severity=HIGH,CRITICAL", ref)


def scan(engine: Engine, ref: str, *, program: Path | None = None) -> Scan:
    """Scan an image of the engine. Raises EngineError where Trivy is missing or fails."""
    program = program or trivy_program()
    if program is None:
        raise EngineError("trivy is not installed", INSTALL)
    argv = [str(program), "image", "--scanners=vuln", "--quiet", "--format=json", ref]
    done = child.run(argv, env=engine.child_env(), limit_s=LIMIT_S, what="trivy", install=INSTALL)
    try:
        found = jsontext.loads(done.out) if done.ok else None
    except ValueError:
        found = None
    if found is None:
        raise EngineError(
            f"trivy doesn't scan {ref}: {done.err.strip()[-400:]}",
            "its database comes from the network; see: " + " ".join(command(ref)),
        )
    results = found.get("Results") or []
    severities = Counter(v["Severity"] for r in results for v in r.get("Vulnerabilities") or ())
    return Scan(tuple(str(r.get("Type", "")) for r in results), dict(severities))

"""The doctor: does the real acts of the course, and says of each what came of it.

Each check is a function that uses the code path it vouches for; none can hold up the others.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError
from buildlab.host.settings import tool_env
from buildlab.masking import Masker
from buildlab.setup.doctor import acts, machine
from buildlab.setup.doctor.model import (
    Bench,
    Check,
    Finding,
    Outcome,
    Report,
    Result,
    Skip,
    credentials,
)

__all__ = ["CHECKS", "Finding", "Report", "Result", "examine", "findings"]

# Title, check, its time limit in seconds (over that of the builds within it).
CHECKS: tuple[tuple[str, Check, float], ...] = (
    ("free disk", machine.disk, 20),
    ("cores and memory", machine.cores, 20),
    ("ports", machine.ports, 20),
    ("proxies and Go settings", machine.proxies, 20),
    ("certificate authorities", machine.authorities, 20),
    ("files, umask, paths", machine.files, 30),
    ("module proxy from here", acts.host_module_proxy, 40),
    ("engine", acts.engine, 420),
    ("base images", acts.base_images, 900),
    ("two steps", acts.two_steps, 400),
    ("compile and run", acts.compile_and_run, 300),
    ("cache mount", acts.cache_mount, 400),
    ("secret", acts.secret, 200),
    ("module proxy in a build", acts.module_proxy, 200),
    ("registry cache", acts.registry_cache, 450),
)
SLOW_NETWORK = "look at the network, then try again: buildlab doctor"


def examine(
    engine: Engine | None = None,
    *,
    checks: Sequence[tuple[str, Check, float]] = CHECKS,
    starting: Callable[[str], None] = lambda _: None,
    found: Callable[[Finding], None] = lambda _: None,
) -> Report:
    """Run all checks, on `engine` or on the one that builds would use.

    `starting` hears each check's title, `found` its row. Never raises for a fault that a check
    found; KeyboardInterrupt ends it.
    """
    rows = []
    for row in findings(engine, checks=checks, starting=starting):
        found(row)
        rows.append(row)
    return Report(tuple(rows))


def findings(
    engine: Engine | None = None,
    *,
    checks: Sequence[tuple[str, Check, float]] = CHECKS,
    starting: Callable[[str], None] = lambda _: None,
) -> Iterator[Finding]:
    """The rows, each as soon as its check has ended."""
    with tempfile.TemporaryDirectory(prefix="buildlab-doctor-") as folder:
        bench = Bench(Path(folder), engine)
        for title, check, limit_s in checks:
            starting(title)
            yield _run(title, check, bench, limit_s)


def _run(title: str, check: Check, bench: Bench, limit_s: float) -> Finding:
    """One row. The check runs on a thread of its own: what hangs is left behind, and named."""
    answer: Queue[Finding] = Queue()
    began = time.monotonic()
    thread = Thread(
        target=lambda: answer.put(_outcome(title, check, bench)), name=title, daemon=True
    )
    thread.start()
    try:
        row = answer.get(timeout=limit_s)
    except Empty:
        row = Finding(title, Result.FAULT, f"did not end within {limit_s:.0f} s", SLOW_NETWORK)
    return replace(row, duration_s=round(time.monotonic() - began, 2))


def _outcome(title: str, check: Check, bench: Bench) -> Finding:
    """What a check found, as a row without any password."""
    mask = Masker(credentials(tool_env()))
    result, detail, remedy = _tried(check, bench)
    return Finding(title, result, mask(detail), mask(remedy))


def _tried(check: Check, bench: Bench) -> Outcome:
    try:
        return check(bench)
    except Skip as e:
        return Result.SKIPPED, str(e), ""
    except BuildlabError as e:
        return Result.FAULT, e.message, e.hint
    except KeyboardInterrupt:
        # Ctrl-C in a terminal reaches a check's build too; the main thread has one of its own.
        return Result.FAULT, "it was interrupted", "try again: buildlab doctor"
    except Exception as e:
        # One broken check must not cost the rows of the others.
        return Result.FAULT, f"{type(e).__name__}: {e}", "see where: buildlab --debug doctor"

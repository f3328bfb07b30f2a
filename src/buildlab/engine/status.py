"""What `buildlab engine status` shows: kind, versions, address, builder, up time, cache, home."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from buildlab.engine import choose as _choose
from buildlab.engine import reviving
from buildlab.engine.docker import existing, remote
from buildlab.engine.docker.owned import inspect_fields, run_buildx
from buildlab.engine.embedded import shared
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError
from buildlab.host.settings import Settings

DU_TIMEOUT_S = 30
HALF_DEAD = (
    "it does not answer as it should: the next build mends it, or now: "
    "buildlab engine stop && buildlab engine start"
)
LOST = (
    "its processes run, but its folder was deleted, exchanged or damaged: "
    "the next start replaces it; to end it: buildlab engine stop"
)


@dataclass(frozen=True, slots=True)
class Status:
    """An engine's state. `uptime_s` and `cache_bytes` are None where they are not known."""

    kind: str
    why: str
    running: bool
    home: str
    address: str = ""
    builder: str = ""
    versions: Mapping[str, str] | None = None
    uptime_s: float | None = None
    cache_bytes: int | None = None
    tried: tuple[str, ...] = ()
    trouble: str = ""
    """What is wrong with an engine that runs, and what to type; "" where nothing is."""


def status(settings: Settings | None = None) -> Status:
    """The state of the engine that builds would use. Starts nothing. Raises EngineError where
    none can be had."""
    settings = settings or Settings.from_env()
    if settings.replaying:
        why = "BUILDLAB_REPLAY is set: recorded builds are shown, no engine is used"
        return Status("replay", why, False, str(settings.home))
    found = _choose.choose(settings)
    if found.kind == "embedded":
        return _embedded(settings, found)
    if found.kind == "docker" and found.answer is not None:
        return _docker(settings, found)
    return _remote(settings, found)


def _embedded(settings: Settings, found: _choose.Choice) -> Status:
    state = shared.status(settings)
    kind, home = "embedded", str(settings.home)
    if not state.running:
        return Status(kind, found.why, False, home, versions=_main(state.versions))
    trouble = LOST if state.lost else HALF_DEAD
    engine = shared.as_it_is(settings) if state.sound else None
    return Status(
        kind, found.why, True, home, state.socket, "default", _main(state.versions),
        uptime_s=_age_s(_process_start(state.pid)),
        cache_bytes=cache_bytes(engine) if engine else None, tried=found.tried,
        trouble="" if state.sound else trouble,
    )  # fmt: skip


def _docker(settings: Settings, found: _choose.Choice) -> Status:
    assert found.answer is not None
    engine = existing.describe(settings, found.answer)
    running = existing.runs(engine, settings)
    info = engine.info
    versions = {"docker": info.engine_version, "buildx": info.buildx_version}
    uptime = cache = None
    if running:
        with suppress(BuildlabError):
            uptime = _age_s(existing.started_at(engine, settings, found.answer))
        cache = cache_bytes(engine)
    return Status(
        "docker", found.why, running, str(settings.home), engine.socket or "", engine.builder,
        versions, uptime, cache, found.tried, _silent(engine) if running and cache is None else "",
    )  # fmt: skip


def _remote(settings: Settings, found: _choose.Choice) -> Status:
    engine = remote.describe(settings, found.builder)
    fields = inspect_fields(engine.buildx, engine.child_env(), found.builder, boot=False)
    running = fields.get("Status", "") == "running"
    cache = cache_bytes(engine) if running else None
    versions = {
        "BuildKit": fields.get("BuildKit version", ""),
        "buildx": engine.info.buildx_version,
    }
    return Status(
        "remote", found.why, running, str(settings.home), fields.get("Endpoint", ""),
        found.builder, versions, cache_bytes=cache, tried=found.tried,
        trouble=_silent(engine) if running and cache is None else "",
    )  # fmt: skip


def _silent(engine: Engine) -> str:
    return f"its builder does not say what it holds: {reviving.by_hand(engine)}"


def cache_bytes(engine: Engine) -> int | None:
    """Size of the builder's cache; None where it does not say within the time limit."""
    try:
        text = run_buildx(engine.buildx, engine.child_env(), "du", timeout_s=DU_TIMEOUT_S)
    except BuildlabError:
        return None
    found = re.search(r"^Total:\s*([\d.]+)\s*([kKMGT]?)i?B", text, re.M)
    if not found:
        return None
    step = 1024 if f"{found[2]}iB" in found[0] else 1000
    exponent = " KMGT".index(found[2].upper() or " ")
    return round(float(found[1]) * float(step**exponent))


def _main(versions: Mapping[str, str]) -> dict[str, str]:
    wanted = ("docker.io", "docker-buildx", "containerd", "runc")
    return {name: versions[name] for name in wanted if name in versions}


def _age_s(start: datetime | None) -> float | None:
    return None if start is None else max(0.0, (datetime.now(UTC) - start).total_seconds())


def _process_start(pid: int | None) -> datetime | None:
    if pid is None:
        return None
    try:
        return datetime.fromtimestamp(Path(f"/proc/{pid}").stat().st_ctime, UTC)
    except OSError:
        return None

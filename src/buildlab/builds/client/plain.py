"""`docker buildx` as a user types it, and what it prints: for lessons on its own words.

`build()` of this package guards its builds and reads events. Here nothing is guarded and nothing
is interpreted: the folder goes to the client under its own name. What these functions run is
watched and has a time limit, like every build of the kit.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from buildlab import masking
from buildlab.basics import jsontext
from buildlab.builds.asked.command import Output, compose
from buildlab.builds.asked.known import known
from buildlab.builds.asked.source import locate
from buildlab.builds.client import process
from buildlab.builds.client.heard import hear, require_end
from buildlab.builds.lock import close_client, engine_key, measuring
from buildlab.engine import current
from buildlab.engine.model import Engine
from buildlab.errors import UsageError
from buildlab.host.settings import Settings
from buildlab.masking import Masker
from buildlab.record.joining import make_record
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Fold

TIMEOUT_S = 120.0
READING: tuple[tuple[str, ...], ...] = (
    ("history", "ls"),
    ("history", "inspect"),
    ("history", "logs"),
    ("du",),
    ("ls",),
    ("inspect",),
    ("version",),
)
"""Commands that change nothing. `history rm` is not among them: it can crash an engine."""

_NODE_ID = ".buildNodeID"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed: stdout and stderr as they came, without colours."""

    command: tuple[str, ...]
    exit_code: int
    text: str
    wall_s: float
    ref: str = ""
    """What `docker buildx history` calls this build; "" where it is none, or failed."""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


def build(
    folder: Path,
    *flags: str,
    engine: Engine | None = None,
    progress: str = "plain",
    output: Output = "cache",
    cache_ns: str | None = None,
    env: dict[str, str | None] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Said:
    """`docker buildx build --progress=plain` on a folder as it is; a failure is an answer.

    `env` is laid over the engine's environment; None removes a variable. `progress` may be any
    form that buildx knows, and "--call=check" among the flags makes it a check. Raises TimedOut,
    EngineError where there is no client, UsageError for a folder that can't be built.
    """
    engine = _with_env(engine or current(), env)
    calling = any(f.startswith(("--call", "--check")) for f in flags)
    source = locate(os.fspath(folder), tuple(f for f in flags if not _is_call(f)))
    calls = tuple(f for f in flags if _is_call(f))
    with _scratch(engine) as scratch:
        made = compose(
            engine,
            replace(source, flags=(*source.flags, *calls)),
            run_context=os.fspath(folder),
            title=folder.name,
            cache_ns=cache_ns,
            output="none" if calling or output == "none" else output,
            metadata_file=scratch / "metadata.json",
        )
        argv = [f"--progress={progress}" if w.startswith("--progress=") else w for w in made.argv]
        masker = Masker(known((), source, engine).values)
        said = _said(engine, argv, masker.command(made.shown), timeout_s, masker)
        told = _metadata(scratch / "metadata.json") or {}
    return replace(said, ref=str(told.get("buildx.build.ref", "")).rpartition("/")[2])


def legacy(folder: Path, *flags: str, engine: Engine, timeout_s: float = TIMEOUT_S) -> Said:
    """`docker build` with DOCKER_BUILDKIT=0, for its messages. What it builds is not removed: use
    `legacy_build` for builds that succeed."""
    engine = _with_env(engine, {"DOCKER_BUILDKIT": "0"})
    shown = ("DOCKER_BUILDKIT=0", "docker", "build", *flags, folder.name)
    with _scratch(engine):
        argv = [*engine.cli, "build", *flags, os.fspath(folder)]
        masker = Masker(masking.given(flags, engine.child_env()))
        return _said(engine, argv, masker.command(shown), timeout_s, masker)


def read(*words: str, engine: Engine | None = None, timeout_s: float = TIMEOUT_S) -> Said:
    """A `docker buildx` command that only reads: history, du, ls. Raises UsageError for others."""
    if not any(words[: len(allowed)] == allowed for allowed in READING):
        raise UsageError(
            f"docker buildx {' '.join(words)} is not among the commands that only read",
            f"use one of: {', '.join(' '.join(w) for w in READING)}",
        )
    engine = engine or current()
    argv = [*engine.buildx, *words]
    if engine.builder not in ("", "default") and words[0] in ("history", "du", "inspect"):
        argv += ["--builder", engine.builder]
    return _said(engine, argv, ("docker", "buildx", *words), timeout_s)


def prune(*flags: str, engine: Engine, timeout_s: float = TIMEOUT_S) -> Said:
    """`docker buildx prune --force` on a fresh engine. Raises UsageError on any other.

    A shared engine is never pruned: others work there, and its cache is theirs.
    """
    if not engine.fresh:
        raise UsageError(
            "only a fresh engine is pruned, a shared one never", "use: engine(fresh=True)"
        )
    argv = [*engine.buildx, "prune", "--force", *flags]
    return _said(engine, argv, ("docker", "buildx", "prune", "--force", *flags), timeout_s)


def unguarded(
    folder: Path,
    *flags: str,
    title: str,
    engine: Engine | None = None,
    env: dict[str, str | None] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> BuildRecord:
    """A build of a folder as it is, under its own name: BuildKit may give it old files.

    For lessons that show just that. A build that fails gives a record too. Raises as `build`.
    """
    engine = _with_env(engine or current(), env)
    source = locate(os.fspath(folder), flags)
    secret = known((), source, engine)
    fold = Fold(secret.values)
    with _scratch(engine) as scratch:
        metadata = scratch / f"metadata-{secrets.token_hex(4)}.json"
        made = compose(
            engine,
            source,
            run_context=os.fspath(folder),
            title=title,
            cache_ns=None,
            output="none",
            metadata_file=metadata,
        )
        outcome = process.run(
            made.argv,
            {**engine.child_env(), "BUILDX_METADATA_PROVENANCE": "max"},
            feed=fold.feed,
            tick=lambda: None,
            timeout_s=timeout_s,
        )
        shown = Masker(secret.values).command(made.shown)
        require_end(outcome, _stopped(shown, timeout_s))
        found = _metadata(metadata)
    return make_record(
        fold,
        found,
        id=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        title=title,
        command=made.shown,
        context=source.shown,
        dockerfile=source.dockerfile_shown,
        wall_s=outcome.wall_s,
        exit_code=outcome.exit_code,
        engine=engine.info,
        plain_tail="\n".join(fold.plain),
        dockerfile_text=source.text(),
    )


@contextmanager
def other_client(engine: Engine) -> Iterator[dict[str, str | None]]:
    """The environment of a buildx with another node id: to the engine, another machine.

    Its BUILDX_CONFIG is a copy of the engine's, so that it knows the same builders.
    """
    known = engine.child_env().get("BUILDX_CONFIG", "")
    with tempfile.TemporaryDirectory(prefix="buildlab-client-") as folder:
        config = Path(folder) / "buildx"
        if known and Path(known).is_dir():
            shutil.copytree(known, config, ignore=shutil.ignore_patterns(_NODE_ID, "refs", ".lock"))
        config.mkdir(exist_ok=True)
        yield {"BUILDX_CONFIG": os.fspath(config)}


def _metadata(path: Path) -> dict[str, object] | None:
    """What the client says of a build; None where it failed."""
    found: dict[str, object] | None = jsontext.loads(path.read_bytes()) if path.exists() else None
    return found


def _is_call(flag: str) -> bool:
    return flag.startswith(("--call", "--check"))


def _with_env(engine: Engine, env: dict[str, str | None] | None) -> Engine:
    return replace(engine, env={**engine.env, **env}) if env else engine


@contextmanager
def _scratch(engine: Engine) -> Iterator[Path]:
    """One build at a time on this engine, as for all builds of the kit."""
    home = Settings.from_env().paths
    locks = home.make(home.locks)
    with measuring(locks, engine_key(engine), waiting=lambda _: None, timeout_s=900) as folder:
        yield folder
        close_client(engine)


def _said(
    engine: Engine,
    argv: Sequence[str],
    shown: Sequence[str],
    timeout_s: float,
    masker: Masker | None = None,
) -> Said:
    lines: list[str] = []
    outcome = hear(argv, engine.child_env(), lines, timeout_s=timeout_s)
    require_end(outcome, _stopped(shown, timeout_s))
    text = (masker or Masker())("\n".join(lines))
    return Said(tuple(shown), outcome.exit_code, text, outcome.wall_s)


def _stopped(shown: Sequence[str], timeout_s: float) -> str:
    return f"{' '.join(shown[:4])} …: stopped after {timeout_s:g} s"

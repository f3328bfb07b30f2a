"""`build()`: one `docker buildx build`, watched from start to end, and its record."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from buildlab import masking, replay
from buildlab.builds import aftermath
from buildlab.builds.asked import places, registries
from buildlab.builds.asked.command import Output, compose
from buildlab.builds.asked.known import Known, kept_back, known
from buildlab.builds.asked.preparing import run_context, time_limit, title_of
from buildlab.builds.asked.source import Source, locate
from buildlab.builds.attempt import attempt as run_once
from buildlab.builds.client import metadata
from buildlab.builds.context.manifest import files_of
from buildlab.builds.ending import after, why_stopped, with_evidence
from buildlab.builds.job import Attempt, Job, Results, warned
from buildlab.builds.lock import close_client, engine_key, measuring
from buildlab.builds.observer import Audience, Observer
from buildlab.builds.trouble import disk, faults
from buildlab.builds.trouble.notes import Notes
from buildlab.builds.trouble.remarks import remarked
from buildlab.builds.trouble.suspect import Doubt
from buildlab.builds.workspace import Workspace
from buildlab.engine import current
from buildlab.engine.model import Engine
from buildlab.errors import Interrupted, UsageError
from buildlab.host import outfile
from buildlab.host.settings import Settings
from buildlab.masking import Masker
from buildlab.record import failing
from buildlab.record import flags as docker
from buildlab.record.model import BuildRecord

TIMEOUT_S = 900.0


def build(
    context: str | Path | Workspace,
    *flags: str,
    title: str = "",
    engine: Engine | None = None,
    cache_ns: str | None = None,
    output: Output = "image",
    mask: Sequence[str] = (),
    observers: Sequence[Observer] = (),
    timeout_s: float = TIMEOUT_S,
    stdin: BinaryIO | None = None,
    stdout: int | None = None,
) -> BuildRecord:
    """Run `docker buildx build` with these flags on the folder `context`, and return its record.

    The flags go to docker as they are; a --file that isn't found from here is looked for in the
    context. `output` is what becomes of the result: "image" loads it, under a tag of the kit's
    where the flags neither name it nor ask for its id; "load" loads it without one, "cache" only
    fills the build cache, "none" leaves it to the flags. Cache mounts live in the namespace
    `cache_ns`. Values in `mask` are kept out of the record and of what observers see. `stdin` is
    what a context or Dockerfile "-" is read from, the file descriptor `stdout` where a result
    that the flags send to standard output goes.

    A build that fails gives a record too. Raises UsageError when the call can't work, EngineError
    when no engine answers or it dies, DiskFull, TimedOut after `timeout_s` seconds (waiting for
    another build on the engine has a limit of its own), and KeyboardInterrupt when interrupted;
    what was seen until then is saved, and a note on the exception says where. No build is left
    in the engine by any of these.
    """
    audience = Audience(observers)
    title = title or title_of(context, flags)
    if replay.active():
        return _replayed(flags, title, audience)
    time_limit(timeout_s)
    if docker.to_stdout(flags) and stdout is None:
        raise UsageError(
            "the result can't go to standard output here",
            "name a file: --output type=tar,dest=FILE",
        )
    wanted = [
        outfile.check(given, f"--metadata-file {given}")
        for given in docker.values(flags, "--metadata-file")
    ]
    masker = Masker((*mask, *masking.given(flags), *masking.url_secrets(os.fspath(context))))
    with kept_back(masker):
        spool = Settings.from_env().paths
        source = locate(os.fspath(context), flags, stdin=stdin, spool=spool.make(spool.work))
        engine = engine or current()
        places.look(source.flags, engine.child_env())
        secret = known(mask, source, engine)
        masker.learn(secret.values)
        return _guarded(
            source,
            flags,
            title=masker(title),
            engine=engine,
            cache_ns=cache_ns,
            output=output,
            secret=secret,
            audience=audience,
            timeout_s=timeout_s,
            results=Results(stdout, wanted[-1] if wanted else None),
        )


def _guarded(
    source: Source,
    flags: tuple[str, ...],
    *,
    title: str,
    engine: Engine,
    cache_ns: str | None,
    output: Output,
    secret: Known,
    audience: Audience,
    timeout_s: float,
    results: Results,
) -> BuildRecord:
    """One build at a time on this engine, its context shown under a name that is safe."""
    home = Settings.from_env().paths
    try:
        locks, key = home.make(home.locks), engine_key(engine)
        with measuring(
            locks, key, waiting=audience.waiting, timeout_s=max(timeout_s, TIMEOUT_S)
        ) as scratch:
            underway = aftermath.Underway.of(locks, key)
            engine = aftermath.ready(engine, underway, audience.waiting)
            (doubt := Doubt.of(locks, key)).settle(engine)
            # A name of its own: a killed build's client may still live for a moment.
            kept = scratch / f"metadata-{secrets.token_hex(4)}.json"
            registries.knock(engine, source.flags, title, min(timeout_s, registries.LIMIT_S))
            context_given, unreadable = run_context(source)
            files = files_of(source, home.make(home.contexts), engine.child_env())
            command = compose(
                engine,
                source,
                run_context=context_given,
                title=title,
                cache_ns=cache_ns,
                output=output,
                metadata_file=kept,
            )
            masker = Masker(secret.values)
            job = Job(
                engine=engine,
                source=source,
                flags=flags,
                title=title,
                argv=command.argv,
                shown=masker.command(command.shown),
                metadata=kept,
                mask=secret.values,
                timeout_s=timeout_s,
                audience=audience,
                notes=Notes(engine, context_given, source.flags, masker),
                underway=underway,
                doubt=doubt,
                files=files,
                unreadable=unreadable,
                limits=secret.limits,
                results=results,
            )
            try:
                return _run(job)
            finally:
                close_client(engine)
    except OSError as fault:
        raise disk.client_fault(fault, home.root) from fault
    except KeyboardInterrupt as stop:
        if isinstance(stop, Interrupted):
            raise
        raise Interrupted("interrupted; nothing of this build runs in the engine") from None


def _run(job: Job) -> BuildRecord:
    job.audience.started(job.shown, job.title)
    attempt = run_once(job)
    if attempt.outcome.exit_code and faults.lost_snapshot(attempt.ending.tail):
        first = attempt
        attempt = run_once(job)
        attempt.record = warned(
            attempt.record,
            "retried",
            f"run twice: {failing.message(first.ending.tail.strip().splitlines()[-1])}",
        )
    attempt.record = remarked(attempt.record, job, attempt.ending.tail)
    stop = why_stopped(job, attempt, after(job, attempt))
    if stop is not None:
        raise with_evidence(stop, job, attempt)
    _deliver_metadata(job, attempt)
    job.audience.finished(attempt.record)
    if replay.recording():
        folder = Path(Settings.from_env().record)
        replay.keep_build(attempt.record, job.flags, attempt.lines, folder, job.mask)
    return attempt.record


def _deliver_metadata(job: Job, attempt: Attempt) -> None:
    """Write the metadata file that the user asked for."""
    path = job.results.metadata
    if path is None or attempt.metadata is None:
        return
    given = docker.values(job.flags, "--build-arg")
    namespaced = any(value.startswith("BUILDKIT_CACHE_MOUNT_NS") for value in given)
    env = job.engine.child_env()
    try:
        metadata.write(path, attempt.metadata, env, cache_ns=namespaced)
    except OSError as fault:
        raise with_evidence(disk.not_written(path, fault), job, attempt) from fault


def _replayed(flags: Sequence[str], title: str, audience: Audience) -> BuildRecord:
    found = replay.replayed(title, flags)
    audience.started(found.record.command, title)
    if audience:
        found.play(audience.progressed, Settings.from_env().replay_pace_s)
    audience.finished(found.record)
    return found.record

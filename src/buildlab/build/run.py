"""`build()`: one `docker buildx build`, watched from start to end, and its record."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from buildlab import failing, masking, outfile, replay
from buildlab.build import aftermath, bases, caches, disk, faults, metadata, process, registries
from buildlab.build import flags as docker
from buildlab.build.command import Output, compose
from buildlab.build.ending import Attempt, Job, Results, after, warned, why_stopped, with_evidence
from buildlab.build.known import Known, kept_back, known
from buildlab.build.lock import close_client, engine_key, measuring
from buildlab.build.missing import explained
from buildlab.build.notes import Notes
from buildlab.build.observer import Audience, Observer
from buildlab.build.preparing import arrive_empty, run_context, time_limit, title_of
from buildlab.build.source import Source, locate
from buildlab.build.suspect import Doubt, judged
from buildlab.engine import reviving
from buildlab.engine.model import Engine
from buildlab.engine.settings import Settings
from buildlab.errors import Interrupted, UsageError
from buildlab.joining import make_record
from buildlab.masking import Masker
from buildlab.record import BuildRecord, State
from buildlab.stream import Fold, PlainLog, Progress
from buildlab.workspace import Workspace

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
        engine = engine or _current()
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
                engine,
                source,
                flags,
                title,
                command.argv,
                masker.command(command.shown),
                kept,
                secret.values,
                timeout_s,
                audience,
                Notes(engine, context_given, source.flags, masker),
                underway,
                doubt,
                unreadable,
                secret.limits,
                results,
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
    attempt = _attempt(job)
    if attempt.outcome.exit_code and faults.lost_snapshot(attempt.ending.tail):
        first = attempt
        attempt = _attempt(job)
        attempt.record = warned(
            attempt.record,
            "retried",
            f"run twice: {failing.message(first.ending.tail.strip().splitlines()[-1])}",
        )
    attempt.record = explained(attempt.record, job.source, Masker(job.mask))
    attempt.record = bases.explained(attempt.record, job.engine, job.source, Masker(job.mask))
    for rule, said in caches.left_out(job.source.flags, job.engine.child_env()):
        attempt.record = warned(attempt.record, rule, said)
    if job.unreadable:
        attempt.record = warned(attempt.record, "unreadable", arrive_empty(job.unreadable))
    for limit in job.limits:
        attempt.record = warned(attempt.record, "masking", limit)
    for fault in job.audience.faults:
        said = Masker(job.mask)(f"an observer was dropped: {fault}")
        attempt.record = warned(attempt.record, "observer", said)
    stop = why_stopped(job, attempt, after(job, attempt))
    if stop is not None:
        raise with_evidence(stop, job, attempt)
    if job.results.metadata is not None and attempt.metadata is not None:
        namespaced = any(
            value.startswith("BUILDKIT_CACHE_MOUNT_NS")
            for value in docker.values(job.flags, "--build-arg")
        )
        env = job.engine.child_env()
        try:
            metadata.write(job.results.metadata, attempt.metadata, env, cache_ns=namespaced)
        except OSError as fault:
            raise with_evidence(
                disk.not_written(job.results.metadata, fault), job, attempt
            ) from fault
    job.audience.finished(attempt.record)
    if replay.recording():
        folder = Path(Settings.from_env().record)
        replay.keep_build(attempt.record, job.flags, attempt.lines, folder, job.mask)
    return attempt.record


def _attempt(job: Job) -> Attempt:
    fold = Fold(job.mask, dockerfile=job.source.text())
    keep = replay.recording()
    lines: list[replay.Line] = []
    begin = time.monotonic()

    log = PlainLog(fold.masker) if job.audience.listening else None

    def feed(line: bytes) -> None:
        fold.feed(line)
        job.notes.cover_early()
        for text in log.feed(line) if log else ():
            job.audience.said(text)
        if keep:
            lines.append(replay.Line(time.monotonic() - begin, line.decode("utf-8", "replace")))

    latest = [fold.progress()]
    stopped = threading.Event()

    def tick() -> None:
        if not stopped.is_set():  # later, the steps that ran are shown as ended
            latest[0] = fold.progress()
        if job.audience:
            job.audience.progressed(latest[0])

    parts = reviving.processes(job.engine)
    env = {**job.engine.child_env(), metadata.MODE: "max"}
    job.underway.write(Path(job.argv[-1]).name if job.source.folder is not None else "")
    try:
        with disk.Watch(job.engine) as watch:
            outcome = process.run(
                job.argv,
                env,
                feed=feed,
                tick=tick,
                timeout_s=job.timeout_s,
                stopping=stopped.set,
                stdin=job.source.stdin,
                stdout=job.results.stdout,
            )
    finally:
        job.notes.cover()
    told = metadata.take(job.metadata)
    tail = "\n".join(fold.plain)
    record = make_record(
        fold,
        told,
        id=f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        title=job.title,
        command=job.shown,
        context=job.source.shown,
        dockerfile=job.source.dockerfile_shown,
        wall_s=outcome.wall_s,
        exit_code=outcome.exit_code,
        engine=job.engine.info,
        plain_tail=tail,
        dockerfile_text=job.source.text(),
    )
    record = judged(record, watch, job.engine, job.doubt)
    logs = "".join(
        line.text for s in record.steps if s.state is State.FAILED for line in s.logs[-20:]
    )
    ending = faults.Ending(
        outcome.exit_code,
        tail,
        seen_events=bool(record.steps or record.internals),
        logs=logs,
        running=(() if stopped.is_set() else _running(fold.progress())) or _running(latest[0]),
        engine_lost=bool(outcome.exit_code and parts - reviving.processes(job.engine)),
        disk_full=watch.was_full,
        exported=any(v.parsed.kind == "export" and v.done for v in fold.vertexes()),
    )
    return Attempt(record, outcome, ending, lines, told)


def _replayed(flags: Sequence[str], title: str, audience: Audience) -> BuildRecord:
    found = replay.replayed(title, flags)
    audience.started(found.record.command, title)
    if audience:
        found.play(audience.progressed, Settings.from_env().replay_pace_s)
    audience.finished(found.record)
    return found.record


def _current() -> Engine:
    from buildlab.engine import current

    return current()


def _running(progress: Progress) -> tuple[str, ...]:
    """What the build was doing, in words."""
    steps = (f"[{s.key}] {s.instruction}" for s in progress.steps if s.phase == "running")
    return (*steps, *progress.internals)

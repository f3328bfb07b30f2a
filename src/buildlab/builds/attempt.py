"""Runs the client of one build once, and makes a record of what it said."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from buildlab import replay
from buildlab.builds.client import metadata, process
from buildlab.builds.job import Attempt, Job
from buildlab.builds.trouble import disk, faults
from buildlab.builds.trouble.suspect import judged
from buildlab.builds.trouble.vigil import Vigil
from buildlab.engine import reviving
from buildlab.record.joining import make_record
from buildlab.record.steps import State
from buildlab.record.stream import Fold, PlainLog, Progress


def attempt(job: Job) -> Attempt:
    """Run the client and watch it to its end, whatever that is."""
    fold = Fold(job.mask, dockerfile=job.source.text())
    keep = replay.recording()
    lines: list[replay.Line] = []
    begin = time.monotonic()

    log = PlainLog(fold.masker) if job.audience.listening else None

    def feed(line: bytes) -> None:
        vigil.heard()
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
            latest[0] = replace(fold.progress(), trouble=vigil.trouble)
        if job.audience:
            job.audience.progressed(latest[0])

    give_up = process.GiveUp()
    vigil = Vigil(job.engine, at_work=lambda: _runs(latest[0]), ended=give_up)
    parts = reviving.processes(job.engine)
    env = {**job.engine.child_env(), metadata.MODE: "max"}
    job.underway.write(Path(job.argv[-1]).name if job.source.folder is not None else "")
    try:
        with disk.Watch(job.engine) as watch, vigil:
            outcome = process.run(
                job.argv,
                env,
                feed=feed,
                tick=tick,
                timeout_s=job.timeout_s,
                stopping=stopped.set,
                give_up=give_up,
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
        engine_failed=vigil.lost if outcome.given_up else "",
        exported=any(v.parsed.kind == "export" and v.done for v in fold.vertexes()),
    )
    return Attempt(record, outcome, ending, lines, told)


def _running(progress: Progress) -> tuple[str, ...]:
    """What the build was doing, in words."""
    steps = (f"[{s.key}] {s.instruction}" for s in progress.steps if s.phase == "running")
    return (*steps, *progress.internals)


def _runs(progress: Progress) -> bool:
    """Whether a RUN is at work."""
    return any(s.phase == "running" and s.instruction.startswith("RUN") for s in progress.steps)

"""What becomes of a build that ended: its record, or an error that keeps what was seen."""

from __future__ import annotations

import re
from dataclasses import replace

from buildlab.builds.aftermath import PATIENT, QUICK, STOPPED, Aftermath, make_sure
from buildlab.builds.asked import lookup, registries
from buildlab.builds.asked.source import short_path
from buildlab.builds.job import Attempt, Job, warned
from buildlab.builds.trouble import bases, disk, faults
from buildlab.errors import (
    BuildlabError,
    DiskFull,
    EngineError,
    Interrupted,
    TimedOut,
    UsageError,
    quoted,
)
from buildlab.host.settings import Settings
from buildlab.masking import Masker
from buildlab.record import store
from buildlab.record.steps import Failure

_BASE_IMAGE = re.compile(r"load metadata for (\S+)")
_WAITS = {
    "--cache-from": ("importing cache",),
    "--cache-to": ("exporting cache",),
    "--push": ("exporting to", "pushing"),
}
"""How BuildKit names what it does with the registry of a flag."""


def left_open(attempt: Attempt) -> bool:
    """Whether the client ended before the engine had told it how the build did."""
    outcome = attempt.outcome
    if outcome.exit_code == 0:
        return False
    stopped = outcome.interrupted or outcome.timed_out or outcome.given_up
    stopped = stopped or outcome.exit_code < 0
    return stopped or faults.canceled(attempt.ending)


def after(job: Job, attempt: Attempt) -> Aftermath:
    """What became of the build in the engine, where the client was stopped before its end."""
    if not left_open(attempt):
        job.underway.remove()
        return STOPPED
    limits = QUICK if attempt.outcome.interrupted else PATIENT
    found = make_sure(
        job.engine,
        job.underway,
        limits,
        job.audience.waiting,
        answered=bool(attempt.ending.running) and not attempt.outcome.given_up,
    )
    job.notes.cover()  # the engine had its last words on it only now
    return found


def why_stopped(job: Job, attempt: Attempt, became: Aftermath) -> BaseException | None:
    """What to raise in place of returning the record; None where the record is the answer."""
    outcome, ending = attempt.outcome, attempt.ending
    if outcome.given_up:
        return _engine_failed(job, ending, became)
    if outcome.interrupted or (not outcome.timed_out and faults.canceled(ending)):
        stop = Interrupted(f"the build was interrupted, and {became.words}")
        if became.hint:
            stop.add_note(f"  → {became.hint}")
        return stop
    if outcome.exit_code == 0:
        return None
    if outcome.timed_out:
        return _timed_out(job, ending, became)
    if outcome.exit_code < 0:
        died = f"the docker client was killed by signal {-outcome.exit_code}"
        left = "" if became is STOPPED else f"; {became.words}"
        return EngineError(
            f"{died} while {_waited(ending)} was under way{left}",
            became.hint or "build again; if it happens twice, look for what ends it: dmesg",
        )
    return _classified(job, attempt)


def _engine_failed(job: Job, ending: faults.Ending, became: Aftermath) -> EngineError:
    left = "it has ended the build by now" if became is STOPPED else became.words
    again = "build again (an engine of the kit's is mended); if it happens twice: buildlab doctor"
    return EngineError(
        f"{job.title}: stopped: the engine {ending.engine_failed}, while waiting for "
        f"{_waited(ending)}; {left}",
        became.hint or _silent_registry(job, ending) or again,
    )


def _silent_registry(job: Job, ending: faults.Ending) -> str:
    """What to do where the build waited for a registry; "" where it did not."""
    for name in ending.running:
        if found := _BASE_IMAGE.search(name):
            look = registries.look(registries.server_of(found[1]))
            return f"name an image that this engine has, or {look}"
        for flag, _, ref in registries.references(job.flags):
            if name.startswith(_WAITS[flag]):
                look = registries.look(registries.server_of(ref))
                return f"build without {flag}, or {look}"
    return ""


def _timed_out(job: Job, ending: faults.Ending, became: Aftermath) -> TimedOut:
    hint = _silent_registry(job, ending) or (
        "give a longer time limit (timeout_s=…, --timeout), or see what doesn't answer: "
        "buildlab doctor"
    )
    exported = "; the image was exported before that" if ending.exported else ""
    left = exported if became is STOPPED else f"{exported}; {became.words}"
    return TimedOut(
        f"{job.title}: stopped after {job.timeout_s:g} s, waiting for {_waited(ending)}{left}",
        became.hint or hint,
    )


def _waited(ending: faults.Ending) -> str:
    first = "the engine to go on" if ending.seen_events else "the engine's first answer"
    return ", ".join(ending.running) or first


def _classified(job: Job, attempt: Attempt) -> BuildlabError | None:
    ending = attempt.ending
    found = faults.classify(ending, builder=job.engine.builder, context=job.source.shown)
    if faults.not_received(ending.tail) and (full := disk.full_for_result(job.flags)):
        return full
    if isinstance(found, DiskFull):
        seen = ending.disk_full or disk.disk_is_full(job.engine)
        elsewhere = None if seen else disk.result_not_written(job.flags)
        return elsewhere or disk.engine_disk_full(job.engine)
    file = job.source.dockerfile
    if file and faults.bad_name(ending.tail) and (line := lookup.not_utf_8(file)):
        path = quoted(short_path(file))
        return UsageError(
            f"line {line} of {short_path(file)} is not UTF-8",
            f"if it is Latin-1: iconv -f LATIN1 -t UTF-8 {path} > {path}.utf8",
        )
    if isinstance(found, UsageError) and faults.missing_frontend(ending.tail):
        return bases.without_frontend(found, job.engine, job.source, Masker(job.mask))
    if found is None and faults.says_disk_full(ending.logs):
        if ending.disk_full or disk.disk_is_full(job.engine):
            return disk.engine_disk_full(job.engine)
        attempt.record = warned(
            attempt.record,
            "no space",
            "a step says that no space is left, yet the engine's disk has some: a tmpfs?",
        )
    if found is None and faults.was_killed(ending.tail):
        attempt.record = warned(
            attempt.record,
            "killed",
            "the step was killed, as happens where memory runs out (see: dmesg); the engine goes "
            "on. Give it more memory, or let the step need less: go build -p 1",
        )
    if found is None and ending.exported:
        attempt.record = warned(
            attempt.record, "exported", "the image was exported before the build failed"
        )
    return found


def with_evidence(stop: BaseException, job: Job, attempt: Attempt) -> BaseException:
    """`stop`, with a note on where the record of what was seen is saved."""
    masker = Masker(job.mask)
    if not attempt.ending.seen_events:
        message = masker(str(stop)).splitlines()[0]
        job.audience.finished(replace(attempt.record, failure=Failure(message)))
        return stop
    message = masker(stop.message if isinstance(stop, BuildlabError) else str(stop))
    exit_code = attempt.record.exit_code or 130
    seen = attempt.record.failure or Failure(message)
    record = replace(attempt.record, failure=replace(seen, message=message), exit_code=exit_code)
    job.audience.finished(record)
    if isinstance(stop, BuildlabError | Interrupted):
        stop.record = record
    try:
        home = Settings.from_env().paths
        path = home.make(home.records) / f"{record.id}.json"
        store.save(record, path)
        stop.add_note(f"what was seen until then: buildlab show {quoted(path)}")
    except (OSError, BuildlabError) as fault:
        stop.add_note(f"what was seen until then could not be saved: {fault}")
    return stop

"""What the kit has to say of a build besides what the engine said."""

from __future__ import annotations

import re
from dataclasses import replace

from buildlab.builds.asked import caches, places
from buildlab.builds.asked.preparing import arrive_empty
from buildlab.builds.asked.source import Source, short_path
from buildlab.builds.context.missing import explained
from buildlab.builds.job import Job, warned
from buildlab.builds.trouble import bases
from buildlab.builds.trouble.emptied import emptied, unmatched
from buildlab.dockerfile.reading import parse
from buildlab.errors import quoted
from buildlab.masking import Masker
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Files

_WARNING = re.compile(r"^WARNING: (?P<said>.*\S)\s*$", re.M)
_NO_LOCAL_CACHE = re.compile(r"local cache import at \S+ not found")


def remarked(record: BuildRecord, job: Job, tail: str) -> BuildRecord:
    """The record with its failure explained, and with a warning for all that was left out.

    `tail` is what the client said in plain text.
    """
    masker = Masker(job.mask)
    record = replace(record, files=_masked(job.files, masker))
    record = explained(record, job.source, masker)
    record = bases.explained(record, job.engine, job.source, masker)
    record = _line_ends(record, job.source)
    for rule, said in caches.left_out(job.source.flags, job.engine.child_env()):
        record = warned(record, rule, said)
    if told := places.left_empty(job.source.flags, job.engine.child_env()):
        record = warned(record, "secret", masker(told))
    if told := emptied(record, job.source.flags):
        record = warned(record, "cache mounts", masker(told))
    if told := unmatched(job.source.flags, job.source.text()):
        record = warned(record, "--no-cache-filter", masker(told))
    for said in _WARNING.findall(tail):
        if not _NO_LOCAL_CACHE.match(said):  # that one is told as other imports are
            record = warned(record, "docker", masker(said))
    if job.unreadable:
        record = warned(record, "unreadable", arrive_empty(job.unreadable))
    for limit in job.limits:
        record = warned(record, "masking", limit)
    for fault in job.audience.faults:
        said = masker(f"an observer was dropped: {fault}")
        record = warned(record, "observer", said)
    return record


def _line_ends(record: BuildRecord, source: Source) -> BuildRecord:
    """Say that a heredoc's lines end in CR LF: a shell takes the CR for a part of the command."""
    failure = record.failure
    step = next((s for s in record.steps if failure and s.key == failure.step), None)
    if failure is None or step is None or step.keyword != "RUN":
        return record
    if not any("\r" in one.body for one in parse(step.source).preface):
        return record
    path = short_path(source.dockerfile) if source.dockerfile else "FILE"
    told = (
        f"{failure.message}\n  → sed -i 's/\\r$//' {quoted(path)}: the lines of this heredoc end "
        "in CR LF, and the CR is a part of each command"
    )
    return replace(record, failure=replace(failure, message=told))


def _masked(files: Files | None, masker: Masker) -> Files | None:
    return files and replace(files, entries=tuple(masker(entry) for entry in files.entries))

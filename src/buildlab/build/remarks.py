"""What the kit has to say of a build besides what the engine said."""

from __future__ import annotations

from buildlab.build import bases, caches
from buildlab.build.job import Job, warned
from buildlab.build.missing import explained
from buildlab.build.preparing import arrive_empty
from buildlab.masking import Masker
from buildlab.record import BuildRecord


def remarked(record: BuildRecord, job: Job) -> BuildRecord:
    """The record with its failure explained, and with a warning for all that was left out."""
    masker = Masker(job.mask)
    record = explained(record, job.source, masker)
    record = bases.explained(record, job.engine, job.source, masker)
    for rule, said in caches.left_out(job.source.flags, job.engine.child_env()):
        record = warned(record, rule, said)
    if job.unreadable:
        record = warned(record, "unreadable", arrive_empty(job.unreadable))
    for limit in job.limits:
        record = warned(record, "masking", limit)
    for fault in job.audience.faults:
        said = masker(f"an observer was dropped: {fault}")
        record = warned(record, "observer", said)
    return record

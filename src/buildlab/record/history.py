"""What the kit masks and the engine keeps all the same, and what removes it there.

BuildKit's own history has arguments, labels, context URLs, logs and attestations of every build in
clear (`docker buildx history`). Neither `prune -af` nor `history rm` takes them off the disk: only
deleting the engine's data does.
"""

from __future__ import annotations

from collections.abc import Iterator

from buildlab.masking import MASK
from buildlab.record.model import BuildRecord


def masked(record: BuildRecord) -> bool:
    """Whether something in this record was masked."""
    return any(MASK in text for text in _texts(record))


def note(record: BuildRecord) -> str:
    """One sentence on what the engine still has of a record's masked values; "" where nothing."""
    if not masked(record) or record.recorded:
        return ""
    return f"What is masked here the engine's own history still has in clear; {_remedy(record)}."


def _remedy(record: BuildRecord) -> str:
    engine = record.engine
    if engine.emptied_by_us:
        return "buildlab engine reset removes it, with the cache"
    if engine.driver in ("docker-container", "kubernetes"):
        return f"docker buildx rm {engine.builder} removes it, with the builder and its cache"
    return "it goes when the data folder of that BuildKit is deleted (prune leaves it)"


def _texts(record: BuildRecord) -> Iterator[str]:
    yield from (record.title, record.context, record.dockerfile, *record.command)
    for step in record.steps:
        yield from (step.instruction, step.source, step.error)
        yield from (*step.arguments, *step.environment, *(step.settings or ()))
        yield step.output
    yield from record.settings or ()
    yield from record.files.entries if record.files else ()
    for internal in record.internals:
        yield from (internal.name, internal.error)
    yield from (warning.message for warning in record.warnings)
    if record.failure is not None:
        yield from (record.failure.message, record.failure.excerpt)

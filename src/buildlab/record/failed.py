"""The words of a build that failed: where, why, what the step itself said, the lines of the file.

Below the record, which raises them.
"""

from __future__ import annotations

from typing import Protocol

from buildlab.basics.visible import visible
from buildlab.record.phrases import count, short_instruction
from buildlab.record.steps import Failure, Step


class Ended(Protocol):
    """A build that ended: a `BuildRecord`, as far as its failure goes."""

    @property
    def title(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def dockerfile(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def failure(self) -> Failure | None: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...


def failed_text(record: Ended) -> str:
    """The error of a build that failed: where, why, what the step said, the lines of the file."""
    failure = record.failure
    why = failure.message if failure else "the build ended without saying why"
    said = f"{record.title}{commit(record)}: {at_step(record)}{why}"
    return visible("\n".join([said, *failure_lines(record)]))


def failure_lines(record: Ended) -> list[str]:
    """What stands under the error of a failed build: the step's last words, then the excerpt."""
    failure = record.failure
    if record.ok or failure is None:
        return []
    lines: list[str] = []
    if failure.output:
        left, last = failure.output_left_out, len(failure.output)
        if failure.earlier:
            named = count(len(failure.earlier), "line")
            lines += [f"Of what the step said before, {named} that may tell why:"]
            lines += [f"    {line}" for line in failure.earlier]
        which = f"the last {last} of {left + last} lines" if left else count(last, "line")
        lines += [f"What the step said ({which}):", *(f"    {x}" for x in failure.output)]
    if failure.excerpt:
        lines += [f"{record.dockerfile or 'Dockerfile'}:", *failure.excerpt.splitlines()]
    return lines


def at_step(record: Ended) -> str:
    """The step that failed, by place and instruction, before a colon; "" where none did."""
    failure = record.failure
    step = next((s for s in record.steps if failure and s.key == failure.step), None)
    if step is None:
        return ""
    return f"{step.place} {short_instruction(step.instruction, 40)}: "


def commit(record: Ended) -> str:
    """Which commit was built, to follow a title; "" where there is none."""
    return f" at commit {record.commit[:12]}" if record.commit else ""

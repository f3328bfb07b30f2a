"""One sentence made from data for each thing that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildlab.basics.visible import on_one_line, visible
from buildlab.record import derive
from buildlab.record.failed import at_step, commit, failure_lines
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import count, format_bytes, format_ratio, format_s, short_instruction
from buildlab.record.recorded import bracketed
from buildlab.record.steps import State, Step, StepKey
from buildlab.record.style import BASE_WORDS, STOPPED_WORD, is_base

_NAMED = 3
"""How many steps a sentence names before it says how many more there are."""


def describe(record: BuildRecord) -> str:
    """One build in a sentence: how it ended, what was cached, what ran, how long, how large."""
    steps = [s for s in record.work if s.cacheable]
    ran = [s for s in steps if s.state is State.RAN]
    cached = sum(s.state is State.CACHED for s in steps)
    head = f"{on_one_line(record.title) or 'build'}{commit(record)}: "
    if not record.ok:
        return head + _failed(record) + bracketed([record])
    parts = [f"{cached} of {count(len(steps), 'step')} cached"] if steps else ["no steps"]
    if ran:
        parts.append(f"{len(ran)} ran ({_named(ran)})")
    parts.append(f"{format_s(record.wall_s)} in all")
    if record.image_size_bytes is not None:
        parts.append(f"image of {format_bytes(record.image_size_bytes)}")
    if record.suspect:
        parts.append(f"{count(len(record.suspect), 'step')} suspect: no space was left")
    return head + ", ".join(parts) + bracketed([record]) + "."


def state_words(step: Step) -> str:
    """What stands in the column of states: nothing is judged twice, and a base image not at all."""
    if step.shared_with is not None:
        return f"shared with {step.shared_with}"
    return BASE_WORDS if is_base(step.instruction, step.state) else how_it_ended(step)


def how_it_ended(step: Step) -> str:
    """Its state; of one that was at work when the build ended, that it was stopped."""
    return STOPPED_WORD if step.stopped else step.state.value


def suspicion(step: Step, suspect: Sequence[StepKey]) -> str:
    """The mark of a step that ran while no space was left; "" for any other."""
    return " (suspect)" if step.key in suspect else ""


def record_text(record: BuildRecord) -> str:
    """The sentence of `describe`, and under it, if the build failed, what the failed step said."""
    return visible("\n".join([describe(record), *below_sentence(record)]))


def warning_lines(record: BuildRecord, *, checks: bool = True) -> list[str]:
    """Each warning of a build in one line; without `checks`, those that no build check found."""
    told = [w for w in record.warnings if checks or not w.url]
    return [": ".join(x for x in ("Warning", w.rule, w.message) if x) for w in told]


def below_sentence(record: BuildRecord) -> list[str]:
    """What stands under the sentence of `describe`: the error's further lines, `failure_lines`."""
    failure = record.failure
    if record.ok or failure is None:
        return []
    _, *further = failure.message.splitlines() or [""]
    return [*(line for line in further if line.strip()), *failure_lines(record)]


def describe_sizes(records: Mapping[str, BuildRecord]) -> str:
    """Image sizes in a sentence, largest first, with the ratio of largest to smallest."""
    sizes = {n: r.image_size_bytes for n, r in records.items() if r.image_size_bytes is not None}
    if not sizes:
        return "No image size is known."
    ordered = sorted(sizes.items(), key=lambda pair: -pair[1])
    told = ", ".join(f"{name} {format_bytes(size)}" for name, size in ordered)
    recorded = bracketed(records.values())
    if len(ordered) < 2 or ordered[-1][1] <= 0:
        return f"Compressed image size: {told}{recorded}."
    if format_bytes(ordered[0][1]) == format_bytes(ordered[-1][1]):
        return f"Compressed image sizes: {told}; no difference worth a figure{recorded}."
    ratio = format_ratio(ordered[0][1] / ordered[-1][1])
    return (
        f"Compressed image sizes: {told}; {ordered[0][0]} is {ratio} as large as "
        f"{ordered[-1][0]}{recorded}."
    )


def describe_transfer(records: Mapping[str, BuildRecord]) -> str:
    """Which of the builds sent most and least, in bytes and seconds."""
    if not records:
        return "No builds."
    ordered = sorted(records, key=lambda name: records[name].context_bytes)

    def said(name: str) -> str:
        sent_s = derive.totals(records[name]).transfer_s
        sent = format_bytes(records[name].context_bytes)
        return f"{name} sent {sent} in {format_s(sent_s)}"

    recorded = bracketed(records.values())
    return f"Of {len(records)} builds, {said(ordered[-1])}; {said(ordered[0])}{recorded}."


def _failed(record: BuildRecord) -> str:
    failure = record.failure
    if failure is None:
        return f"failed after {format_s(record.wall_s)} with exit code {record.exit_code}."
    where = at_step(record).removesuffix(": ")
    first = visible(failure.message).split("\n")[0] or "no reason given"
    ended = [s for s in record.work if s.state is State.NOT_REACHED and s.cacheable]
    stopped = [s for s in ended if s.stopped]
    left = len(ended) - len(stopped)
    rest = f"; stopped at work: {_named(stopped)}" if stopped else ""
    rest += f"; {count(left, 'step')} not reached" if left else ""
    at = f" at {where}" if where else ""
    return f"failed after {format_s(record.wall_s)}{at}: {first}{rest}"


def _named(steps: Sequence[Step]) -> str:
    return _listed([short_instruction(s.instruction, 40) for s in steps])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")

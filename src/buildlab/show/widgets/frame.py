"""The live view's HTML: strings from data, no widget and no kernel needed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from buildlab.basics.visible import escaped, on_one_line
from buildlab.record.model import BuildRecord, StepKey
from buildlab.record.phrases import format_bytes, format_s, short_instruction
from buildlab.record.stream import Progress
from buildlab.record.style import (
    COLOURS,
    GLYPHS,
    INTERNAL,
    INTERNAL_WORDS,
    NO_MATHS,
    STOPPED_WORD,
    WORDS,
)
from buildlab.record.words import below_sentence, describe
from buildlab.show.html import sign_html, warnings_html

SCALES_S: Final = (2, 5, 10, 20, 40, 90, 180, 420, 900, 3600)
"""What a full bar stands for: a scale that seldom changes lets a bar grow in peace."""

STYLE: Final = """<style>
.buildlab-live{container-type:inline-size;color:var(--jp-content-font-color1,#222);font-size:.93em;line-height:1.45;
font-family:var(--jp-content-font-family,system-ui,sans-serif);overflow-x:auto}
.buildlab-live p{margin:.15em 0}
.buildlab-live+style+.buildlab-live:not(:has(>.folded)){margin-top:.9em}
.buildlab-live .dim,.buildlab-live summary{color:var(--jp-content-font-color2,#555)}
.buildlab-live summary{cursor:pointer}
.buildlab-live pre{margin:.2em 0 .4em;padding:.5em .7em!important;
white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;user-select:all;
background:var(--jp-layout-color2,#f2f2f2);color:inherit;border-radius:4px;
font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px)}
.buildlab-live pre.why{border-left:4px solid #D55E00;border-radius:0;user-select:text}
.buildlab-live table{border-collapse:collapse;width:100%;margin:.2em 0;table-layout:fixed;
border:0;font-size:inherit}
.buildlab-live table td{border:0;border-bottom:1px solid var(--jp-border-color2,#e0e0e0);
padding:.18em .6em;text-align:left!important;vertical-align:middle;color:inherit;
white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:none}
.buildlab-live table td:nth-child(-n+2){white-space:normal;overflow-wrap:break-word}
.buildlab-live table code{background:none!important;padding:0!important;
white-space:nowrap!important;
color:inherit;
font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px)}
.buildlab-live table tr.waiting td{color:var(--jp-content-font-color2,#767676)}
.buildlab-live table tr{background:none!important}
.buildlab-live table td.num{text-align:right!important;font-variant-numeric:tabular-nums}
.buildlab-live .bar{display:block;height:.8em;min-width:1px;border-radius:2px;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
@container (max-width:48em){
.buildlab-live table{table-layout:auto}
.buildlab-live table td{padding:.18em .4em;vertical-align:top}
.buildlab-live table col{width:auto!important}
.buildlab-live table td:first-child{white-space:nowrap}
.buildlab-live table td:first-child .dim{white-space:normal}
.buildlab-live table :is(td,col):nth-child(4){display:none}
.buildlab-live table :is(td:nth-child(3),code){white-space:normal!important;
overflow-wrap:anywhere}}
@media print{
.buildlab-live details:not(.folded)::details-content{content-visibility:visible;block-size:auto}
.buildlab-live table{table-layout:auto}
.buildlab-live table td:nth-child(3),.buildlab-live table code{white-space:normal!important}}
</style>"""


def head_html(title: str) -> str:
    """The style and the title line: set once, so that nothing of it flickers."""
    return STYLE + _frame(f"<p><b>{escaped(title or 'build')}</b></p>")


def command_html(command: tuple[str, ...]) -> str:
    """The literal command, folded away; one click marks all of it for copying."""
    line = escaped(shlex.join(command))
    return _frame(f"<details><summary>the command</summary><pre>{line}</pre></details>")


def body_html(progress: Progress) -> str:
    """The steps as they stand: state, place, instruction, a bar that grows, seconds."""
    rows = [
        _Row(s.key, s.total, s.instruction, s.phase, s.elapsed_s, s.shared_with)
        for s in progress.steps
    ]
    trouble = f"<p><b>{escaped(progress.trouble)}</b></p>" if progress.trouble else ""
    return _frame(f'<p class="dim">{_now(progress)}</p>{trouble}{_table(rows)}')


def settled_html(record: BuildRecord, *, whole: bool) -> str:
    """An ended build in the same places; unless `whole`, folded into a line that opens."""
    rows = [
        _Row(s.key, s.total, s.instruction, s.state, s.duration_s, s.shared_with, s.stopped)
        for s in record.steps
    ]
    title, sentence = on_one_line(record.title) or "build", describe(record)
    said = f"<b>{escaped(title)}</b>{escaped(sentence.removeprefix(title))}"
    why = "\n".join(below_sentence(record))
    content = (
        command_html(record.command)
        + warnings_html(record)
        + (f'<pre class="why">{escaped(why)}</pre>' if why else "")
        + _table(rows)
        + f'<p class="dim">{_besides(record)}</p>'
    )
    if whole:
        return STYLE + _frame(f"<p>{said}</p>{content}")
    mark = "✓" if record.ok else "✗"
    return STYLE + _frame(
        f'<details class="folded"><summary>{mark} {said}</summary>{content}</details>'
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One step, while it runs and afterwards."""

    key: StepKey
    total: int
    instruction: str
    phase: str
    seconds: float
    shared_with: StepKey | None = None
    stopped: bool = False

    @property
    def timed(self) -> bool:
        worked = self.stopped or self.phase in ("running", "ran", "failed")
        return self.shared_with is None and worked

    @property
    def base(self) -> bool:
        """A FROM that worked: its state says nothing of the build cache."""
        return self.phase in ("cached", "ran") and self.instruction.upper().startswith("FROM ")


def _frame(content: str) -> str:
    return f'<div class="buildlab-live {NO_MATHS}">{content}</div>'


def _table(rows: Sequence[_Row]) -> str:
    slowest = max((r.seconds for r in rows if r.timed), default=0.0)
    scale_s = next((s for s in SCALES_S if s > slowest), slowest or 1)
    lines = "".join(_line(r, scale_s) for r in rows)
    widths = ("10em", "10.5em", "", "20%", "7.5em")
    columns = "".join(f'<col style="width:{w}">' if w else "<col>" for w in widths)
    return f"<table><colgroup>{columns}</colgroup><tbody>{lines}</tbody></table>"


def _line(row: _Row, scale_s: float) -> str:
    share = min(100.0, 100 * row.seconds / scale_s)
    colour = INTERNAL if row.base else COLOURS[row.phase]
    bar = f'<span class="bar" style="width:{share:.1f}%;background:{colour}"></span>'
    whole = " ".join(row.instruction.split())
    return (
        f'<tr class="{row.phase.replace(" ", "-")}"><td>{_state(row)}</td>'
        f'<td class="dim">{escaped(row.key.of(row.total))}</td>'
        f'<td><code title="{escaped(whole)}">{escaped(short_instruction(whole, 99))}</code>'
        f"</td><td>{bar if row.timed else ''}</td>"
        f'<td class="num">{format_s(row.seconds) if row.timed else ""}</td></tr>'
    )


def _state(row: _Row) -> str:
    """Glyph and word; a base image gets neither, for it is no saved work."""
    if row.shared_with is not None:
        return f'<span class="dim">shared with {escaped(str(row.shared_with))}</span>'
    if row.base:
        return '<span class="dim">base image</span>'
    word = STOPPED_WORD if row.stopped else WORDS[row.phase]
    return f"{sign_html(GLYPHS[row.phase], COLOURS[row.phase])} {word}"


def _now(progress: Progress) -> str:
    """One line: time since the start, what was sent, which internal work runs."""
    parts = [f"running for {progress.elapsed_s:.0f} s"]
    if progress.transferred_bytes:
        parts.append(f"{format_bytes(progress.transferred_bytes)} of context sent")
    if progress.internals:
        parts.append(escaped(progress.internals[-1].removeprefix("[internal] ")))
    return " · ".join(parts)


def _besides(record: BuildRecord) -> str:
    """What took time and is no step, by kind, in the words of the plots."""
    kinds: dict[str, float] = {}
    for internal in record.internals:
        kinds[internal.kind] = kinds.get(internal.kind, 0.0) + internal.duration_s
    told = [
        f"{INTERNAL_WORDS.get(kind, kind)} {format_s(seconds)}"
        + (f" ({format_bytes(record.context_bytes)})" if kind == "context" else "")
        for kind, seconds in kinds.items()
        if seconds >= 0.05 and kind != "client"
    ]
    return f"Besides the steps: {', '.join(told)}." if told else ""

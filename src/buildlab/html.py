"""Records, matrices and comparisons as HTML tables: no script, no widget, any theme, any export.

Colours of text and ground come from Jupyter's own variables, so that both themes work, with
fallbacks for plain HTML and print. A state is a glyph, a colour and a word, never colour alone.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from buildlab.derive import totals
from buildlab.record import BuildRecord, Internal, State, Step
from buildlab.style import COLOURS, GLYPHS, WORDS
from buildlab.text import (
    describe,
    describe_comparison,
    describe_matrix,
    format_bytes,
    format_s,
    short_instruction,
)

if TYPE_CHECKING:
    from buildlab.compare import Comparison
    from buildlab.matrix import Matrix

STYLE = """<style>
.buildlab{color:var(--jp-content-font-color1,#222);overflow-x:auto;
font:var(--jp-content-font-size1,14px)/1.45 var(--jp-content-font-family,system-ui,sans-serif)}
.buildlab p{margin:.2em 0 .5em}
.buildlab table{border-collapse:collapse;border:0;font-size:inherit;margin:0}
.buildlab th,.buildlab td{border:0;border-bottom:1px solid var(--jp-border-color2,#ddd);
padding:.2em .7em;text-align:left!important;vertical-align:top;color:inherit;max-width:none;
background:none!important;white-space:nowrap}
.buildlab th{font-weight:600}
.buildlab td.num,.buildlab th.num{text-align:right!important;font-variant-numeric:tabular-nums}
.buildlab td.dim{color:var(--jp-content-font-color2,#666)}
.buildlab code,.buildlab pre{font-family:var(--jp-code-font-family,monospace);
font-size:var(--jp-code-font-size,13px);color:inherit;background:none!important;padding:0}
.buildlab pre{white-space:pre-wrap;border-left:4px solid #D55E00;padding-left:.7em}
.buildlab i.state{display:inline-block;width:.75em;height:.75em;margin-right:.4em;
border-radius:2px;-webkit-print-color-adjust:exact;print-color-adjust:exact}
</style>"""


def record_html(record: BuildRecord) -> str:
    """A table of the steps, what else took time, and the error if the build failed."""
    where = f' <span class="recorded">({escape(record.recorded)})</span>' if record.recorded else ""
    title = f"<p><b>{escape(record.title or 'build')}</b>{where}: {_figures(record)}</p>"
    head = _head("#step", "instruction", "state", "#time")
    rows = "".join(_step_row(s) for s in record.steps)
    others = "".join(_internal_row(i) for i in record.internals if i.kind != "client")
    failure = _failure(record) if not record.ok else ""
    table = f"<table>{head}<tbody>{rows}{others}</tbody></table>"
    return _block(f"{title}{failure}{table}", describe(record))


def comparison_html(comparison: Comparison) -> str:
    """Both builds' states and times, step by step; steps whose state changed are marked."""
    a, b = comparison.title_a or "a", comparison.title_b or "b"
    head = _head("step", "instruction", a, "#", b, "#", "")
    rows = "".join(
        f"<tr><td>{escape(str(c.key))}</td><td>{_code(c.instruction)}</td>"
        f"{_half(c.state_a, c.duration_a_s, c.cacheable)}"
        f"{_half(c.state_b, c.duration_b_s, c.cacheable)}"
        f"<td>{'← changed' if c.changed else ''}</td></tr>"
        for c in comparison.changes
    )
    walls = (
        f"<tr><td></td><td>in all</td><td></td><td class=num>{format_s(comparison.wall_a_s)}</td>"
        f"<td></td><td class=num>{format_s(comparison.wall_b_s)}</td><td></td></tr>"
    )
    sentence = describe_comparison(comparison)
    table = f"<table>{head}<tbody>{rows}{walls}</tbody></table>"
    return _block(f"<p>{escape(sentence)}</p>{table}", sentence)


def _half(state: State | None, duration_s: float, cacheable: bool) -> str:
    time = _seconds(duration_s) if state in (State.RAN, State.FAILED) else ""
    return f"<td>{_state(state, base=not cacheable)}</td><td class=num>{time}</td>"


def matrix_html(matrix: Matrix) -> str:
    """Steps down, edits across: what each edit made run."""
    rows = "".join(
        f"<tr><td>{escape(str(key))}</td><td>{_code(matrix.labels[key])}</td>"
        + "".join(f"<td>{_state(row[j])}</td>" for row in matrix.cells)
        + "</tr>"
        for j, key in enumerate(matrix.steps)
    )
    counts = "".join(f"<td><b>{n}</b></td>" for n in matrix.miss_counts.values())
    last = f"<tr><td></td><td>steps that ran</td>{counts}</tr>"
    sentence = describe_matrix(matrix)
    head = _head("step", "instruction", *matrix.edits)
    table = f"<table>{head}<tbody>{rows}{last}</tbody></table>"
    return _block(f"<p>{escape(sentence)}</p>{table}", sentence)


def _block(content: str, label: str) -> str:
    return f'{STYLE}<div class="buildlab" role="group" aria-label="{escape(label)}">{content}</div>'


def _head(*columns: str) -> str:
    """Column heads; one that starts with # is a column of numbers."""
    cells = "".join(
        f'<th scope="col"{" class=num" if c[:1] == "#" else ""}>{escape(c.removeprefix("#"))}</th>'
        for c in columns
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _figures(record: BuildRecord) -> str:
    found = totals(record)
    parts = [
        f"{format_s(found.wall_s)} in all",
        f"critical path {format_s(found.critical_path_s)}",
        f"{format_bytes(record.context_bytes)} of context sent",
    ]
    if record.image_size_bytes is not None:
        parts.append(f"image of {format_bytes(record.image_size_bytes)} compressed")
    if not record.ok:
        parts.append(f"failed with exit code {record.exit_code}")
    if record.warnings:
        rules = dict.fromkeys(w.rule or w.message for w in record.warnings)
        parts.append(f"warnings: {', '.join(rules)}")
    return escape(", ".join(parts))


def _step_row(step: Step) -> str:
    place = f"{step.stage} {step.key.index}/{step.total}".strip()
    time = _seconds(step.duration_s) if step.state in (State.RAN, State.FAILED) else ""
    return (
        f"<tr><td class=num>{escape(place)}</td><td>{_code(step.instruction)}</td>"
        f"<td>{_state(step.state, base=not step.cacheable)}</td><td class=num>{time}</td></tr>"
    )


def _internal_row(internal: Internal) -> str:
    what = internal.name
    if internal.transferred_bytes:
        what += f" ({format_bytes(internal.transferred_bytes)})"
    return (
        f"<tr><td></td><td class=dim>{escape(what)}</td><td class=dim></td>"
        f'<td class="num dim">{_seconds(internal.duration_s)}</td></tr>'
    )


def _failure(record: BuildRecord) -> str:
    if record.failure is None:
        return ""
    text = f"{record.failure.message}\n{record.failure.excerpt}".strip("\n")
    return f"<pre>{escape(text)}</pre>"


def _code(instruction: str) -> str:
    whole = " ".join(instruction.split())
    return f'<code title="{escape(whole)}">{escape(short_instruction(instruction, 90))}</code>'


def _state(state: State | None, *, base: bool = False) -> str:
    """Glyph, colour and word. A base image has no state that means anything."""
    if state is None:
        return "absent"
    if base and state in (State.CACHED, State.RAN):
        return "base image"
    swatch = f'<i class="state" style="background:{COLOURS[state]}"></i>'
    return f"{swatch}{GLYPHS[state]} {WORDS[state]}"


def _seconds(seconds: float) -> str:
    return format_s(seconds) if seconds > 0 else ""

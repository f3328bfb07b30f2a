"""Records, matrices, comparisons, data frames as HTML tables: no script, any theme, any export.

Colours of text and ground come from Jupyter's own variables, so that both themes work, with
fallbacks for plain HTML and print. A state is a glyph, a colour and a word, never colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isnan
from typing import TYPE_CHECKING

from buildlab.basics.visible import escaped
from buildlab.record.compare import Change, Comparison, Side, summary
from buildlab.record.derive import totals
from buildlab.record.failed import failure_lines
from buildlab.record.model import BuildRecord, Internal, State, Step
from buildlab.record.phrases import format_bytes, format_s, short_instruction
from buildlab.record.style import COLOURS, GLYPHS, INTERNAL_WORDS, TIMED, WORDS
from buildlab.record.words import describe, how_it_ended, state_words, suspicion, warning_lines

if TYPE_CHECKING:
    from pandas import DataFrame

    from buildlab.record.matrix import Matrix

STYLE = """<style>
.buildlab{color:var(--jp-content-font-color1,#222);overflow-x:auto;font-size:.93em;line-height:1.45;
font-family:var(--jp-content-font-family,system-ui,sans-serif)}.buildlab p{margin:.2em 0 .5em}
.buildlab table{border-collapse:collapse;border:0;font-size:inherit;margin:0;color:inherit;
table-layout:auto;width:auto}.buildlab table tr{background:none!important}
.buildlab th,.buildlab td{border:0;border-bottom:1px solid var(--jp-border-color2,#ddd);
padding:.2em .6em;text-align:left!important;vertical-align:top;color:inherit;max-width:none;
background:none!important;white-space:nowrap}
.buildlab thead th{font-weight:600;white-space:normal;vertical-align:bottom;
color:var(--jp-content-font-color2,#555)}
.buildlab td.num,.buildlab th.num{text-align:right!important;font-variant-numeric:tabular-nums}
.buildlab td.long{white-space:normal;min-width:18em;max-width:44em}
.buildlab tbody th{font-weight:400}.buildlab pre{word-break:normal;overflow-wrap:anywhere}
.buildlab td.dim,.buildlab span.dim{color:var(--jp-content-font-color2,#666)}
.buildlab code,.buildlab pre{font-family:var(--jp-code-font-family,monospace);
font-size:var(--jp-code-font-size,13px);color:inherit;background:none!important;padding:0!important}
.buildlab table.dense{font-size:.93em}
.buildlab .dense th,.buildlab .dense td{padding:.2em .4em}.buildlab .dense code{font-size:inherit}
@media print{.buildlab{overflow:visible}
.buildlab td.long,.buildlab tbody th,.buildlab td code{white-space:normal!important;min-width:0}
.buildlab th,.buildlab td{padding:.2em .4em}
.buildlab table.dense{font-size:.68em}.buildlab .dense th,.buildlab .dense td{padding:.15em .3em}}
.buildlab pre{white-space:pre-wrap;border-left:4px solid #D55E00;padding-left:.7em}</style>"""

DENSE = 8
"""More columns than this are set closer together."""
LONG = 64
"""From so many characters on, the text of a cell may wrap."""
MOST_ROWS, MOST_COLUMNS = 60, 24
"""A data frame beyond this is not one of ours: pandas shows it, with what it leaves out."""
_YES_NO = {"True": "yes", "False": "no"}
_STATES = frozenset(s.value for s in State)


def record_html(record: BuildRecord) -> str:
    """A table of the steps, what else took time, and the error if the build failed."""
    recorded = escaped(record.recorded)
    where = f' <span class="recorded">({recorded})</span>' if recorded else ""
    title = f"<p><b>{escaped(record.title or 'build')}</b>{where}: {_figures(record)}</p>"
    rows = "".join(_step_row(s, suspicion(s, record.suspect)) for s in record.steps)
    others = "".join(_internal_row(i) for i in record.internals if i.kind != "client")
    failure = warnings_html(record) + (_failure(record) if not record.ok else "")
    columns = head("#step", "instruction", "state", "#time")
    table = f"<table>{columns}<tbody>{rows}{others}</tbody></table>"
    return block(f"{title}{failure}{table}", describe(record))


def comparison_html(comparison: Comparison) -> str:
    """Both builds' states and times, step by step, and what changed in each."""
    a, b = comparison.a, comparison.b
    heads = head("step", "instruction", a.name, "#", b.name, "#", "what changed")
    rows = "".join(
        f"<tr><td>{escaped(_places(c))}</td><td>{_code(c.instruction, 56)}</td>"
        f"{_half(c.a, a)}{_half(c.b, b)}"
        f"<td class=long>{escaped(_news(c))}</td></tr>"
        for c in comparison.changes
    )
    walls = (
        f"<tr><td></td><td>in all</td><td></td><td class=num>{format_s(a.wall_s)}</td>"
        f"<td></td><td class=num>{format_s(b.wall_s)}</td><td></td></tr>"
    )
    sentence = summary(comparison)
    table = f"<table>{heads}<tbody>{rows}{walls}</tbody></table>"
    return block(f"<p>{escaped(sentence)}</p>{table}", sentence)


def _half(step: Step | None, side: Side) -> str:
    if step is None:
        return "<td>absent</td><td class=num></td>"
    time = _seconds(step.duration_s) if step.stopped or step.state in TIMED else ""
    state = _state(step.state, base=not step.cacheable, word=how_it_ended(step))
    return f"<td>{state}{suspicion(step, side.suspect)}</td><td class=num>{time}</td>"


def _places(change: Change) -> str:
    """A step's place in both builds, once where it is the same."""
    keys = dict.fromkeys(str(s.key) for s in (change.a, change.b) if s is not None)
    return " → ".join(keys)


def _news(change: Change) -> str:
    told = [
        *[change.status] * (change.status in ("new", "gone", "not known")),
        *["moved"] * change.moved,
        *(str(d) for d in change.differences),
        *["another state"] * (change.changed and change.in_both),
    ]
    return "; ".join(told)


def matrix_html(matrix: Matrix) -> str:
    """Steps down, edits across: what each edit made run."""
    rows = "".join(
        f"<tr><td>{escaped(str(key))}</td><td>{_code(matrix.labels[key], 56)}</td>"
        + "".join(
            f"<td>{_state(matrix.state(e, key), word=matrix.word(e, key))}</td>"
            for e in matrix.edits
        )
        + "</tr>"
        for key in matrix.steps
    )
    counts = "".join(f"<td><b>{n}</b></td>" for n in matrix.miss_counts.values())
    last = f"<tr><td></td><td>steps that ran</td>{counts}</tr>"
    heads = head("step", "instruction", *matrix.edits)
    table = f"<table>{heads}<tbody>{rows}{last}</tbody></table>"
    return block(f"<p>{escaped(str(matrix))}</p>{table}", str(matrix))


def frame_html(frame: DataFrame) -> str:
    """A data frame in the look of all other tables; says where its builds were recorded."""
    rows, columns = frame.shape
    levels = frame.index.nlevels, frame.columns.nlevels
    if rows > MOST_ROWS or columns > MOST_COLUMNS or levels != (1, 1):
        return str(frame._repr_html_())  # type: ignore[operator]  # pandas-stubs hide it
    recorded = frame.attrs.get("recorded", "")
    told = f"<p><em>{escaped(recorded)}</em></p>" if recorded else ""
    return block(frame_table(frame) + told, "table")


def frame_table(frame: DataFrame) -> str:
    """The table alone: a named index is its first column, a mere numbering is left out."""
    named = list(frame.index) if frame.index.name else None
    names = [str(c) for c in frame.columns]
    numeric = [frame[c].dtype.kind in "iuf" for c in frame.columns]
    digits = [_decimals(frame[c]) for c in frame.columns]
    heads = [f"{'#' if number else ''}{n}" for n, number in zip(names, numeric, strict=True)]
    lines = []
    for at, values in enumerate(frame.itertuples(index=False, name=None)):
        row = dict(zip(names, values, strict=True))
        base = str(row.get("instruction", "")).upper().startswith("FROM ")
        cells = "".join(
            f"<td class=num>{_number(value, places)}</td>"
            if number
            else _text_cell(name, "" if _absent(value) else str(value), base)
            for (name, value), number, places in zip(row.items(), numeric, digits, strict=True)
        )
        first = f'<th scope="row">{escaped(str(named[at]))}</th>' if named else ""
        lines.append(f"<tr>{first}{cells}</tr>")
    first_head = (str(frame.index.name),) if named else ()
    dense = " class=dense" if len(names) > DENSE else ""
    return f"<table{dense}>{head(*first_head, *heads)}<tbody>{''.join(lines)}</tbody></table>"


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _decimals(column: Iterable[object]) -> int:
    """As many as the values of a column have, and three at most: seconds to the millisecond."""
    there = [v for v in column if isinstance(v, float) and not isnan(v)]
    return next((n for n in range(3) if all(round(v, n) == round(v, 3) for v in there)), 3)


def _number(value: object, decimals: int) -> str:
    """The same number of decimals down a column; none for what was counted."""
    if _absent(value):
        return ""
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)


def _text_cell(name: str, text: str, base: bool) -> str:
    text = _YES_NO.get(text, text)
    if text in _STATES:
        return f"<td>{_state(State(text), base=base)}</td>"
    if name == "instruction":
        return f"<td><code>{escaped(text)}</code></td>"
    return f"<td{' class=long' if len(text) >= LONG else ''}>{escaped(text)}</td>"


def block(content: str, label: str) -> str:
    """The frame of every table: its style, and what a screen reader says of it."""
    return (
        f'{STYLE}<div class="buildlab" role="group" aria-label="{escaped(label)}">{content}</div>'
    )


def head(*columns: str) -> str:
    """Column heads; one that starts with # is a column of numbers."""
    cells = "".join(_head_cell(c.removeprefix("#"), number=c[:1] == "#") for c in columns)
    return f"<thead><tr>{cells}</tr></thead>"


def _head_cell(name: str, *, number: bool) -> str:
    """A column's name, which may go on in the next line after each underscore."""
    kind = " class=num" if number else ""
    text = re.sub(r"_(?=[^_]{3})", "_<wbr>", escaped(name))  # before a word, not before a unit
    return f'<th scope="col"{kind}>{text}</th>'


def sign_html(sign: str, colour: str) -> str:
    """A glyph in its colour: a third of the text's own makes it readable on white and on black."""
    tint = f"color:{colour};color:color-mix(in srgb,{colour} 65%,currentColor)"
    return f'<b style="{tint}">{sign}</b>'


def _figures(record: BuildRecord) -> str:
    found = totals(record)
    parts = [
        f"{format_s(found.wall_s)} in all",
        f"critical path {format_s(found.critical_path_s)}",
        f"{format_bytes(record.context_bytes)} of context sent",
    ]
    if record.image_size_bytes is not None:
        parts.append(f"image of {format_bytes(record.image_size_bytes)} compressed")
    if record.commit:
        parts.append(f"commit {record.commit[:12]}")
    if not record.ok:
        parts.append(f"failed with exit code {record.exit_code}")
    parts += [f"step {key} is suspect: no space was left" for key in record.suspect]
    if checks := dict.fromkeys(w.rule or w.message for w in record.warnings if w.url):
        parts.append(f"warnings: {', '.join(checks)}")
    return escaped(", ".join(parts))


def _step_row(step: Step, mark: str) -> str:
    place = escaped(step.place)
    cells = f"<td>{_code(step.instruction)}</td><td>{_step_state(step)}{mark}</td>"
    time = _seconds(step.duration_s) if step.stopped or step.state in TIMED else ""
    return f"<tr><td class=num>{place}</td>{cells}<td class=num>{time}</td></tr>"


def _internal_row(internal: Internal) -> str:
    what = INTERNAL_WORDS.get(internal.kind, internal.name)
    if internal.transferred_bytes:
        what += f" ({format_bytes(internal.transferred_bytes)})"
    return (
        f"<tr><td></td><td class=dim>{escaped(what)}</td><td class=dim></td>"
        f'<td class="num dim">{_seconds(internal.duration_s)}</td></tr>'
    )


def warnings_html(record: BuildRecord) -> str:
    """What went wrong beside the steps; what build checks found is named elsewhere."""
    return "".join(f"<p>{escaped(line)}</p>" for line in warning_lines(record, checks=False))


def _failure(record: BuildRecord) -> str:
    if record.failure is None:
        return ""
    text = "\n".join([record.failure.message, *failure_lines(record)])
    return f"<pre>{escaped(text)}</pre>"


def _code(instruction: str, width: int = 90) -> str:
    whole = " ".join(instruction.split())
    return f'<code title="{escaped(whole)}">{escaped(short_instruction(instruction, width))}</code>'


def _state(state: State, *, base: bool = False, word: str = "") -> str:
    """Glyph, colour and word. A base image has no state that means anything."""
    if base and state in (State.CACHED, State.RAN):
        return '<span class="dim">base image</span>'
    return f"{sign_html(GLYPHS[state], COLOURS[state])} {word or WORDS[state]}"


def _step_state(step: Step) -> str:
    if step.shared_with:
        return f'<span class="dim">{escaped(state_words(step))}</span>'
    return _state(step.state, base=not step.cacheable, word=state_words(step))


def _seconds(seconds: float) -> str:
    return format_s(seconds) if seconds > 0 else ""

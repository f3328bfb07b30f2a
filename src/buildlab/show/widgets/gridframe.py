"""The HTML of the grid of edits and steps: asked, and painted with what happened.

A cell looks as in the heat map of `plot.matrix`: filled where a step ran, tinted where cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from buildlab.basics.visible import escaped
from buildlab.record.model import StepKey
from buildlab.record.phrases import short_instruction
from buildlab.record.style import COLOURS, GLYPHS, NO_MATHS
from buildlab.show.widgets.prediction import EXECUTED, SIGNS, Checked, Result

Named = Sequence[tuple[StepKey, str]]
"""The steps that head the columns: place and instruction."""


def edit_row(edit: str, cells: str) -> str:
    """An edit's row, headed by its name."""
    return f'<tr><th scope="row">{escaped(edit)}</th>{cells}</tr>'


def asked_cell(marked: bool) -> str:
    """A box as it was left."""
    return f'<td>{"☒" if marked else "☐"}<span class="sr">{"runs" if marked else ""}</span></td>'


def result_row(result: Result, keys: Sequence[StepKey]) -> str:
    """One edit: a cell for each step, painted as in the heat map, with the verdict's sign."""
    rows = {row.key: row for row in result.rows}
    cells = "".join(_cell(rows.get(key), result.made) for key in keys)
    ran = sum(row.state in EXECUTED for row in result.rows)
    told = f"{ran} of {len(result.rows)} ran" if ran else "all cached"
    return edit_row(result.edit, f'{cells}<td class="count">{told}</td>')


def _cell(row: Checked | None, made: bool) -> str:
    if row is None or row.state is None:
        return '<td><span class="sr">no such step</span></td>'
    verdict = row.verdict if made else "not predicted"
    sign = f"<b>{SIGNS[verdict]}</b>" if made and SIGNS[verdict].strip() else ""
    words = escaped(row.words if made else row.state.value)
    kind = f"{row.state.value} {verdict}".replace("not ", "not-").replace("false ", "false-")
    return (
        f'<td class="{kind}" title="{words}"><span aria-hidden="true">'
        f'<i>{GLYPHS[row.state]}</i>{sign}</span><span class="sr">{words}</span></td>'
    )


def sample(state: str, words: str) -> str:
    """A state in the key below the grid, painted as its cells are."""
    return f'<span class="sample {state.replace(" ", "-")}">{words}</span>'


def legend_html(question: str, named: Named) -> str:
    """The question, and the steps under the numbers that head the columns."""
    steps = "".join(
        f'<li><code title="{escaped(" ".join(text.split()))}">'
        f"{escaped(short_instruction(text, 90))}</code> "
        f'<span class="place">{escaped(key.stage or "step")} {key.index}</span></li>'
        for key, text in named
    )
    return f'<div class="buildlab-grid {NO_MATHS}"><p>{question}</p><ol>{steps}</ol></div>'


def grid_html(question: str, named: Named, rows: str, key: str = "") -> str:
    """The whole: what is asked or found, the steps, a row for each edit, the key."""
    heads = "".join(f'<th scope="col">{n}</th>' for n in range(1, len(named) + 1))
    table = f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    foot = f'<p class="key">{key}</p>' if key else ""
    legend = legend_html(question, named)
    return f'{STYLE}{legend}<div class="buildlab-grid {NO_MATHS}">{table}{foot}</div>'


_STYLE: Final = """<style>
.buildlab-grid{color:var(--jp-content-font-color1,#222);font-size:.93em;line-height:1.45;
overflow-x:auto}
.buildlab-grid p{margin:.2em 0 .4em}
.buildlab-grid p.key,.buildlab-grid em{color:var(--jp-content-font-color2,#555)}
.buildlab-grid ol{margin:.1em 0 .5em;padding:0 0 0 2em}
.buildlab-grid .place{margin-left:.8em}
.buildlab-grid li::marker,.buildlab-grid .place{color:var(--jp-content-font-color2,#555)}
.buildlab-grid code{background:none!important;padding:0!important;color:inherit;
font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px)}
.buildlab-grid table{border-collapse:separate;border-spacing:2px;border:0;margin:0;width:auto;
table-layout:auto;font-size:inherit;color:inherit}
.buildlab-grid table tr{background:none!important}
.buildlab-grid table th,.buildlab-grid table td{border:2px solid transparent;padding:.1em .4em;
text-align:center!important;vertical-align:middle;color:inherit;max-width:none;
white-space:nowrap;min-width:2.1em;box-sizing:border-box;border-radius:3px;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.buildlab-grid table thead th{font-weight:400;color:var(--jp-content-font-color2,#555)}
.buildlab-grid table th[scope=row]{text-align:left!important;font-weight:400;padding-left:0}
.buildlab-grid table td.count{text-align:left!important;
color:var(--jp-content-font-color2,#555)}
.buildlab-grid i{font-style:normal}
.buildlab-grid td.cached i,.buildlab-grid .sample.cached{color:#CACHED;
color:color-mix(in srgb,#CACHED 65%,currentColor)}
.buildlab-grid td b{margin-left:.3em}
.buildlab-grid .sample{padding:.05em .5em;border-radius:3px;
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.buildlab-grid td.ran,.buildlab-grid .sample.ran{background:#RAN;color:#222}
.buildlab-grid td.failed,.buildlab-grid .sample.failed{background:#FAILED;color:#222}
.buildlab-grid td.cached,.buildlab-grid .sample.cached{background:#CACHED33}
.buildlab-grid table td.missed,.buildlab-grid table td.false-alarm{
border-color:var(--jp-content-font-color1,#222)}
.buildlab-grid .sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.buildlab-tick{border-bottom:1px solid var(--jp-border-color2,#ddd);display:flex!important;
justify-content:center;align-items:center!important;padding:0 .2em;height:28px}
.buildlab-tick.widget-label{text-align:center}
.buildlab-tick.buildlab-edit{justify-content:flex-start;text-align:left;padding-right:1em}
.buildlab-tick.widget-checkbox>label{width:auto;padding:0;display:flex;align-items:center}
.buildlab-tick input[type=checkbox]{margin:0}
</style>"""

STYLE: Final = (
    _STYLE.replace("#RAN", COLOURS["ran"])
    .replace("#FAILED", COLOURS["failed"])
    .replace("#CACHED", COLOURS["cached"])
)

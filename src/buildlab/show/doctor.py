"""The doctor's report as a table for notebooks."""

from __future__ import annotations

from buildlab.basics.visible import escaped
from buildlab.record.style import COLOURS, OWN
from buildlab.setup.doctor.model import Finding, Report, Result
from buildlab.show.html import block, head, sign_html

_SIGNS = {
    Result.OK: ("✓", OWN),
    Result.WARNING: ("!", COLOURS["ran"]),
    Result.FAULT: ("✗", COLOURS["failed"]),
    Result.SKIPPED: ("–", COLOURS["not reached"]),
}


def report_html(report: Report) -> str:
    """Check, result, and the detail with its remedy."""
    rows = "".join(_row_html(f) for f in report.findings)
    table = f"<table>{head('check', 'result', 'detail')}<tbody>{rows}</tbody></table>"
    return block(f"<p><b>doctor</b>: {escaped(report.summary)}</p>{table}", report.summary)


def _row_html(finding: Finding) -> str:
    sign, colour = _SIGNS[finding.result]
    weight = "b" if finding.result in (Result.WARNING, Result.FAULT) else "span"
    remedy = f"<br><b>→ {escaped(finding.remedy)}</b>" if finding.remedy else ""
    return (
        f"<tr><td>{escaped(finding.check)}</td>"
        f"<td>{sign_html(sign, colour)} <{weight}>{finding.result.value}</{weight}></td>"
        f'<td class="long">{escaped(finding.detail)}{remedy}</td></tr>'
    )

"""The doctor's report as a table for notebooks."""

from __future__ import annotations

from buildlab.setup.doctor.model import Report
from buildlab.show.html.page import render, styled


def report_html(report: Report) -> str:
    """Check, result, and the detail with its remedy."""
    return styled(render("report", label=report.summary, findings=report.findings))

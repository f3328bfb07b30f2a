"""Judged claims as a table for notebooks: the verdict beside, the evidence beneath."""

from __future__ import annotations

from buildlab.claims.running import Ledger
from buildlab.show.html.page import render, styled


def ledger_html(ledger: Ledger) -> str:
    """One row per claim: its id, what it says with evidence and what is correct, its verdict."""
    return styled(render("ledger", label="table", judged=ledger.judged, recorded=ledger.recorded))

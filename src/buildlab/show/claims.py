"""Judged claims as a table for notebooks: the verdict beside, the evidence beneath."""

from __future__ import annotations

from buildlab.basics.visible import escaped
from buildlab.claims.model import Judged
from buildlab.claims.running import Ledger
from buildlab.show.html import block, head


def ledger_html(ledger: Ledger) -> str:
    """One row per claim: its id, what it says with evidence and what is correct, its verdict."""
    rows = "".join(
        f'<tr><th scope="row">{escaped(j.claim.id)}</th>'
        f'<td class=long style="min-width:16em">{_told(j)}</td>'
        f'<td class=long style="min-width:7em">{escaped(j.row()["verdict"])}</td></tr>'
        for j in ledger.judged
    )
    table = f"<table>{head('claim', 'says, evidence, what is correct', 'verdict')}<tbody>{rows}"
    told = f"<p><em>{escaped(ledger.recorded)}</em></p>" if ledger.recorded else ""
    return block(f"{table}</tbody></table>{told}", "table")


def _told(judged: Judged) -> str:
    parts = [f"<b>{escaped(judged.claim.says)}</b>"]
    if judged.evidence_text:
        parts.append(f"<span class=dim>{escaped(judged.evidence_text)}</span>")
    return "<br>".join([*parts, escaped(judged.claim.correct)])

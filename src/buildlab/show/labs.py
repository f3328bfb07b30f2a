"""Labs shown: a report as it grows, a debrief with its picture and table, a hint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup

from buildlab.errors import spoken
from buildlab.labs.debrief import Debrief
from buildlab.labs.hints import Given
from buildlab.labs.model import Lab, Report, Verdict
from buildlab.show import plot, tables
from buildlab.show.html.frame import frame_table
from buildlab.show.html.page import render, styled
from buildlab.show.widgets.frame import settled_html

WAITING: Final = "waiting"
YOURS, SOLUTIONS = "yours", "the solution's"


def checking_html(lab: Lab, decided: Mapping[str, Verdict], now: str = "") -> str:
    """The rules of a lab, those that are decided ticked or crossed; `now` is what goes on."""
    rules = [("builds", "It builds."), *((r.id, r.says) for r in lab.rules)]
    rows = [_row(says, decided.get(id)) for id, says in rules]
    return styled(render("lab_check", title=lab.title, rows=rows, now=now, said="", notes=()))


def report_html(report: Report) -> str:
    """A whole report: its rules, and its builds folded below."""
    rows = [_row(v.says, v) for v in report.verdicts]
    table = styled(
        render(
            "lab_check",
            title=report.lab.title,
            rows=rows,
            now="",
            said=str(report),
            notes=report.notes,
        )
    )
    return str(table) + str(settled_html(*report.records.values(), whole=False))


def report_text(report: Report) -> str:
    """The same without HTML."""
    return "\n".join(_lines(report))


def debrief_html(found: Debrief, link: str = "") -> str:
    """What was learnt; the picture, its sentence and its table; at work; what is next, as a link
    where there is one."""
    picture = ""
    if found.shared:
        drawn = plot.bars(
            _rows(found), label="whose", value="wall_s", unit="s", group="build",
            recorded=found.recorded,
        )  # fmt: skip
        picture = plot.figure(drawn, str(found), table_html=_table(found))._repr_html_()
    return styled(
        render(
            "lab_debrief",
            learnt=found.lab.learnt,
            picture=Markup(picture),
            at_work=found.lab.at_work,
            recorded=found.recorded,
            next=found.next.title if found.next else "",
            link=link,
        )
    )


def hint_html(lab: Lab, given: Given) -> str:
    """A rung of a hint, and the rule that it is for."""
    says = next((r.says for r in lab.rules if r.id == given.rule), "It builds.")
    text = spoken(given.text)
    return styled(render("lab_hint", says=says, text=text, rung=given.rung, stale=given.stale))


def _row(says: str, verdict: Verdict | None) -> dict[str, str]:
    outcome = verdict.outcome if verdict else WAITING
    seen = verdict.seen if verdict else ""
    return {"says": says, "outcome": outcome, "seen": spoken(seen)}


def _rows(found: Debrief) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for title in found.shared:
        for whose, figures in ((YOURS, found.yours), (SOLUTIONS, found.solution)):
            if figures is not None:
                build = figures.builds[title]
                rows.append(
                    {
                        "build": title,
                        "whose": whose,
                        "wall_s": build.wall_s,
                        "steps that ran": f"{build.ran} of {build.steps}",
                    }
                )
    return rows


def _table(found: Debrief) -> str:
    return str(frame_table(tables.rows(_rows(found))))


def _lines(report: Report) -> Iterator[str]:
    glyphs = {"passed": "✓", "failed": "✗", "not graded": "–"}
    for verdict in report.verdicts:
        yield f"{glyphs[verdict.outcome]} {verdict.says}"
        if not verdict.passed:
            yield from (f"    {line}" for line in spoken(verdict.seen).splitlines())
    yield from (f"Note: {note}." for note in report.notes)
    yield str(report)

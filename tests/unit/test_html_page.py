"""Templates and the one style sheet: what is sent, and how often."""

from __future__ import annotations

import re

from buildlab.handout.outputs import static
from buildlab.record.style import COLOURS, INTERNAL, OWN
from buildlab.show.html import record_html
from buildlab.show.html.page import HOME, sheet, unstyled
from buildlab.show.plot.figure import Shown
from buildlab.show.widgets.frame import settled_html
from tests.unit import factory
from tests.unit.test_handout import code, html, notebook


def test_an_output_has_the_sheet_once() -> None:
    """Whatever else is cleared or never ran, an output has its look; and has it once."""
    record = factory.record()
    table = Shown(bytes(24), "A figure.", "<table></table>")._repr_html_()
    for output in (record_html(record), settled_html(record, record, whole=True), table):
        assert output.startswith(f"<style>{sheet()}</style><")
        assert output.count("<style>") == 1


def test_a_page_of_the_kit_needs_no_sheet_in_its_outputs() -> None:
    """A handout's outputs have none, those of a notebook that was saved by an older kit keep it."""
    older = "<style>.buildlab{color:red}</style><p>old</p>"
    cell = static(notebook(code("1", html(str(record_html(factory.record()))), html(older)))).cells[
        0
    ]
    assert "<style>" not in cell.outputs[0].data["text/html"]
    assert cell.outputs[1].data["text/html"] == older == unstyled(older)


def test_tones_are_those_of_the_plots() -> None:
    """A state has one colour, in HTML and in pictures."""
    told = re.findall(r"^(.+) \{ --tone: (#\w+) \}", (HOME / "style.css").read_text(), re.MULTILINE)
    tones = {name: tone for names, tone in told for name in re.findall(r"[ ,]\.([\w-]+)", names)}
    named = {phase.replace(" ", "-"): colour for phase, colour in COLOURS.items()}
    assert tones | named | {"own": OWN, "internal": INTERNAL} == tones

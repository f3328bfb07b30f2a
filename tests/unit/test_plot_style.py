"""The look of the states: one each, and told apart without colour."""

from __future__ import annotations

import colorsys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.font_manager import get_font
from matplotlib.patches import Patch

from buildlab.record import style
from buildlab.record.steps import State
from buildlab.show import plot
from buildlab.show.plot.canvas import SHEET, styled
from tests.unit import factory


def grey(phase: str) -> float:
    r, g, b = to_rgb(style.COLOURS[phase])
    return colorsys.rgb_to_yiq(r, g, b)[0]


@pytest.mark.parametrize("table", [style.COLOURS, style.GLYPHS, style.HATCHES, style.WORDS])
def test_every_phase_has_its_look(table: dict[str, str]) -> None:
    """Every phase, and so every state of a step, has a colour, a glyph, a hatch and a word."""
    assert set(table) == set(style.PHASES)
    assert set(State) <= set(table)


def test_states_differ_in_a_greyscale_print() -> None:
    """Cached and ran are far apart in grey, and each pair of states differs in its hatch."""
    assert abs(grey("cached") - grey("ran")) > 0.2
    hatches = [style.HATCHES[s] for s in State]
    assert len(set(hatches)) == len(hatches)


def test_glyphs_are_single_and_in_the_font_that_matplotlib_brings() -> None:
    """No glyph becomes an empty box on a machine without further fonts."""
    font = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    known = get_font(font).get_charmap()
    assert all(len(g) == 1 and ord(g) in known for g in style.GLYPHS.values())


def test_style_is_applied_by_context_only() -> None:
    """Drawing leaves the caller's own matplotlib settings as they were."""
    before = dict(mpl.rcParams)
    plot.figure(plot.waterfall(factory.record()), "sentence")
    assert dict(mpl.rcParams) == before
    assert mpl.rc_params_from_file(SHEET, use_default_template=False)["font.size"] == 9


def test_a_hatch_reaches_the_bar() -> None:
    """A step that ran is drawn in the colour and with the hatch of its state."""

    @styled
    def one() -> Patch:
        from buildlab.show.plot.canvas import look

        return Patch(**look("ran"))

    patch = one()
    assert patch.get_hatch() == style.HATCHES["ran"]
    assert patch.get_facecolor()[:3] == to_rgb(style.COLOURS["ran"])

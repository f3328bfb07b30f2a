"""Figures in a notebook: picture, alt text, sentence, table."""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import replace

import pytest

from buildlab.show import plot
from buildlab.show.plot import Shown
from tests.unit import factory


@pytest.fixture(scope="module")
def drawn() -> Shown:
    """One rendered figure for all: rendering is the slow part."""
    return plot.figure(plot.waterfall(factory.one_stage()), 'the "slow" step took < 3 s')


def test_alt_text_reaches_the_html(drawn: Shown) -> None:
    """The sentence is alt text and caption, escaped, inside one <figure>."""
    html = drawn._repr_html_()
    assert html.count("<figure") == 1
    assert 'alt="the &quot;slow&quot; step took &lt; 3 s"' in html
    assert re.search(r"<figcaption>.*slow.*</figcaption>", html)


def test_a_figure_without_its_sentence_is_refused() -> None:
    """No picture goes out that a screen reader would meet in silence."""
    with pytest.raises(ValueError, match="sentence"):
        plot.figure(plot.waterfall(factory.one_stage()), "  ")


def test_picture_has_two_pixels_for_each_on_screen(drawn: Shown) -> None:
    """The PNG is twice as wide as the width that the page is told."""
    found = re.search(r"base64,([^\"]+)", drawn._repr_html_())
    assert found
    width = struct.unpack(">I", base64.b64decode(found[1])[16:20])[0]
    assert f'width="{width // 2}"' in drawn._repr_html_()


def test_recorded_and_table_come_with_the_figure(drawn: Shown) -> None:
    """Where given, the table is there for who cannot see, and a recording is named as one."""
    html = replace(
        drawn, table_html="<table></table>", recorded="recorded on a laptop"
    )._repr_html_()
    assert "<table></table>" in html
    assert "recorded on a laptop" in html
    assert "recorded" not in drawn._repr_html_()


def test_text_form_is_the_sentence(drawn: Shown) -> None:
    """Without HTML (a terminal, a test) a figure is its sentence."""
    assert repr(drawn) == drawn.alt

"""A live view in a real browser: in wide and in narrow panels, nothing that matters is cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from buildlab.handout.chromium import QUIET_FLAGS
from buildlab.show.widgets.frame import settled_html
from tests.browser import chromium
from tests.unit.streams import NAMES, record

# Cells of a table (by column) whose text is wider than they are, or than the panel is.
CUT = """() => [...document.querySelectorAll('.buildlab-live tr')].flatMap(row =>
  [...row.cells].filter((cell, i) => {
    const panel = row.closest('.buildlab-live').getBoundingClientRect();
    return cell.scrollWidth > cell.clientWidth + 1 && COLUMNS.includes(i)
      || cell.getBoundingClientRect().right > panel.right + 1;
  }).map(cell => cell.innerText))"""
SHOWN = """() => [...document.querySelectorAll('.buildlab-live td:nth-child(3)')]
  .map(cell => cell.getBoundingClientRect().width)"""

SPLIT = """() => [...document.querySelectorAll('.buildlab-live td:first-child b')].filter(sign => {
    const word = document.createRange();
    word.selectNode(sign.nextSibling);
    return word.getBoundingClientRect().top > sign.getBoundingClientRect().bottom - 2
      || word.getClientRects().length > 1;
  }).map(sign => sign.parentElement.innerText)"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of a real browser."""
    flags = [*QUIET_FLAGS, "--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=flags)
        yield browser.new_page()
        browser.close()


@pytest.mark.parametrize("width", [320, 480, 640, 1000])
def test_states_places_and_times_are_whole(page: Page, width: int) -> None:
    """In a panel of any width: state, place and time are readable, instructions have room."""
    page.set_viewport_size({"width": width, "height": 800})
    for name in NAMES:
        body = f"<body style='margin:0;font-size:14px'>{settled_html(record(name), whole=True)}"
        page.set_content(body)
        columns = "[0, 1, 2, 4]" if width < 500 else "[0, 1, 4]"  # a wide one cuts instructions
        cut: list[str] = page.evaluate(CUT.replace("COLUMNS", columns))
        assert not cut, f"cut in {name} at {width} px: {cut}"
        split: list[str] = page.evaluate(SPLIT)
        assert not split, f"a glyph and its word on two lines in {name}: {split}"
        assert all(w > 60 for w in page.evaluate(SHOWN)), f"no instructions in {name}"

"""Handouts for real: lessons executed on an engine, printed by a browser, read back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader

from buildlab.handout import booklet, lessons
from buildlab.handout.chromium import QUIET_FLAGS, find
from buildlab.handout.page import Paper
from tests.browser import chromium

pytestmark = [pytest.mark.engine, pytest.mark.chromium]

ROOT = Path(__file__).parents[2]
LESSON = "01_layer_cache"
WIDGET = "application/vnd.jupyter.widget-view+json"
LIMIT_S = 400
NEW: Any = v4

ASKS = (
    "# Asks\n\nAfter [lesson 01](01_layer_cache.ipynb#Order) and [its doc](../docs/x.md).",
    "from buildlab.notebook import ask, predict_cells\n\nask('Why?', ('this', 'that'))",
    "## Folded\n\n<details><summary>Answer one</summary>\n\nIt **ran**.\n\n</details>",
    "predict_cells('Which?', ('a', 'b'), ('c', 'd'))",
    "## Wide\n\nA table wider than paper:\n\n| "
    + " | ".join(f"`column_{n}`" for n in range(24))
    + " |"
    "\n|" + "---|" * 24,
    "import ipywidgets\nipywidgets.IntSlider()",
)


def written(path: Path, *sources: str) -> Path:
    """A notebook of markdown and code by turns, beginning with markdown."""
    kinds = (NEW.new_markdown_cell, NEW.new_code_cell)
    made = NEW.new_notebook(cells=[kinds[n % 2](text) for n, text in enumerate(sources)])
    for number, cell in enumerate(made.cells):
        cell.id = f"c-{number}"
    nbformat.write(made, path)  # type: ignore[no-untyped-call]
    return path


def handout(*words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """The command, as a user types it."""
    return subprocess.run(
        [sys.executable, "-m", "buildlab", "handout", *words],
        cwd=ROOT,
        env={**os.environ, **({"PATH": path} if path else {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def untouched(lesson: Path) -> tuple[int, bytes]:
    """When the lesson's file was last written, and what it holds."""
    return lesson.stat().st_mtime_ns, lesson.read_bytes()


@pytest.fixture(scope="module", autouse=True)
def on_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kit looks on PATH: there it finds the tests' browser, also the one of playwright's."""
    with pytest.MonkeyPatch.context() as patch:
        if find() is None:
            folder = tmp_path_factory.mktemp("bin")
            (folder / "chromium").symlink_to(chromium.executable() or "nowhere")
            patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Handouts of a real lesson and of one that asks and folds, executed once."""
    folder = tmp_path_factory.mktemp("handouts")
    asks = written(folder / "asks.ipynb", *ASKS)
    source = ROOT / "notebooks" / f"{LESSON}.ipynb"
    before = untouched(source)
    done = handout("01", str(asks), "--to", str(folder / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert untouched(source) == before, "a lesson's file was changed"
    return folder / "out"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser."""
    flags = [*QUIET_FLAGS, "--no-sandbox"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium.executable(), args=flags)
        yield opened
        opened.close()


def text_of(path: Path) -> list[str]:
    """The text of each page, spaces as one."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


def actions(path: Path) -> list[Any]:
    """What each link of a PDF does."""
    notes = [n.get_object() for p in PdfReader(path).pages for n in p.get("/Annots", ())]
    return [note["/A"] for note in notes if "/A" in note]


def test_all_files_are_there(made: Path) -> None:
    """HTML, PDF and slides for each lesson, one booklet, and the executed lessons."""
    names = {p.name for p in made.iterdir()}
    each = {f"{n}{e}" for n in (LESSON, "asks") for e in (".html", ".pdf", ".slides.html")}
    assert names == each | {"booklet.html", "booklet.pdf", "executed"}
    assert lessons.read(made / "executed" / f"{LESSON}.ipynb").executed


def test_pages_load_nothing(made: Path, browser: Browser) -> None:
    """Opened in a browser, a page asks for nothing but itself, and runs without a fault."""
    for path in sorted(made.glob("*.html")):
        page = browser.new_page()
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
        page.goto(path.as_uri())
        others = [url for url in asked if not url.startswith("data:")]
        assert others == [path.as_uri()], path.name
        assert not faults, path.name
        page.close()


def test_widgets_are_their_plain_twins(made: Path) -> None:
    """No widget is left; questions that nobody answered show their rows and options."""
    for path in made.glob("*.html"):
        assert WIDGET not in path.read_text("utf-8"), path.name
    kept = lessons.read(made / "executed" / f"{LESSON}.ipynb").notebook
    outputs = [o for cell in kept.cells for o in cell.get("outputs", ())]
    assert not [o for o in outputs if WIDGET in o.get("data", {})]
    asks = (made / "asks.html").read_text("utf-8")
    assert "Why?" in asks and "that" in asks and "Which?" in asks
    assert "buildlab-live" in (made / f"{LESSON}.html").read_text("utf-8"), "builds are shown"


def test_every_page_has_title_number_and_machine(made: Path) -> None:
    """In the margins: the lesson, the day, engine and CPUs, page n of m."""
    pages = text_of(made / f"{LESSON}.pdf")
    assert len(pages) > 4
    for number, text in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in text
        assert "The layer cache: what makes a step run again" in text
        assert re.search(r"\d{4}-\d\d-\d\d, .*CPU", text)


def test_answers_are_at_the_end(made: Path) -> None:
    """Folded on the screen; on paper on the last page, and the text says on which."""
    pages = text_of(made / "asks.pdf")
    assert "It ran." in pages[-1] and "Answers and depth" in pages[-1]
    assert not any("It ran." in page for page in pages[:-1])
    assert any(f"Answer one: at the end, page {len(pages)}" in page for page in pages)
    screen = (made / "asks.html").read_text("utf-8")
    assert "<details><summary>Answer one</summary>" in re.sub(r">\s+<", "><", screen)


def test_links_between_handouts(made: Path) -> None:
    """HTML links HTML, PDF links PDF, by name; nothing leads to a path of this machine."""
    assert f'href="{LESSON}.html#Order"' in (made / "asks.html").read_text("utf-8")
    found = actions(made / "asks.pdf")
    assert [a["/F"] for a in found if a["/S"] == "/GoToR"] == [f"{LESSON}.pdf"]
    for path in made.glob("*.pdf"):
        assert not [a for a in actions(path) if str(a.get("/URI", "")).startswith("file:")]


def test_contents_name_the_right_pages(made: Path) -> None:
    """Each line of the booklet's contents gives the page where its heading stands."""
    pages = text_of(made / "booklet.pdf")
    for title in ("The layer cache: what makes a step run again", "Order", "Wide", "Asks"):
        found = re.search(rf"{title} (\d+)", pages[0])
        assert found, title
        assert title in pages[int(found[1]) - 1], title
    assert "Answers and depth" in pages[0] and "It ran." in pages[-1]
    told = PdfReader(made / "booklet.pdf").metadata
    assert told and told.title == booklet.TITLE


def test_nothing_is_clipped_on_paper(made: Path, browser: Browser) -> None:
    """On A4 and on Letter no table and no picture is wider than the text."""
    found = [lessons.read(made / lessons.KEPT / f"{name}.ipynb") for name in (LESSON, "asks")]
    papers: tuple[Paper, ...] = ("a4", "letter")
    for paper in papers:
        page = browser.new_page()
        page.set_content(booklet.paper(found, paper))
        wide = page.evaluate(
            "() => [...document.querySelectorAll('table, img, pre')]"
            ".map(e => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 80)])"
            ".filter(([right]) => right > document.body.getBoundingClientRect().right + 1)"
        )
        assert wide == []
        page.close()


def test_slides_have_pictures_and_notes(made: Path, browser: Browser) -> None:
    """Every section is a slide, with its figure or table and the prose as speaker notes."""
    page = browser.new_page(color_scheme="dark")
    page.goto((made / f"{LESSON}.slides.html").as_uri())
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")
    titles = page.eval_on_selector_all("section h2", "all => all.map(e => e.innerText)")
    notes = page.eval_on_selector_all("aside.notes", "all => all.map(e => e.textContent)")
    dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert "Order" in titles and "Check yourself" in titles
    assert len(titles) == len(set(titles)), "one slide a section"
    assert any("Content decides, not time" in note for note in notes)
    assert page.locator("section img").count() > 0
    assert dark != "rgb(255, 255, 255)"
    page.close()


def test_what_was_executed_is_not_executed_again(made: Path, tmp_path: Path) -> None:
    """--executed prints an earlier run; without a browser the HTML is there and the PDF is not."""
    kept = made / "executed" / "asks.ipynb"
    done = handout(str(kept), "--to", str(tmp_path), "--html", "--pdf", "--executed", path="/none")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no Chromium or Chrome" in done.stderr and "install" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["asks.html"]


def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    """Lesson, cell and fault are told, what ran is kept, the other lessons are made."""
    bad = written(
        tmp_path / "bad.ipynb",
        "# Bad",
        "print('ran before')",
        "## It",
        "raise ValueError('so it is')",
    )
    good = written(tmp_path / "good.ipynb", "# Good", "print('fine')")
    done = handout(str(bad), str(good), "--to", str(tmp_path / "out"), "--html")
    assert done.returncode == 1
    assert "bad, cell 4 (c-3): raise ValueError('so it is')" in done.stdout
    assert "1 of 2 lessons failed: bad" in done.stderr
    assert "ran before" in (tmp_path / "out/executed/bad.ipynb").read_text()
    assert [p.name for p in (tmp_path / "out").glob("*.html")] == ["good.html"]


def test_ctrl_c_keeps_what_was_done(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool], float, str], None]
) -> None:
    """The cell is interrupted as in a notebook, its kernel ends, its lesson so far is kept."""
    waits = (
        "import os, time\nfrom pathlib import Path\n"
        f"Path({str(tmp_path)!r}, 'pid').write_text(str(os.getpid()))\n"
        f"try:\n    time.sleep(300)\nfinally:\n    Path({str(tmp_path)!r}, 'cleaned').touch()"
    )
    slow = written(tmp_path / "slow.ipynb", "# Slow", "print('ran before')", "## It", waits)
    command = [
        sys.executable,
        "-m",
        "buildlab",
        "handout",
        str(slow),
        "--to",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        pid = tmp_path / "pid"
        wait_until(lambda: pid.exists() and bool(pid.read_text()), 60, "the cell that waits")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 30
    assert "slow stopped by Ctrl-C" in err and "Traceback" not in err
    assert (tmp_path / "cleaned").exists()
    assert not Path(f"/proc/{pid.read_text()}").exists(), "the kernel goes on"
    assert "ran before" in (tmp_path / "out/executed/slow.ipynb").read_text()

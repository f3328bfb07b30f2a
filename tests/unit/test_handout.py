"""Handouts without an engine and without a browser: what is taken, folded, linked and shown."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from buildlab import cli
from buildlab.errors import BuildlabError, TimedOut, UsageError
from buildlab.handout import chromium, fragment, lessons, making, outputs, page, pdf, slides
from buildlab.handout.making import Handouts, make
from buildlab.handout.render import cells

NEW: Any = v4
ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([a-z_]+)\.([a-z_]+|\*)`")
WIDGET = {"model_id": "a", "version_major": 2, "version_minor": 0}


def markdown(text: str, *tags: str) -> Any:
    """A markdown cell."""
    return NEW.new_markdown_cell(text, metadata={"tags": list(tags)} if tags else {})


def code(source: str, *shown: Any, count: int | None = 1, tags: tuple[str, ...] = ()) -> Any:
    """A code cell that ran."""
    return NEW.new_code_cell(
        source, outputs=list(shown), execution_count=count, metadata={"tags": list(tags)}
    )


def html(text: str, **others: Any) -> Any:
    """An output of HTML."""
    return NEW.new_output("display_data", {"text/html": text, "text/plain": "x", **others})


def notebook(*content: Any) -> Any:
    """A notebook with stable cell ids."""
    whole = NEW.new_notebook(cells=list(content))
    for number, cell in enumerate(whole.cells):
        cell.id = f"c-{number}"
    return whole


def lesson(*content: Any, name: str = "07_x") -> lessons.Lesson:
    """An executed lesson."""
    return lessons.Lesson(name, Path(f"{name}.ipynb"), notebook(*content), "today", "a machine")


def saved(folder: Path, name: str, *content: Any) -> Path:
    """A notebook file."""
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook(*content), path)  # type: ignore[no-untyped-call]
    return path


class Silent:
    """Notes what is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def began(self, lesson: str) -> None:
        self.said.append(f"began {lesson}")

    def cell(self, number: int, of: int) -> None:
        self.said.append(f"cell {number}/{of}")

    def taken(self, lesson: str, why: str) -> None:
        self.said.append(f"taken {lesson}")

    def failed(self, fault: BuildlabError) -> None:
        self.said.append(f"failed {fault}")

    def wrote(self, path: Path) -> None:
        self.said.append(f"wrote {path.name}")


def never() -> Any:
    """No lesson of these tests needs an engine."""
    raise AssertionError("an engine was asked for")


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Chromium."""
    monkeypatch.setattr(chromium.shutil, "which", lambda name: None)
    monkeypatch.setattr(chromium, "APPLICATIONS", ())


def test_what_counts_as_executed() -> None:
    """All code cells ran, none failed but where that is the lesson; empty cells don't count."""
    fault = NEW.new_output("error", ename="E", evalue="v", traceback=[])
    assert lesson(markdown("# T"), code("1"), code("", count=None)).executed
    assert not lesson(code("1"), code("2", count=None)).executed
    assert not lesson(code("1", fault)).executed
    assert lesson(code("1", fault, tags=("raises-exception",))).executed
    assert not lesson(markdown("# T")).executed


def test_lessons_are_found_by_number_name_and_path(tmp_path: Path) -> None:
    """All by default, in order; a word that names none or two is a usage error."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("01_b", "00_a", "scratch"):
        saved(folder, name, markdown("# T"))
    own = saved(tmp_path, "own", markdown("# T"))
    assert [p.stem for p in lessons.find([], tmp_path)] == ["00_a", "01_b"]
    assert [p.stem for p in lessons.find(["01", str(own)], tmp_path)] == ["01_b", "own"]
    for words in (["07"], ["01", "01_b"], ["0"]):
        with pytest.raises(UsageError):
            lessons.find(words, tmp_path)


def test_a_file_that_is_no_notebook_is_named(tmp_path: Path) -> None:
    """Exit code 2 and the path, not a traceback of JSON's."""
    path = tmp_path / "x.ipynb"
    path.write_text("{")
    with pytest.raises(UsageError, match=r"x\.ipynb"):
        lessons.read(path)


def test_no_widget_is_left() -> None:
    """A widget with a twin leaves the twin, one without a sentence, and no state."""
    twin = html("<p>twin</p>", **{outputs.WIDGET: WIDGET})
    alone = NEW.new_output("display_data", {outputs.WIDGET: WIDGET, "text/plain": "VBox()"})
    script = NEW.new_output("display_data", {"application/javascript": "x()"})
    whole = notebook(code("a", twin, alone, script))
    whole.metadata["widgets"] = {}
    plain = outputs.static(whole)
    kinds = [set(o.data) for o in plain.cells[0].outputs]
    assert kinds == [{"text/html", "text/plain"}, {"text/html"}]
    assert "widgets" not in plain.metadata
    assert "twin</p>" in cells(whole) and outputs.UNANSWERED in cells(whole)
    assert outputs.WIDGET in whole.cells[0].outputs[0].data, "the notebook itself was changed"


def test_folders_of_this_machine_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The kit's home and the user's are written as ~, in streams and in tables."""
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "kit"))
    monkeypatch.setenv("HOME", str(tmp_path))
    stream = NEW.new_output("stream", name="stdout", text=f"{tmp_path}/src/x\n")
    text = cells(notebook(code("1", stream, html(f"<p>{tmp_path}/kit/work</p>"))))
    assert str(tmp_path) not in text
    assert "~/src/x" in text and f"{outputs.KIT}/work" in text


def test_depth_is_folded() -> None:
    """Cells tagged depth that follow each other are one folded part, called by its heading."""
    tree = fragment.parsed(
        cells(
            notebook(
                markdown("# T\n\n## One\n\ntext"),
                markdown("### How it is keyed\n\nmore", "depth"),
                code("1", html("<p>out</p>"), tags=("depth",)),
                markdown("after"),
                code("2", tags=("depth",)),
            )
        )
    )
    folds = tree.select("details.fold")
    titles = [fold.summary.get_text() for fold in folds if fold.summary]
    assert titles == ["How it is keyed", fragment.DEPTH]
    assert "out" in folds[0].get_text() and "after" not in folds[0].get_text()
    assert fragment.sections(tree) == [fragment.Section("One", "One")]


def test_answers_move_to_the_end_and_back() -> None:
    """In print a folded answer leaves a link with a page number; the kit's own folds stay."""
    figure = "<figure><details><summary>table</summary>T</details></figure>"
    answer = "## Q\n\n<details><summary>Answer</summary>\n\nIt **ran**.\n\n</details>"
    tree = fragment.parsed(cells(notebook(markdown(answer), code("1", html(figure)))))
    moved = fragment.move_folded(tree, "w--")
    assert [(m.title, m.anchor) for m in moved] == [("Answer", "w--answer-1")]
    assert "<strong>ran</strong>" in moved[0].content
    assert "ran" not in tree.get_text() and "table" in tree.get_text()
    link = tree.select_one("p.moved a")
    assert link and link["href"] == "#w--answer-1"
    end = page.appendix(moved, "answers")
    assert 'id="w--answer-1"' in end and 'href="#w--place-1"' in end
    assert pdf.numbered(end, {"w--place-1": 7}).count(">7</span>") == 1
    assert page.appendix([], "answers") == ""


def test_links_lead_to_handouts_or_become_text() -> None:
    """A lesson that is there is linked, what is not there is text, the web stays."""
    text = "[a](01_a.ipynb#Order) [b](02_b.ipynb) [c](../docs/c.md) [d](https://go.dev) [e](#T)"
    tree = fragment.parsed(cells(notebook(markdown(f"# T\n\n{text}"))))
    fragment.lead_links(tree, lambda name, at: f"{name}.html#{at}" if name == "01_a" else None)
    links = [str(a["href"]) for a in tree.select("a")]
    assert links == ["01_a.html#Order", "https://go.dev", "#T"]
    fragment.prefix(tree, "07_x")
    assert [str(a["href"]) for a in tree.select("a")][-1] == "#07_x--T"
    assert tree.find(id="07_x--T")


def test_text_in_the_margin_is_quoted() -> None:
    """A title with quotes, a backslash or a tag ends neither the style nor its rule."""
    assert page.css_text('a "b" \\ </style>\nc') == '"a \\"b\\" \\\\ \\3C /style> c"'


def test_shell_variables_are_no_formula() -> None:
    """`$A … $B` stays as it is written: nothing sets it as mathematics."""
    text = cells(notebook(markdown("From `$BUILDPLATFORM` to `$TARGETARCH`, and $HOME or $PATH.")))
    assert "<code>$BUILDPLATFORM</code> to <code>$TARGETARCH</code>" in text
    assert "$HOME or $PATH" in text


def test_a_section_is_a_slide() -> None:
    """One slide a section, one below it for each further picture; prose as notes, no answers."""
    live = html('<div class="buildlab-live">built</div>')
    figure = html('<figure class="buildlab-figure"><details>T</details></figure>')
    shown = slides.arranged(
        notebook(
            markdown("# Title"),
            markdown("What it is.\n\n- one\n- two\n\n**Needs:** time"),
            markdown("## Order\n\nSay this.\n\n<details>secret</details>"),
            code("1", live, figure),
            markdown("Then this."),
            code("2", html('<div class="buildlab">table</div>')),
            markdown("deep", "depth"),
            markdown("## Check yourself\n\nWhich?"),
            code("3", html('<div class="buildlab">that</div>')),
        )
    )
    assert [(s.title, s.below) for s in shown] == [
        *(("Title", False), ("Order", False), ("Order", True)),
        *(("Check yourself", False), ("Check yourself", True)),
    ]
    assert shown[0].shown[0].source == "- one\n- two", "the title's slide shows the list"
    assert "<details>" not in str(shown[1].shown), "a slide folds nothing"
    assert shown[1].notes == ["Say this.", "Then this."]
    assert shown[3].shown[0].source == "Which?", "the question stands alone"
    assert "secret" not in str(shown) and "deep" not in str(shown)


def test_slides_load_nothing_and_hold_the_notes() -> None:
    """Reveal is inside the file, with its notes; no address is loaded."""
    text = slides.page(lesson(markdown("# T\n\nsay"), markdown("## A\n\nmore"), code("1")))
    assert "Reveal.initialize" in text and '<aside class="notes">' in text
    assert "<link" not in text and "src=" not in text.partition("<script>")[0]


def test_no_browser_costs_the_pdf_only(
    tmp_path: Path, no_browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTML, slides and the booklet's page are written; the fault says what to install."""
    paths = [saved(tmp_path, n, markdown(f"# {n}"), code("1")) for n in ("a", "b")]
    told = Silent()
    with pytest.raises(BuildlabError, match="no Chromium") as fault:
        make(paths, Handouts(tmp_path / "out"), never, told)
    assert "install" in fault.value.hint and fault.value.exit_code == 1
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert written == [
        *("a.html", "a.slides.html", "b.html", "b.slides.html", "booklet.html"),
    ]
    assert told.said[0] == "taken a"


def test_executed_only_takes_what_is_there(tmp_path: Path) -> None:
    """--executed takes an earlier run's lesson, and names one that nobody has executed."""
    path = saved(tmp_path, "a", markdown("# a"), code("1", count=None))
    wanted = Handouts(tmp_path / "out", frozenset({"html"}), execute=False)
    with pytest.raises(UsageError, match="a is not executed"):
        make([path], wanted, never, Silent())
    lessons.keep(lesson(markdown("# a"), code("1"), name="a"), wanted.kept)
    make([path], wanted, never, Silent())
    assert "today, a machine" in (tmp_path / "out" / "a.html").read_text()


def test_links_to_lessons_of_an_earlier_run_hold(tmp_path: Path) -> None:
    """A lesson whose handout lies in the folder is linked though it is not of this run."""
    path = saved(tmp_path, "a", markdown("# a\n\n[b](b.ipynb) [c](c.ipynb)"), code("1"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.html").touch()
    make([path], Handouts(tmp_path / "out", frozenset({"html"})), never, Silent())
    text = (tmp_path / "out" / "a.html").read_text()
    assert 'href="b.html"' in text and "c.html" not in text


def test_kinds_and_endings_agree() -> None:
    """Each kind but the booklet has its file name."""
    assert {*making.KINDS} - {"booklet"} == {*making.ENDINGS}


def test_the_facilitators_table_names_real_experiments() -> None:
    """Each experiment of docs/facilitator/misconceptions.md is one of `buildlab.experiments`."""
    from buildlab import experiments

    text = (ROOT / "docs/facilitator/misconceptions.md").read_text("utf-8")
    rows = [row for row in text.splitlines() if row.startswith("|")]
    named = {name for row in rows for name in NAMED.findall(row.split("|")[-2])}
    assert len(named) > 30
    homes = {module: import_module(f"{experiments.__name__}.{module}") for module, _ in named}
    gone = sorted(f"{m}.{f}" for m, f in named if f != "*" and not hasattr(homes[m], f))
    assert not gone


@pytest.mark.parametrize(
    ("script", "fault", "said"),
    [
        ("echo no display >&2; exit 7", BuildlabError, r"exit code 7\): no display"),
        ("sleep 60", TimedOut, "page.html, did not end within"),
    ],
)
def test_a_browser_that_prints_nothing_is_told_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    fault: type[BuildlabError],
    said: str,
) -> None:
    """What it last said and its exit code, or the limit that it passed; no PDF of before stays."""
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(chromium, "find", lambda: program)
    pdf_path = tmp_path / "page.pdf"
    pdf_path.write_text("of before")
    with pytest.raises(fault, match=said):
        chromium.print_pdf(tmp_path / "page.html", pdf_path, limit_s=1)
    assert not pdf_path.exists()


def test_wrong_options_are_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown paper, a file in the folder's place, the lessons' own folder: exit code 2."""
    path = saved(tmp_path, "a", markdown("# a"), code("1"))
    for words in (
        ["--to", str(tmp_path / "out"), "--paper", "a5"],
        ["--to", str(path)],
        ["--to", str(tmp_path)],
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(["handout", str(path), *words])
        assert ended.value.code == 2, words
        assert "Traceback" not in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.ipynb"]

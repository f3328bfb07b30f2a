"""Every lab has the same parts, and no file that nobody names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildlab import loading
from buildlab.errors import UsageError
from buildlab.labs import pages, reading
from buildlab.labs.files import files
from buildlab.labs.model import Lab
from buildlab.labs.working import WHY

ROOT = Path(__file__).parents[2]
LABS = reading.read(ROOT / "labs")
LESSONS = {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")}
PARTS = {"README.md", "lab.toml", "lab.ipynb", "measured.json"}
FOLDERS = {"start", "solution", "wrong", "right"}
HEADINGS = ["What to do", "What is graded", "How"]
each = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


@each
def test_a_lab_has_its_parts_and_no_others(lab: Lab) -> None:
    """README, lab.toml, notebook, figures; start, solution, wrong and right answers."""
    found = {p.name for p in lab.path.iterdir()} - {".ipynb_checkpoints"}
    assert found == PARTS | FOLDERS
    assert {p.name for p in (lab.path / "wrong").iterdir()} == set(lab.wrong)
    assert len(lab.wrong) >= 3
    assert len([p for p in (lab.path / "right").iterdir() if p.is_dir()]) >= 2


@each
def test_answers_hold_only_what_a_learner_may_change(lab: Lab) -> None:
    """And nothing that is as the start has it."""
    given = dict(files(lab.start))
    folders = [lab.solution, *(lab.path / "wrong").iterdir(), *(lab.path / "right").iterdir()]
    for folder in folders:
        for name, path in files(folder):
            if folder == lab.solution and name == WHY:
                continue
            assert lab.editable(name), f"{path}: not among files = …"
            same = name in given and given[name].read_bytes() == path.read_bytes()
            assert not same, f"{path} is as the start has it"


@each
def test_the_readme_has_the_same_structure_in_all(lab: Lab) -> None:
    """Title, a story of two sentences, three headings, the commands, the minutes, the lesson."""
    text = (lab.path / "README.md").read_text("utf-8")
    assert text.startswith(f"# {lab.title}\n")
    assert re.findall(r"^## (.*)$", text, re.M) == HEADINGS
    sentences = re.findall(r"[.!?](?=\s|$)", re.sub(r"\.(?=\w)", "", pages.story(lab)))
    assert len(sentences) == 2, pages.story(lab)
    for command in ("begin", "check", "hint"):
        assert f"./lab labs {command} {lab.slug}" in text
    assert "[lab.ipynb](lab.ipynb)" in text
    assert f"About {lab.minutes} minutes." in text
    assert 8 <= lab.minutes <= 20
    if lab.lesson:
        assert lab.lesson in LESSONS
        assert f"[{lab.lesson}](../../notebooks/{lab.lesson}.ipynb)" in text


@each
def test_each_edit_is_one_that_no_build_has_seen(lab: Lab) -> None:
    """Its text or argument holds SALT or NUMBER, unless it only deletes or touches."""
    told = loading.from_toml((lab.path / reading.FILE).read_text("utf-8"))
    for name, edit in told.get("edits", {}).items():
        changes = {k: edit[k] for k in ("append", "write", "swap", "arguments") if k in edit}
        for kind, what in changes.items():
            assert re.search("SALT|NUMBER", str(what)), f"{name}.{kind} holds no SALT, no NUMBER"


@each
def test_hints_say_no_command(lab: Lab) -> None:
    """The third rung is nearly the answer, and never a line to paste."""
    for rule in lab.rules:
        for hint in rule.hints:
            for rung in hint.rungs:
                assert not re.search(r"^\s*(RUN|COPY|FROM|ARG) |--mount=type=\w+,", rung), rung
        assert not rule.hints[-1].when, f"{lab.name}: the last hint of {rule.id} has a condition"


@each
def test_every_rule_is_failed_by_some_answer(lab: Lab) -> None:
    """A rule that the start and all wrong answers keep has never been seen to fail."""
    failed = {*lab.fails, *(name for wrong in lab.wrong.values() for name in wrong.fails)}
    assert {rule.id for rule in lab.rules} <= failed


def test_made_pages_are_up_to_date() -> None:
    """lab.ipynb and the schema are what `buildlab labs pages` writes."""
    for path, text in pages.pages(ROOT / "labs", LABS):
        assert path.read_text("utf-8") == text, f"{path}: write it again: ./lab labs pages"


def test_labs_are_numbered_in_their_order() -> None:
    """Numbers are unique, and each lab stands after its lesson."""
    numbers = [int(lab.name.partition("_")[0]) for lab in LABS]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)


GOOD = """title = "A lab"
minutes = 10
files = ["Dockerfile"]
asks = "Do it."
fails = ["one"]
learnt = "This."
at_work = "That."

[edits.leaf]
write = { "a.go" = "SALT" }

[rules.one]
rule = "compiles_only"
says = "It is so."
given = { edit = "leaf", packages = [] }

[[rules.one.hints]]
rungs = ["a", "b", "c"]

[wrong.so]
says = "Wrong."
fails = ["one"]
hint = "a"
"""


def test_a_lab_file_that_is_right_is_read(tmp_path: Path) -> None:
    """The control of the next test."""
    assert written(tmp_path, GOOD).rules[0].id == "one"


@pytest.mark.parametrize(
    ("old", "new", "line", "hint"),
    [
        ('title = "A lab"', "", 0, "title"),
        ("minutes = 10", 'minutes = "ten"', 2, "minutes = 10"),
        ("minutes = 10", "minuets = 10", 2, "minutes"),
        ("compiles_only", "compile_only", 13, "compiles_only"),
        ('edit = "leaf"', 'edit = "leave"', 15, "leaf"),
        ('edit = "leaf"', 'edits = "leaf"', 15, "edit"),
        ("packages = []", "packages = 3", 15, "compiles_only"),
        ('rungs = ["a", "b", "c"]', 'rungs = ["a", "b"]', 18, "rungs"),
        ('rungs = ["a", "b", "c"]', 'rungs = ["a","b","c"]\nwhen = ["x"]', 19, "write a fact"),
        ('fails = ["one"]\nlearnt', 'fails = ["two"]\nlearnt', 5, "one"),
        ('fails = ["one"]\nhint', 'fails = ["two"]\nhint', 22, "one"),
        ("[edits.leaf]\nwrite", "[edits.leaf]\nwrites", 10, "write"),
        ("minutes = 10", "minutes = = 10", 0, "repair"),
    ],
)
def test_a_fault_in_a_lab_file_names_line_and_remedy(
    old: str, new: str, line: int, hint: str, tmp_path: Path
) -> None:
    """As claims do."""
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        written(tmp_path, GOOD.replace(old, new, 1))
    assert "lab.toml" in caught.value.message
    if line:
        assert f"line {line}" in caught.value.message
    assert hint in f"{caught.value.message} {caught.value.hint}"


def written(folder: Path, text: str) -> Lab:
    lab = folder / "01_a_lab"
    lab.mkdir()
    (lab / "lab.toml").write_text(text)
    return reading.read_lab(lab)

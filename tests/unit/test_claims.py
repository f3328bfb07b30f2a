"""Claims: reading their files, the language of conditions, judging; no engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from buildlab import claims
from buildlab.bench.conditions import parse
from buildlab.bench.evidence import Kept
from buildlab.bench.runs import Fact, Runs
from buildlab.claims import catalogue, running, shipped
from buildlab.claims.judging import facts_of, judge
from buildlab.claims.model import Judged, Verdict
from buildlab.cli import main
from buildlab.errors import UsageError
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step, StepKey

GOOD = """\
where = "Rules"
says = "A touched file runs COPY again."
correct = "It does not."
experiment = "layer_cache.order"
holds = ['touched: COPY ran == true']
expected = "fails"

[[holds_if]]
condition = "the mode changed, too"
when = ['mode: COPY ran == true']

[source]
title = "An article"
url = "https://example.test/article"
kind = "article"
"""
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a claim's file where the ledger would have it."""

    def file(text: str) -> Path:
        path = tmp_path / "others" / "001-touch.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return file


def verdict(claim: claims.Claim, **facts: Fact) -> Judged:
    named = {"touched": "touched: COPY ran", "mode": "mode: COPY ran"}
    return judge(claim, {named[k]: v for k, v in facts.items()})


def test_one_file_is_enough(write: Write, tmp_path: Path) -> None:
    """A claim with its own source needs no other file, and is named by its place."""
    claim = claims.read_file(write(GOOD), tmp_path)
    assert claim.id == "others/001-touch"
    assert claim.source.url == "https://example.test/article"
    assert claims.read(tmp_path) == (claim,)


def test_a_source_beside_it_serves_all_claims_of_a_folder(write: Write, tmp_path: Path) -> None:
    """Without a [source], the folder's source.toml says where the claim is from."""
    text, _, source = GOOD.partition("[source]\n")
    path = write(text)
    path.with_name("source.toml").write_text(source)
    assert claims.read(tmp_path)[0].source.title == "An article"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"touched": True, "mode": True}, Verdict.HOLDS),
        ({"touched": False, "mode": True}, Verdict.HOLDS_IF),
        ({"touched": False, "mode": False}, Verdict.FAILS),
    ],
)
def test_facts_alone_decide(write: Write, facts: dict[str, Fact], expected: Verdict) -> None:
    """All of `holds`: holds. Else the first proviso that is true: holds if. Else: fails."""
    judged = verdict(claims.read_file(write(GOOD)), **facts)
    assert judged.verdict is expected
    assert judged.differs == (expected is not Verdict.FAILS)
    assert any("touched: COPY ran" in str(e) for e in judged.evidence)


def test_an_unknown_fact_is_not_measured_and_says_what_to_write(write: Write) -> None:
    """A typo in a fact's name never makes a verdict; the message offers the near ones."""
    judged = judge(claims.read_file(write(GOOD)), {"touched: COPY run": True})
    assert judged.verdict is Verdict.NOT_MEASURED
    assert "others/001-touch.toml" in judged.error
    assert "no fact is called 'touched: COPY ran'" in judged.error
    assert "write one of: touched: COPY run" in judged.error


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("layer_cache.order", "layer_cache.odrer", ("line 4", "layer_cache.order")),
        ("says =", "sais =", ("line 2", "'sais'", "write says")),
        ("COPY ran == true'", "COPY ran is true'", ("line 5", "compares nothing", "== !=")),
        ("COPY ran == true'", "COPY ran == yes'", ("line 5", "literal", "true, false")),
        ('"fails"', '"false"', ("line 6", "expected is 'false'", "choose: holds")),
        ("when =", "wenn =", ("line 10", "'wenn'", "when")),
        ('kind = "article"', 'kind = "poem"', ("line 15", "'poem'", "choose: article")),
        ('experiment = "layer_cache.order"\n', "", ("either an experiment or why",)),
        ("holds = ['", "holds = '", ("line 5",)),
        ('correct = "It does not."\n', "", ("correct is missing", 'add correct = "…"')),
        (
            '"A touched file runs COPY again."',
            "7",
            ("line 2", "says: expected str", "write says ="),
        ),
        ("when = ['mode:", "when = 7 # ['", ("line 10", "[0].when", 'when = ["a fact == true"]')),
        ('title = "An article"\n', "", ("line 12", "source: title is missing", "add title")),
        ("'mode: COPY ran == true'", "'mode COPY'", ("line 10", "compares nothing")),
        ("'mode: COPY ran == true'", "\n'mode: == 1',\n'COPY'", ("line 12", "compares nothing")),
        ("[source]", "[source]\nsays = 1", ("line 13", "no field is called 'says'")),
        ("[[holds_if]]\n", "[holds_if]\n", ("line 8", "write [[holds_if]]")),
        ('where = "Rules"', 'where = "Rules', ("repair the TOML", "line 1")),
        ('where = "Rules"', "where = " + "[" * 10**5, ("nested too deep", "repair the TOML")),
    ],
)
def test_a_typo_names_file_line_and_remedy(
    write: Write, old: str, new: str, told: tuple[str, ...]
) -> None:
    """Whatever is wrong with a file is said with its place and what to write."""
    assert old in GOOD
    with pytest.raises(UsageError) as fault:
        claims.read_file(write(GOOD.replace(old, new, 1)))
    text = str(fault.value)
    assert "others/001-touch.toml" in text
    for words in told:
        assert words in text


@pytest.mark.parametrize(
    ("text", "facts", "value"),
    [
        ("a == true", {"a": True}, True),
        ("a != true", {"a": True}, False),
        ("a step, that ran again == false", {"a step, that ran again": False}, True),
        ("slow_s / fast_s > 2", {"slow_s": 5.0, "fast_s": 2.0}, True),
        ("slow_s / fast_s <= 2", {"slow_s": 5.0, "fast_s": 2.0}, False),
        ("in / out == 3", {"in / out": 3}, True),
        ('says == "a > b"', {"says": "a > b"}, True),
        ("n >= -1", {"n": 0}, True),
    ],
)
def test_conditions(text: str, facts: dict[str, Fact], value: bool) -> None:
    """A fact or a ratio of two, one of six operators, a literal."""
    assert parse(text).look(facts)[1] is value


@pytest.mark.parametrize(
    ("text", "facts", "told"),
    [
        ("build_s < 10", {"build_s": 3.2}, "judge a ratio"),
        ("a > 1", {"a": True}, "can't order"),
        ("a == 1", {"a": True}, "value of its own kind"),
        ('a == "1"', {"a": 1}, "value of its own kind"),
        ("a / b > 1", {"a": 1, "b": 0}, "nothing can be divided"),
        ("a / b > 1", {"a": 1, "b": "x"}, "no number"),
        ("__import__('os') == 1", {"a": 1}, "no fact is called"),
    ],
)
def test_what_can_not_be_judged_is_an_error(text: str, facts: dict[str, Fact], told: str) -> None:
    """Seconds of one machine, unlike kinds and division by nothing make no verdict."""
    with pytest.raises(UsageError, match=told):
        parse(text).look(facts)


def test_facts_of_builds_hold_no_seconds() -> None:
    """What is read off each build: states, bytes, counts; one build's time is no evidence."""
    step = Step(StepKey("build", 2), 2, "RUN go build", State.RAN)
    record = BuildRecord("i", "t", ("docker",), ".", "Dockerfile", "", 9.0, 0, (step,))
    facts = facts_of(Runs({"one": record}, {"one: succeeded": False}))
    assert facts["one: state of build 2"] == "ran"
    assert facts["one: steps that ran"] == 1
    assert facts["one: succeeded"] is False  # the experiment's own word counts
    assert not any(name.endswith("_s") for name in facts)


def test_a_failing_experiment_leaves_the_others(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims of an experiment that fails are not measured, with its error; the others are."""
    first = claims.read_file(write(GOOD), tmp_path)
    path = write(GOOD).with_name("002-other.toml")
    path.write_text(GOOD.replace("layer_cache.order", "layer_cache.base_image_moved"))
    second = claims.read_file(path, tmp_path)
    asked: list[str] = []

    def measure(experiment: Callable[..., Runs], *, fresh: bool) -> Kept[Runs]:
        asked.append(experiment.__name__)
        if experiment.__name__ == "order":
            raise UsageError("no such base", "pull it")
        facts = {"touched: COPY ran": False, "mode: COPY ran": False}
        return Kept(Runs({}, facts), "2026-01-01T00:00:00+00:00", EngineInfo("embedded"), fresh)

    monkeypatch.setattr(running.evidence, "measure", measure)
    parts = [j for part in claims.judging([first, second, first]) for j in part]
    ledger = claims.Ledger(tuple(parts))
    assert asked == ["order", "base_image_moved"]
    assert [j.verdict for j in parts] == [Verdict.NOT_MEASURED, Verdict.NOT_MEASURED, Verdict.FAILS]
    assert "no such base" in parts[0].error
    assert not ledger.complete
    assert ledger.totals == {"fails": 1, "not measured": 2}


def test_names_choose_claims() -> None:
    """An id, its start or a folder choose; a name that fits none offers the near ones."""
    every = claims.read()
    assert len(claims.select(every, ["buildkit-with-go"])) > 50
    assert [c.id for c in claims.select(every, ["buildkit-with-go/018"])] == [every_18(every)]
    with pytest.raises(UsageError, match="buildkit-with-go/018"):
        claims.select(every, ["buildkit-with-go/018-docker-vresion"])


def every_18(every: tuple[claims.Claim, ...]) -> str:
    return next(c.id for c in every if c.id.startswith("buildkit-with-go/018"))


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(argv)
    return int(end.value.code or 0)


def test_list_and_show_measure_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The commands that only read say what a claim says, what settles it and what is correct."""
    assert run("claims", "list", "buildkit-with-go/018") == 0
    assert "1 claims of 1 sources" in capsys.readouterr().out
    assert run("claims", "show", "buildkit-with-go/018") == 0
    told = capsys.readouterr().out
    for words in ("settled by graph.switch()", "docker version", "https://", "fails"):
        assert words in told
    assert run("claims", "show", "buildkit-with-go/018", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["expected"] == "fails"


def test_run_shows_what_is_not_testable_without_an_engine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim without an experiment needs no engine, and its row says why."""
    monkeypatch.setenv("COLUMNS", "200")
    assert run("claims", "run", "buildkit-with-go/015", "--json") == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert found["verdict"] == "not testable here"
    assert found["untestable"]


def test_a_name_that_is_wrong_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the near names."""
    assert run("claims", "run", "buildkit-with-goo/018-docker-version") == 2
    assert "buildkit-with-go/018-docker-version-tells" in capsys.readouterr().err


def test_a_kept_run_has_versions_and_a_date(write: Write, tmp_path: Path) -> None:
    """measured.json: verdict, evidence, date, engine and BuildKit; an incomplete run is refused."""
    claim = claims.read_file(write(GOOD), tmp_path)
    info = EngineInfo(
        "embedded", engine_version="28.5.2", buildkit_version="v0.25.1", buildx_version="0.29.1"
    )
    judged = replace(
        verdict(claim, touched=False, mode=False), engine=info, measured_at="2026-01-02T03:04:05"
    )
    shipped.keep(claims.Ledger((judged,)), tmp_path)
    kept = shipped.read(tmp_path)[claim.id]
    assert kept.verdict == "fails"
    assert kept.when == ("measured 2026-01-02 on engine 28.5.2, BuildKit v0.25.1, buildx 0.29.1")
    with pytest.raises(UsageError, match="not measured"):
        shipped.keep(claims.Ledger((Judged(claim, Verdict.NOT_MEASURED),)), tmp_path)


def test_a_claim_can_be_tried_before_it_is_a_file() -> None:
    """A text with a typo is an error that names its line, without any build."""
    with pytest.raises(UsageError, match=r"line 4: no experiment is called 'layer_cache.odrer'"):
        claims.try_out(claims.template().replace("layer_cache.order", "layer_cache.odrer"))


def test_an_interrupt_leaves_what_was_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the run with code 130, after the table of what was settled until then."""

    def measure(*_: object, **__: object) -> Kept[Runs]:
        raise KeyboardInterrupt

    monkeypatch.setattr(running.evidence, "measure", measure)
    names = ("buildkit-with-go/015", "buildkit-with-go/018")
    assert run("claims", "run", *names, "--json") == 130
    found = json.loads(capsys.readouterr().out)
    assert [j["id"] for j in found] == ["buildkit-with-go/015-finds-the-critical-path"]


def test_a_run_that_is_not_complete_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing experiment: its claim's row has the error, and the exit code is 1."""

    def measure(*_: object, **__: object) -> Kept[Runs]:
        raise UsageError("no such base", "pull it")

    monkeypatch.setattr(running.evidence, "measure", measure)
    monkeypatch.setenv("COLUMNS", "200")
    assert run("claims", "run", "buildkit-with-go/018") == 1
    told = capsys.readouterr().out
    assert "not measured" in told
    assert "no such base" in told


@pytest.mark.parametrize(("former", "now"), sorted(catalogue.FORMER.items()))
def test_a_claim_of_before_finds_its_judge(former: str, now: str) -> None:
    """Somebody's own claim may name an experiment by the file in which it was once."""
    functions = [n.partition(".")[2] for n in catalogue.names() if n.startswith(f"{now}.")]
    assert functions
    for function in functions:
        assert catalogue.find(f"{former}.{function}") is catalogue.find(f"{now}.{function}")

"""What lesson 09 states about repeating a build and about what an image tells, held for real."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.engine import Engine
from buildlab.experiments.reproducible import attested, remedies, scanned

SAME = {
    "again, all cached": ("binary", "layers", "image"),
    "--no-cache": ("binary",),
    "--no-cache, SOURCE_DATE_EPOCH": ("binary",),
    "--no-cache, SOURCE_DATE_EPOCH, rewrite-timestamp": ("binary", "layers", "image"),
    "on an empty engine": ("binary", "layers", "image"),
    "in another folder": (),
    "in another folder, -trimpath": ("binary", "layers", "image"),
    "base by tag, the tag moved": ("binary",),
    "base by digest, the tag moved": ("binary", "layers", "image"),
    "with provenance attached": ("binary", "layers"),
}


def test_every_row_of_the_table_is_known() -> None:
    """The table below this test is the lesson's."""
    assert tuple(SAME) == remedies.ROWS


@pytest.mark.parametrize("way", SAME)
def test_same_bytes(lab_engine: Engine, way: str) -> None:
    """What is the same after a second build, for each remedy and each disturbance."""
    found = remedies.same(measured(remedies.twice), (way,))
    assert {part for _, part in found} == set(SAME[way])


def test_one_part_can_be_asked_for(lab_engine: Engine) -> None:
    """The last question of the lesson is about the image alone."""
    rows = ("--no-cache", "base by tag, the tag moved", "base by digest, the tag moved")
    found = remedies.same(measured(remedies.twice), rows, only="image")
    assert found == {("base by digest, the tag moved", "image")}


def test_the_linker_lists_what_is_linked(lab_engine: Engine) -> None:
    """The list in a program names what it imports, stripped or not, and nothing else of go.mod."""
    facts = measured(attested.listed).facts
    for image in attested.IMAGES:
        assert facts[f"{image}: the linked module is named"]
        assert not facts[f"{image}: the unused module of go.mod is named"]
    assert facts["go version -m names the linked module, after -s -w"]
    assert facts["go version -m names the flags of the build"]
    assert attested.which_named(facts) == "the imported one"


def test_a_scanner_sees_what_the_image_lists(lab_engine: Engine) -> None:
    """Without its package database a Debian image seems to hold no package."""
    debian = {r["image"]: r["Debian packages"] for r in measured(attested.listed).rows}
    assert debian["scratch"] == 0
    assert int(debian["debian-slim"]) > 20
    assert debian["debian-slim, without its package database"] == 0


def test_an_attestation_lies_beside_the_image(lab_engine: Engine) -> None:
    """An SBOM leaves the image's manifest as it is, and gives the tag another digest."""
    facts = measured(attested.listed).facts
    assert not facts["an SBOM changes the image's own manifest"]
    assert facts["an SBOM changes the digest that the tag gets"]


def test_what_each_provenance_holds(lab_engine: Engine) -> None:
    """Both modes name the base by digest; only max holds text, arguments and commands."""
    held = attested.held(measured(attested.provenance))
    assert {what for mode, what in held if mode == "mode=min"} == {attested.HELD[0]}
    assert {what for mode, what in held if mode == "mode=max"} == set(attested.HELD)


def test_trivy_is_run_or_its_absence_said(lab_engine: Engine) -> None:
    """The command is there either way; where Trivy is missing, the fact says what to install."""
    facts = measured(scanned.trivy).facts
    assert str(facts["the command"]).startswith("trivy image ")
    assert "not run" in facts or "kinds of package that it knows here" in facts

"""What lesson 08 states, held by real builds and real containers."""

from __future__ import annotations

import pytest

from buildlab.bench.evidence import measured
from buildlab.engine import Engine
from buildlab.experiments.small_images import linking, serving, six


def test_each_step_of_the_ladder_is_smaller(lab_engine: Engine) -> None:
    """From one stage to scratch each image is smaller, and the first step saves most."""
    sizes = measured(six.sizes)
    assert sizes.facts["each step of the ladder is smaller than the one before"]
    assert six.largest_step(sizes) == "source, toolchain and caches"
    assert float(sizes.facts["one stage to scratch, times smaller"]) > 10
    assert float(sizes.facts["distroless to scratch, times smaller"]) < 1.3


def test_stripping_takes_more_off_the_compressed_image(lab_engine: Engine) -> None:
    """Debug information is compressed already, so -s -w saves a larger share of a download."""
    facts = measured(six.sizes).facts
    compressed = float(facts["share that -s -w takes off, compressed"])
    assert compressed > float(facts["share that -s -w takes off, unpacked"]) > 0.1


def test_docker_images_prints_one_of_three_sizes(lab_engine: Engine) -> None:
    """The number of `docker images` is explained: with containerd's store it is the sum."""
    facts = measured(six.sizes).facts
    said = six.which_size(facts)
    assert said in {"the unpacked size", "their sum"}
    if lab_engine.kind == "embedded":
        assert said == "their sum"


def test_sizes_have_a_bar_for_each_way_to_count(lab_engine: Engine) -> None:
    """The bars hold each image but the ones left out, counted three times."""
    rows = six.three_sizes(measured(six.sizes).rows, without=("one stage",))
    assert len(rows) == (len(six.IMAGES) - 1) * len(six.SIZES)


WORKS = {
    "one stage": {"certificates", "time zones", "shell"},
    "distroless": {"certificates", "time zones", "unprivileged user"},
    "scratch": set(),
    "scratch, -s -w": set(),
    "scratch, furnished": {"certificates", "time zones", "unprivileged user"},
}


@pytest.mark.parametrize("image", WORKS)
def test_what_is_inside(lab_engine: Engine, image: str) -> None:
    """Each image has what the lesson says, and no more."""
    found = six.works(measured(six.inside), only=(image,))
    assert {check for _, check in found} == WORKS[image]


def test_debian_slim_has_a_shell_and_no_certificates(lab_engine: Engine) -> None:
    """A slim distribution is not what a service needs."""
    facts = measured(six.inside).facts
    assert facts["debian-slim has shell"]
    assert not facts["debian-slim has certificates"]
    assert not facts["debian-slim has unprivileged user"]


def test_a_user_needs_a_number_or_a_passwd_file(lab_engine: Engine) -> None:
    """On scratch USER works by number, and not by name."""
    facts = measured(six.inside).facts
    assert facts["scratch runs as user 65532"]
    assert not facts["scratch runs as user nonroot"]
    assert facts["distroless runs as user nonroot"]
    assert "passwd" in str(facts["scratch as user nonroot, said"])


def test_two_images_pass(lab_engine: Engine) -> None:
    """The answer to the lesson's last question."""
    passing = six.passing(measured(six.inside))
    assert {image for image, _ in passing} == {"distroless", "scratch, furnished"}


def test_go_bundles_no_certificates(lab_engine: Engine) -> None:
    """HTTPS fails on scratch, works with the authority's certificate, fails with others'."""
    facts = measured(serving.calls).facts
    assert not facts["scratch, -s -w, https"]
    assert facts["scratch fails to trust"]
    assert facts["with the authority, https"]
    assert not facts["scratch, furnished, https"]
    assert facts["other certificates fail to trust"]


def test_time_zones_come_with_the_image(lab_engine: Engine) -> None:
    """A zone can be shown only where the image holds the database."""
    facts = measured(serving.calls).facts
    assert not facts["scratch, -s -w, zone"]
    assert not facts["with the authority, zone"]
    assert facts["scratch, furnished, zone"]


def test_health_checks_without_a_shell(lab_engine: Engine) -> None:
    """On scratch only the exec form works; a slim Debian has a shell, but no curl."""
    health = measured(serving.health)
    ways = list(serving.HEALTH)
    assert {way for way, _ in serving.healthy(health)} == {ways[0], ways[2]}
    assert [row["form"] for row in health.rows] == ["CMD", "CMD-SHELL", "CMD-SHELL", "CMD-SHELL"]
    assert "/bin/sh" in str(health.rows[1]["said"])
    assert "curl" in str(health.rows[3]["said"])


def test_static_is_what_uses_no_c(lab_engine: Engine) -> None:
    """With cgo on, a program that imports net doesn't start on scratch; one that doesn't does."""
    linked = measured(linking.linked)
    assert {program for program, _ in linking.starting(linked)} == {"hello-cgo", "probe"}
    assert "no such file" in str(linked.facts["probe-cgo, said"])


def test_a_stripped_program_still_says_where_it_crashed(lab_engine: Engine) -> None:
    """-s -w takes the symbols and leaves the trace; -trimpath takes the build's directory."""
    facts = measured(linking.linked).facts
    for program in linking.TRACES:
        assert facts[f"{program}: the trace has function names"]
        assert facts[f"{program}: the trace has file and line"]
    assert facts["probe-stripped: the trace has the build's directory"]
    assert not facts["probe-trimmed: the trace has the build's directory"]
    assert not facts["-s -w leaves a symbol table"]
    assert float(facts["share that -s -w takes off"]) > 0.2
    assert abs(float(facts["share that -trimpath takes off"])) < 0.05


def test_time_zones_can_be_linked_in(lab_engine: Engine) -> None:
    """-tags timetzdata makes a program independent of the image's zones."""
    facts = measured(linking.linked).facts
    assert not facts["probe knows Asia/Kolkata on scratch"]
    assert facts["probe-zones knows Asia/Kolkata on scratch"]

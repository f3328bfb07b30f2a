"""What an engine can do, read off what is known of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from buildlab.engine.abilities import Kind
from buildlab.engine.docker.remote import near
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.record.engineinfo import EngineInfo


def made(kind: Kind, **known: Any) -> Engine:
    return Engine(kind, EngineInfo(kind), (), (), {}, "default", "session", **known)


def test_a_network_of_its_own_is_entered() -> None:
    """Programs are run inside it; where it is this machine's, as they are."""
    own = made("embedded", netns_pid=7)
    assert own.can.own_network and own.can.reach_us
    assert own.inside("true", "x") == ("nsenter", "--net=/proc/7/ns/net", "--", "true", "x")
    assert made("docker").inside("true", "x") == ("true", "x")


def test_who_reaches_servers_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Docker on a socket here, but not one in a virtual machine, nor one elsewhere."""
    here, elsewhere = made("docker", socket="unix:///run/d"), made("docker", socket="tcp://far:1")
    monkeypatch.setattr(sys, "platform", "linux")
    assert here.can.reach_us and not elsewhere.can.reach_us and not made("remote").can.reach_us
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not here.can.reach_us


@pytest.mark.parametrize(
    ("driver", "node", "here"),
    [
        ("docker-container", {"DriverOpts": {"network": "host"}}, True),
        ("docker-container", {"DriverOpts": None}, False),
        ("kubernetes", {"Endpoint": "kubernetes:///team"}, False),
        ("remote", {"Endpoint": "tcp://127.0.0.1:1234"}, True),
        ("remote", {"Endpoint": "unix:///run/buildkit/buildkitd.sock"}, True),
        ("remote", {"Endpoint": "tcp://127.example.org:1234"}, False),
        ("remote", {"Endpoint": "tcp://localhost.example.org:1234"}, False),
    ],
)
def test_builder_by_name_is_here_where_its_entry_says_so(
    monkeypatch: pytest.MonkeyPatch, driver: str, node: dict[str, Any], here: bool
) -> None:
    """A Docker beside it, for images to be loaded into, says nothing of where it builds."""
    monkeypatch.setattr(sys, "platform", "linux")
    known = near({"Driver": driver, "Nodes": [node]})
    assert made("remote", socket="unix:///run/d", near=known).can.reach_us == here


def test_base_images_are_named_where_they_are() -> None:
    """As an image where the engine keeps them, else as the folder that stands for them."""
    assert made("embedded").base("debian:x") == "docker-image://debian:x"
    layout = {"debian:x": "oci-layout:///home/debian"}
    assert made("docker", build_contexts=layout).base("debian:x") == "oci-layout:///home/debian"
    assert made("docker").base("debian:x") == ""


def test_what_it_lacks_is_said() -> None:
    """With a remedy: BuildKit alone has no API of docker's."""
    assert made("docker", socket="unix:///run/d").docker_api() == "unix:///run/d"
    with pytest.raises(EngineError, match="remote is BuildKit alone: it has no legacy") as told:
        made("remote").docker_api("it has no legacy builder")
    assert told.value.hint


def test_what_empties_it() -> None:
    """An engine of the kit's loses its base images too, which set-up brings back."""
    assert made("embedded").emptied_by == "buildlab engine reset && buildlab setup"
    assert made("docker").emptied_by == "buildlab clean"


def test_its_log_is_known_where_it_is_ours(tmp_path: Path) -> None:
    """Another's log is where they have it."""
    assert made("embedded", state_dir=tmp_path).log == tmp_path / "engine.log"
    assert made("docker").log is None

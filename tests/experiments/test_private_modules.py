"""What lesson 07 states, held by real builds against real servers."""

from __future__ import annotations

import json

import pytest

from buildlab.bench.evidence import measured
from buildlab.bench.runs import Runs
from buildlab.engine import Engine
from buildlab.experiments.private_modules import downloads, fetching
from buildlab.record import store
from buildlab.record.words import record_text


@pytest.fixture(scope="module")
def proxy(lab_engine: Engine) -> Runs:
    return measured(fetching.by_proxy)


@pytest.fixture(scope="module")
def settings(lab_engine: Engine) -> Runs:
    return measured(fetching.go_settings)


@pytest.fixture(scope="module")
def ssh(lab_engine: Engine) -> Runs:
    return measured(fetching.by_ssh)


def causes(runs: Runs) -> dict[str, str]:
    return {str(row["build"]): str(row["cause"]) for row in runs.rows}


def test_the_proxy_wants_all_of_it(proxy: Runs) -> None:
    """Password, port in .netrc and authority are needed; each lack has its own named cause, but
    none and a wrong password have the same."""
    assert causes(proxy)["no credentials"] == downloads.REFUSED
    assert causes(proxy)["wrong password"] == downloads.REFUSED
    assert causes(proxy)["machine without port"] == downloads.REFUSED
    assert causes(proxy)["unknown authority"] == downloads.UNTRUSTED
    assert proxy.facts[".netrc works with the port"]


def test_wrong_credentials_go_unseen(proxy: Runs) -> None:
    """A wrong password after a right one stays cached; a warm module mount needs none at all."""
    assert not proxy.facts["a wrong password after a right one is noticed"]
    assert proxy.facts["a warm module mount needs no credentials"]


def test_required_is_not_fooled_by_a_warm_mount(proxy: Runs) -> None:
    """A missing required secret fails with BuildKit's message, warm mount or not."""
    assert causes(proxy)["required, missing"] == downloads.NO_SECRET
    assert causes(proxy)["program, warm, no credentials"] == downloads.NO_SECRET
    assert not proxy.facts["a warm module mount hides a missing required secret"]


def test_the_program_runs(proxy: Runs) -> None:
    """What was compiled with the private module says what the module says."""
    assert proxy.facts["the program says"] == downloads.TEXT


def test_go_settings(settings: Runs) -> None:
    """GOPRIVATE goes past a proxy; without go.sum the checksum database is asked, but for
    GONOSUMDB; a password in a URL is sent over https only."""
    assert causes(settings) == {
        "GOPRIVATE": downloads.DIRECT,
        "GOPRIVATE, GONOPROXY=none": "",
        "no go.sum": downloads.SUMS,
        "no go.sum, GONOSUMDB": "",
        "password in an https URL": "",
        "password in an http URL": downloads.INSECURE,
    }


def test_ssh_does_not_feed_a_secret_mount(ssh: Runs) -> None:
    """The article's pair, type=secret with --ssh, gives the step no key and downloads nothing."""
    assert not ssh.facts["--ssh fills a secret mount"]
    assert causes(ssh)["secret, --ssh given"] == downloads.UNKNOWN_KEY
    assert ssh.facts["a key in a secret downloads"]
    assert not ssh.facts["a key at the default target downloads"]


def test_an_agent_lends_the_key(ssh: Runs) -> None:
    """With type=ssh the step uses the key and does not see it; with type=secret it sees it."""
    assert ssh.facts["an agent downloads"]
    assert ssh.facts["with an agent the step can use the key"]
    assert not ssh.facts["with an agent the step sees the key"]
    assert ssh.facts["with a secret the step sees the key"]
    assert ssh.facts["--ssh takes a key file"]


def test_missing_agents(ssh: Runs) -> None:
    """Without --ssh the step runs, and its variable names a socket that is not there; required
    fails at once; without an agent docker begins no build."""
    assert ssh.facts["without --ssh the variable is set"]
    assert not ssh.facts["an ssh mount without --ssh fails at once"]
    assert causes(ssh)["no --ssh, required"] == downloads.NO_FORWARD
    assert ssh.facts["--ssh without an agent is named"]


def test_keys_and_the_cache(ssh: Runs) -> None:
    """A key that the server doesn't know fails when cold, and is not noticed when warm."""
    assert causes(ssh)["another key"] == downloads.UNKNOWN_KEY
    assert not ssh.facts["another key after the right one is noticed"]


def test_known_hosts(ssh: Runs) -> None:
    """An unknown server and another server's key stop the build; ssh-keyscan stops nothing."""
    assert causes(ssh)["no known_hosts"] == downloads.UNKNOWN_HOST
    assert causes(ssh)["known_hosts of another server"] == downloads.OTHER_HOST
    assert ssh.facts["ssh-keyscan works without known_hosts"]


def test_no_secret_is_in_a_record(proxy: Runs, settings: Runs, ssh: Runs) -> None:
    """No record holds a password or a key, neither as text nor as JSON."""
    assert proxy.facts["a record of the kit holds the password"] is False
    assert settings.facts["a record of the kit holds the password"] is False
    assert ssh.facts["a record of the kit holds the key"] is False
    for runs in (proxy, settings, ssh):
        for record in runs.records.values():
            for text in (record_text(record), json.dumps(store.to_dict(record))):
                assert "PRIVATE KEY" not in text
                assert " login builder password " not in text, "a line of a .netrc"

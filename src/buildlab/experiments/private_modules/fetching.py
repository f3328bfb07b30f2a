"""A private module: by a proxy with a password and TLS, and from git over ssh with an agent."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.engine import engine
from buildlab.experiments.private_modules import downloads as why
from buildlab.experiments.private_modules.downloads import (
    HOST,
    MODULE,
    TEXT,
    Downloads,
    copied,
    log,
)
from buildlab.record.model import BuildRecord
from buildlab.services.git_server import GitServer, git_server
from buildlab.services.keys import KeyPair, key_pair
from buildlab.services.module_proxy import ModuleProxy, module_proxy
from buildlab.services.ssh_agent import ssh_agent

HERE = Path(__file__).parent
BY_PROXY, BY_SSH = HERE / "by_proxy", HERE / "by_ssh"
NOWHERE = tuple(f"--add-host={name}:127.0.0.1" for name in (HOST, "sum.golang.org"))
"""Names that lead nowhere: who would ask them is told so at once, and nothing leaves here."""


@experiment()
def by_proxy() -> Runs:
    """The module from a proxy that wants a password and has a certificate of an own authority.

    Rows: the build, how its download ended, why it failed. Facts: what works, as statements.
    """
    with _proxy() as (proxy, made):
        known = {"ca": proxy.authority, "netrc": proxy.netrc()}
        wrong = {**known, "netrc": proxy.netrc(password="not-the-password")}
        salt = secrets.token_hex(4)
        made.build("no credentials", "download", ca=proxy.authority)
        made.build("wrong password", "download", **wrong)
        made.build(
            "machine without port",
            "download",
            ca=proxy.authority,
            netrc=proxy.netrc(machine="127.0.0.1"),
        )
        made.build("unknown authority", "download", netrc=proxy.netrc())
        made.build("all of it", "download", salt=salt, **known)
        made.build("then a wrong password", "download", salt=salt, **wrong)
        made.build("required, missing", "required", ca=proxy.authority)
        made.build("module mount, cold", "mounted", **known)
        made.build("module mount, warm, no credentials", "mounted", ca=proxy.authority)
        made.build("program", "program", **known)
        made.build("program, warm, no credentials", "program", ca=proxy.authority)
    return Runs(made.records, _proxy_facts(made), rows=made.rows())


@experiment()
def go_settings() -> Runs:
    """Go's settings for private modules, with the same proxy: what each sends where.

    Rows and facts as in `by_proxy`. The names of the module's host and of the checksum database
    lead nowhere, so a build that would ask them fails and says whom it asked.
    """
    with _proxy() as (proxy, made):
        known = {"ca": proxy.authority, "netrc": proxy.netrc()}
        private, unsummed = f"--build-arg=GOPRIVATE={HOST}", f"--build-arg=GONOSUMDB={HOST}"
        direct = "--build-arg=GONOPROXY=none"
        made.build("GOPRIVATE", "private", *NOWHERE, private, **known)
        made.build("GOPRIVATE, GONOPROXY=none", "private", *NOWHERE, private, direct, **known)
        made.build("no go.sum", "unsummed", *NOWHERE, **known)
        made.build("no go.sum, GONOSUMDB", "unsummed", *NOWHERE, unsummed, **known)
        for scheme in ("https", "http"):
            url = proxy.url_with_password(scheme)
            made.build(f"password in an {scheme} URL", "by-url", ca=proxy.authority, goproxy=url)
    return Runs(made.records, _settings_facts(made), rows=made.rows())


@experiment()
def by_ssh() -> Runs:
    """The module from a git server over ssh, with the key in an agent, in a file, or nowhere.

    Rows and facts as in `by_proxy`.
    """
    ours, foreign = key_pair(), key_pair()
    with (
        _git(ours) as (server, made),
        ssh_agent(ours.private) as agent,
        ssh_agent(foreign.private) as another,
    ):
        hosts, salt = server.known_hosts, secrets.token_hex(4)
        impostor = hosts.replace(server.host_key, foreign.public)
        port = f"--build-arg=GIT_PORT={server.port}"
        made.build("secret, --ssh given", "article", agent.flag, known_hosts=hosts)
        made.build("secret, --secret given", "article", known_hosts=hosts, ssh_key=ours.private)
        made.build("no target", "default-target", known_hosts=hosts, ssh_key=ours.private)
        made.build("agent", "agent", agent.flag, salt=salt, known_hosts=hosts)
        made.build("then another key", "agent", another.flag, salt=salt, known_hosts=hosts)
        made.build("another key", "agent", another.flag, known_hosts=hosts)
        made.build("key file as agent", "agent", made.key_flag(ours.private), known_hosts=hosts)
        made.build("no --ssh", "agent", known_hosts=hosts)
        made.build("no --ssh, required", "required", known_hosts=hosts)
        refused = made.said_without_agent("agent")
        made.build("no known_hosts", "agent", agent.flag)
        made.build("known_hosts of another server", "agent", agent.flag, known_hosts=impostor)
        made.build("ssh-keyscan", "scanned", agent.flag, port)
    return Runs(made.records, _ssh_facts(made, refused), rows=made.rows())


def _proxy_facts(made: Downloads) -> dict[str, Fact]:
    return {
        "a password is needed": made.cause("no credentials") == why.REFUSED,
        "a wrong password fails": made.cause("wrong password") == why.REFUSED,
        ".netrc works without the port": made.ok("machine without port"),
        ".netrc works with the port": made.ok("all of it"),
        "an authority that nobody knows fails": made.cause("unknown authority") == why.UNTRUSTED,
        "a wrong password after a right one is noticed": not made.ok("then a wrong password"),
        "a missing required secret is named": made.cause("required, missing") == why.NO_SECRET,
        "a warm module mount needs no credentials": made.ok("module mount, warm, no credentials"),
        "a warm module mount hides a missing required secret": made.ok(
            "program, warm, no credentials"
        ),
        "a record of the kit holds the password": made.leaked,
        "the program says": TEXT if TEXT in log(made.records["program"]) else "",
    }


def _settings_facts(made: Downloads) -> dict[str, Fact]:
    return {
        "GOPRIVATE goes past the proxy": made.cause("GOPRIVATE") == why.DIRECT,
        "GONOPROXY=none brings it back": made.ok("GOPRIVATE, GONOPROXY=none"),
        "without go.sum the checksum database is asked": made.cause("no go.sum") == why.SUMS,
        "GONOSUMDB spares it": made.ok("no go.sum, GONOSUMDB"),
        "a record of the kit holds the password": made.leaked,
        "Go sends a URL's password over https": made.ok("password in an https URL"),
        "Go sends a URL's password over http": made.ok("password in an http URL"),
    }


def _ssh_facts(made: Downloads, refused: str) -> dict[str, Fact]:
    return {
        "--ssh fills a secret mount": "id_rsa" in log(made.records["secret, --ssh given"]),
        "--ssh with a secret mount downloads": made.ok("secret, --ssh given"),
        "a key in a secret downloads": made.ok("secret, --secret given"),
        "a key at the default target downloads": made.ok("no target"),
        "with a secret the step sees the key": "id_rsa"
        in log(made.records["secret, --secret given"]),
        "an agent downloads": made.ok("agent"),
        "with an agent the step sees the key": "id_rsa" in log(made.records["agent"]),
        "with an agent the step can use the key": "(ED25519)" in log(made.records["agent"]),
        "another key after the right one is noticed": not made.ok("then another key"),
        "a key that the server doesn't know fails": made.cause("another key") == why.UNKNOWN_KEY,
        "--ssh takes a key file": made.ok("key file as agent"),
        "without --ssh the variable is set": "socket: /" in log(made.records["no --ssh"]),
        "an ssh mount without --ssh fails at once": made.cause("no --ssh") == why.NO_FORWARD,
        "required=true fails at once": made.cause("no --ssh, required") == why.NO_FORWARD,
        "--ssh without an agent is named": why.NO_AGENT in refused,
        "a server that nobody knows fails": made.cause("no known_hosts") == why.UNKNOWN_HOST,
        "another server's key fails": made.cause("known_hosts of another server") == why.OTHER_HOST,
        "a record of the kit holds the key": made.leaked,
        "ssh-keyscan works without known_hosts": made.ok("ssh-keyscan"),
    }


@contextmanager
def _proxy() -> Iterator[tuple[ModuleProxy, Downloads]]:
    with engine() as lab, module_proxy(lab, MODULE) as proxy, copied(BY_PROXY) as (tree, outside):
        flags = (f"--build-arg=PROXY={proxy.url}", *proxy.flags)
        yield proxy, Downloads(tree, outside, lab, flags, proxy.password)


@contextmanager
def _git(known: KeyPair) -> Iterator[tuple[GitServer, Downloads]]:
    with (
        engine() as lab,
        git_server(lab, known.public, MODULE) as server,
        copied(BY_SSH) as (tree, outside),
    ):
        flags = (f"--build-arg=GIT_URL={server.url}", *server.flags)
        yield server, Downloads(tree, outside, lab, flags, known.private)


def dockerfile(*stages: str, ssh: bool = False) -> str:
    """These stages of the recipe for the proxy, or for ssh; all of them where none is named."""
    text = ((BY_SSH if ssh else BY_PROXY) / "Dockerfile").read_text()
    parts = text.rstrip("\n").split("\n\n")
    return "\n\n".join(p for p in parts if not stages or p.split()[3] in stages) + "\n"


def said(record: BuildRecord) -> str:
    """What the last step of a build printed."""
    return log(record)

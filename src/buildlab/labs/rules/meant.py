"""Rules of what a build was meant to do beyond a program: check health, use what it gets."""

from __future__ import annotations

import hashlib

from buildlab.artifact import container
from buildlab.errors import TimedOut
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable
from buildlab.services.keys import key_pair
from buildlab.services.ssh_agent import ssh_agent

MARK = 16
_HEALTH_S = 20.0


@rule
def becomes_healthy(trial: Trial) -> Seen:
    """A container of the image has a health check, and that succeeds.

    Facts: `health` ("healthy", "unhealthy", "none", or "undecided").
    """
    made = trial.built(image=True)
    with container.running(trial.engine, made.ref) as running:
        try:
            health = running.health(_HEALTH_S)
        except TimedOut:
            return Seen(False, "the health check never decided", {"health": "undecided"})
    text = f"the container is {health.status}" + (f": {health.output}" if health.output else "")
    if health.status == "none":
        text = "the image has no health check"
    return Seen(health.status == "healthy", text, {"health": health.status})


@rule
def marked_by_secret(trial: Trial, *, secret: str, words: tuple[str, ...] = ()) -> Seen:
    """The image's program says the first 16 digits of the SHA-256 of the secret of this check.

    Facts: `exit code`, `said` (its last line), `found`.
    """
    wanted = hashlib.sha256(trial.fresh[secret].encode()).hexdigest()[:MARK]
    return _says(trial, wanted, words, f"the mark of the key that the build was given: {wanted}")


@rule
def tells_agents_key(trial: Trial, *, words: tuple[str, ...] = ()) -> Seen:
    """The image's program says the public key that the ssh agent of this check holds.

    Facts: `exit code`, `said` (its last line), `found`.
    """
    pair = key_pair()
    with ssh_agent(pair.private) as agent:
        if not agent.fingerprints():
            raise Ungradable("the agent of this check holds no key", "try again: ssh-add -V")
        trial.built(image=True, flags=(agent.flag,))
    wanted = pair.public.split()[1]
    return _says(trial, wanted, words, "the public key in the agent", (agent.flag,))


def _says(
    trial: Trial, wanted: str, words: tuple[str, ...], what: str, flags: tuple[str, ...] = ()
) -> Seen:
    ran = container.run(trial.engine, trial.built(image=True, flags=flags).ref, *words)
    last = ran.output.splitlines()[-1] if ran.output else ""
    found = wanted in ran.output
    facts: dict[str, Fact] = {"exit code": ran.exit_code, "said": last, "found": found}
    said = f"the program says {last!r}" + ("" if ran.ok else f" and ends with {ran.exit_code}")
    return Seen(ran.ok and found, said if ran.ok and found else f"{said}, not {what}", facts)

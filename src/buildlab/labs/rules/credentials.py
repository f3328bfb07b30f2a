"""Rules of private modules: how one was fetched, with which credentials, and who was asked."""

from __future__ import annotations

from buildlab.labs.model import Fact
from buildlab.labs.private import HOST, PATH, Private
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable, error_text

_CAUSES = ("401", "unauthorized", "permission denied", "denied", "authentication", "could not read")


@rule
def fetched_privately(trial: Trial) -> Seen:
    """In the first build, with cold mounts, the private module comes from one of the servers of
    this check, whose own log says so.

    Facts: `way` ("proxy", "ssh", "" for neither).
    """
    private = _private(trial)
    trial.built()
    way = private.fetched()
    if not way:
        return Seen(False, f"nobody fetched {PATH} with credentials of this check", {"way": ""})
    told = "from the proxy with the password" if way == "proxy" else "by git with the agent's key"
    return Seen(True, f"{PATH} was fetched {told}", {"way": way})


@rule
def wrong_credentials_fail(trial: Trial) -> Seen:
    """With a wrong password and an unknown key, and nothing cached, the build fails and its log
    says which module or which refusal it was.

    Facts: `built` (true where it builds all the same), `told` (whether the cause is named).
    """
    private = _private(trial)
    trial.built()
    with trial.handed.credentials(private.wrong_flags):
        made = trial.again(flags=("--no-cache",), title="with wrong credentials", fails=True)
    said = (made.record.output + error_text(made.record)).lower()
    told = HOST in said or any(cause in said for cause in _CAUSES)
    facts: dict[str, Fact] = {"built": made.record.ok, "told": told}
    if made.record.ok:
        text = "with a wrong password and an unknown key, and nothing cached, it builds"
        return Seen(False, text, facts)
    first = error_text(made.record).splitlines()[0]
    if not told:
        return Seen(False, f"with wrong credentials it fails and doesn't say why: {first}", facts)
    return Seen(True, f"with wrong credentials: {first}", facts)


@rule
def asks_elsewhere_for_public(trial: Trial, *, modules: tuple[str, ...]) -> Seen:
    """The private host is never asked for a public module, and these public ones are fetched.

    What it was asked is in its own log. Facts: `asked` (how often it was asked for one), `first`
    (the first such path), `fetched` (how many of the public ones were fetched at all).
    """
    private = _private(trial)
    fetched = [f for f in trial.built().told.fetched if f.partition("@")[0] in modules]
    paths = [line.split()[1] for line in private.asked() if len(line.split()) > 1]
    astray = [path for path in paths if not path.startswith(f"/{HOST}/")]
    facts: dict[str, Fact] = {
        "asked": len(astray),
        "first": astray[0] if astray else "",
        "fetched": len(fetched),
    }
    if astray:
        return Seen(False, f"the private host was asked for {astray[0]}", facts)
    if not fetched:
        return Seen(False, f"nobody fetched {' or '.join(modules)}", facts)
    return Seen(True, f"the private host was asked for nothing but {PATH}", facts)


def _private(trial: Trial) -> Private:
    if trial.handed.private is None:
        raise Ungradable("this lab has no private module", 'gives = ["private modules"]')
    return trial.handed.private

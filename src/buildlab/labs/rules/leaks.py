"""Rules of secrets: where they are found after a build, and that the build had them."""

from __future__ import annotations

import secrets as random

from buildlab.artifact import container
from buildlab.errors import UsageError
from buildlab.labs.hunting import PLACES, hunted
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, error_text


@rule
def not_found(trial: Trial, *, places: tuple[str, ...], secret: str = "") -> Seen:
    """After a build with nothing cached, none of these places holds the secret ("": any of them).

    Places: layers, history, config, provenance min, provenance max, exported cache, log, cache
    mount. A token that was left in each of them on purpose is found. Facts: `places` (how many
    hold it), `first` (the first that does), `where` (in it).
    """
    if unknown := [place for place in places if place not in PLACES]:
        raise UsageError(f"no place is called {unknown[0]!r}", f"one of: {', '.join(PLACES)}")
    found = hunted(trial)
    holding: dict[str, str] = {}
    for place in places:
        for name, where in found[place].items():
            if name != "planted" and secret in ("", name):
                holding.setdefault(place, where or place)
    first = next(iter(holding), "")
    facts: dict[str, Fact] = {
        "places": len(holding),
        "first": first,
        "where": holding.get(first, ""),
    }
    if holding:
        told = "; ".join(f"{p} ({w})" if w != p else p for p, w in holding.items())
        return Seen(False, f"the secret is found in: {told}", facts)
    return Seen(True, f"the secret is not found in: {', '.join(places)}", facts)


@rule
def uses_secret(
    trial: Trial, *, secret: str, contains: str = "", words: tuple[str, ...] = ()
) -> Seen:
    """The build needs the right secret: with another one and nothing cached it fails, and the
    program, run with these words, says what only the right one gives.

    Facts: `said` (the program's last line), `found`, `built` (true where it builds with a wrong
    one).
    """
    made = trial.built(image=True)
    wanted = trial.handed.fill(contains)
    ran = container.run(trial.engine, made.ref, *words)
    said = ran.output.splitlines()[-1] if ran.output else ""
    facts: dict[str, Fact] = {"said": said, "found": ran.ok and wanted in ran.output}
    if not facts["found"]:
        ended = "" if ran.ok else f" and ends with {ran.exit_code}"
        text = f"the program says {said!r}{ended}: it wasn't built with the secret"
        return Seen(False, text, facts)
    with trial.handed.others(trial.tree, {secret: f"tok-{random.token_hex(16)}"}):
        wrong = trial.again(flags=("--no-cache",), title="with a wrong secret", fails=True)
    facts["built"] = wrong.record.ok
    if wrong.record.ok:
        return Seen(False, "with a wrong secret and nothing cached it builds all the same", facts)
    return Seen(True, f"with a wrong secret: {error_text(wrong.record).splitlines()[0]}", facts)

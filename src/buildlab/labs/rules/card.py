"""Rules of a whole release: no secret in what is shipped, and what each fault cost, as a card."""

from __future__ import annotations

from buildlab.artifact import image, saved
from buildlab.artifact.hunt import Hunt
from buildlab.engine.images import GOLANG
from buildlab.engine.images.model import DEBIAN, STATIC
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.phrases import format_bytes

_CONTROL = "control"
_CONFIGURED = "architecture"
"""What every configuration holds, however it is packed."""


@rule
def kept_out_of_image(trial: Trial, *, secret: str) -> Seen:
    """The secret of this check is in no layer that the answer made, nor in history or
    configuration. The same search has to find a word that every configuration holds.

    Facts: `where` ("" where it is in none), `layers` (how many were searched).
    """
    made = trial.built(image=True)
    bases = (trial.go_image, GOLANG, DEBIAN, STATIC)
    hunt = Hunt({secret: trial.fresh[secret], _CONTROL: _CONFIGURED})
    where, searched, control = "", 0, False
    for name, data in saved.parts(trial.engine, made.ref, besides=bases):
        found = hunt.in_bytes(data, name)
        where = where or found.get(secret, "")
        searched += name.startswith("layer")
        control = control or _CONTROL in found
    if not control:
        raise Ungradable("the search of the image misses what is there for certain", "try again")
    facts: dict[str, Fact] = {"where": where, "layers": searched}
    text = f"the secret is in the image: {where}" if where else "the image holds no secret"
    return Seen(not where, text, facts)


@rule
def report_card(trial: Trial, *, edits: tuple[str, ...], share: float) -> Seen:
    """All these edits together compile and fetch less than that share of what they did as given.

    What each of them and the image cost then and now is told. Facts: for each edit
    `EDIT as given` and `EDIT now` (packages compiled, modules fetched), and
    `image_bytes as given`, `image_bytes now`.
    """
    given = trial.as_given()
    facts: dict[str, Fact] = {}
    told, totals = [], [0, 0]
    for edit in edits:
        before, now = (t.built(edit).told for t in (given, trial))
        counts = [len(t.packages) + len(t.fetched) for t in (before, now)]
        facts |= {f"{edit} as given": counts[0], f"{edit} now": counts[1]}
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        told.append(f"{edit}: {counts[0]} → {counts[1]} packages and modules")
    sizes = [image.read(t.engine, t.built(image=True).ref).unpacked_bytes for t in (given, trial)]
    facts |= {"image_bytes as given": sizes[0], "image_bytes now": sizes[1]}
    told.append(f"image: {format_bytes(sizes[0])} → {format_bytes(sizes[1])}")
    return Seen(totals[1] < totals[0] * share, "; ".join(told), facts)

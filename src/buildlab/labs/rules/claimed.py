"""Rules of a learner's own claim: a file that names two of their Dockerfiles and an edit.

The experiment is data: `experiment = "compare"`, with the names of a subject, of a control and of
an edit of the lab as arguments. Both are built, edited and built again, and the claim's conditions
are judged as those of the ledger are. Nothing of the learner's is run outside of builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from buildlab import loading
from buildlab.claims.judging import judge
from buildlab.claims.model import Claim, Judged, Verdict
from buildlab.claims.reading import read_file
from buildlab.errors import UsageError
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import NotBuilt, Trial
from buildlab.record.phrases import count
from buildlab.record.steps import State

EXPERIMENT: Final = "compare"
FILE: Final = "claim.toml"


@dataclass(frozen=True, slots=True)
class Compared:
    """The arguments of a comparison: two Dockerfiles beside the claim, and an edit of the lab."""

    subject: str
    control: str
    edit: str


@rule
def claim_reads(trial: Trial) -> Seen:
    """The claim can be read, and names two Dockerfiles that build, and an edit of the lab.

    Facts: `read`, `built`.
    """
    try:
        claim, compared = _claim(trial)
    except UsageError as fault:
        text = f"{fault.message}; {fault.hint}" if fault.hint else fault.message
        return Seen(False, text, {"read": False, "built": False})
    for file in (compared.subject, compared.control):
        try:
            _built_facts(trial, file, compared.edit)
        except (NotBuilt, UsageError) as fault:
            text = f"{file}: {fault.message}\n{fault.hint}"
            return Seen(False, text, {"read": True, "built": False})
    return Seen(True, f"it says: {claim.says}", {"read": True, "built": True})


@rule
def claim_verdict(trial: Trial, *, is_: Literal["holds", "holds if", "fails"]) -> Seen:
    """What measuring says of the claim is this verdict, and the claim expects it.

    Facts: `verdict`, `expected`.
    """
    claim, compared = _asked(trial)
    judged = _judged(trial, claim, compared.subject, compared)
    verdict, expected = judged.verdict.value, claim.expected.value
    facts: dict[str, Fact] = {"verdict": verdict, "expected": expected}
    text = f"measuring says that it {judged.verdict_text} ({judged.evidence_text})"
    if verdict != is_:
        return Seen(False, text, facts)
    return Seen(expected == verdict, f"{text}; the file expects: {expected}", facts)


@rule
def claim_has_control(trial: Trial) -> Seen:
    """With the control in the subject's place the verdict is another one.

    Facts: `verdict` (of the subject), `control` (with the control in its place).
    """
    claim, compared = _asked(trial)
    verdict = _judged(trial, claim, compared.subject, compared).verdict
    other = _judged(trial, claim, compared.control, compared).verdict
    facts: dict[str, Fact] = {"verdict": verdict.value, "control": other.value}
    text = f"of the subject it {verdict}, with the control in its place it {other}"
    return Seen(verdict is not other and other is not Verdict.NOT_MEASURED, text, facts)


@rule
def claim_turns(trial: Trial, *, edit: str, planted: dict[str, str]) -> Seen:
    """With Dockerfiles of the lab's own in the subject's place the verdict is the one that each is
    known to have, and the claim is about this edit.

    `planted`: verdict → Dockerfile. Facts: `edit` (whether it is about that edit), `turned` (how
    many came out as they should), `of`.
    """
    claim, compared = _asked(trial)
    found: dict[str, str] = {}
    for number, (wanted, text) in enumerate(planted.items()):
        name = f"planted-{number}.Dockerfile"
        trial.tree.write(name, text)
        trial.tree.checkpoint()
        found[wanted] = _judged(trial, claim, name, compared).verdict.value
    turned = sum(wanted == seen for wanted, seen in found.items())
    facts: dict[str, Fact] = {
        "edit": compared.edit == edit,
        "turned": turned,
        "of": len(found),
    }
    if compared.edit != edit:
        return Seen(False, f"the claim tries {compared.edit}, and speaks of {edit}", facts)
    wrong = [f"{seen} where it should be {wanted}" for wanted, seen in found.items()]
    wrong = [text for text, (w, s) in zip(wrong, found.items(), strict=True) if w != s]
    if wrong:
        return Seen(False, f"of a Dockerfile planted in the subject's place: {wrong[0]}", facts)
    return Seen(True, f"{count(turned, 'Dockerfile')} planted in its place turned it", facts)


@rule
def claim_is_about(trial: Trial, *, copies: int) -> Seen:
    """The subject takes the source in that many steps at least. Facts: `copies`."""
    _, compared = _asked(trial)
    with trial.about(compared.subject):
        work = trial.built().record.work
    found = sum(s.reads_context and s.cacheable for s in work)
    text = f"{count(found, 'step')} of {compared.subject} read the context, {copies} asked for"
    return Seen(found >= copies, text, {"copies": found})


def _claim(trial: Trial) -> tuple[Claim, Compared]:
    """The claim, and what it compares. Raises UsageError that says what to write."""
    claim = read_file(trial.tree.path / FILE, trial.tree.path, own=(EXPERIMENT,))
    if claim.experiment != EXPERIMENT:
        raise UsageError(
            f"{FILE} names the experiment {claim.experiment!r}",
            f'here it is experiment = "{EXPERIMENT}", with [arguments] subject, control and edit',
        )
    try:
        compared = loading.from_data(Compared, claim.arguments or {})
    except loading.Damaged as fault:
        raise UsageError(
            f"{FILE}: arguments: {fault}", "write subject, control and edit, each a text"
        ) from fault
    for name in (compared.subject, compared.control):
        if not (trial.tree.path / name).is_file():
            raise UsageError(f"{FILE} names {name}, and there is no such file", f"write {name}")
    if compared.edit not in trial.lab.edits:
        raise UsageError(
            f"the lab has no edit {compared.edit!r}", f"one of: {', '.join(trial.lab.edits)}"
        )
    return claim, compared


def _asked(trial: Trial) -> tuple[Claim, Compared]:
    """As `_claim`, for rules that need what `claim_reads` asks for. Raises NotBuilt."""
    try:
        return _claim(trial)
    except UsageError as fault:
        raise NotBuilt(f"there is no claim to judge: {fault.message}", fault.hint) from fault


def _judged(trial: Trial, claim: Claim, subject: str, compared: Compared) -> Judged:
    """The claim, with this Dockerfile as its subject. Raises NotBuilt."""
    facts: dict[str, Fact] = {}
    for name, file in {"subject": subject, "control": compared.control}.items():
        facts |= {f"{name}: {k}": v for k, v in _built_facts(trial, file, compared.edit).items()}
    judged = judge(claim, facts)
    if judged.error:
        raise NotBuilt("the claim can't be judged", judged.error)
    return judged


def _built_facts(trial: Trial, file: str, edit: str) -> Mapping[str, Fact]:
    """What a build after the edit did. Raises NotBuilt."""
    with trial.about(file):
        made = trial.built(edit)
    states = list(made.record.states().values())
    return {
        "compiled": len(made.told.packages),
        "fetched": len(made.told.fetched),
        "steps that ran": states.count(State.RAN),
        "steps cached": states.count(State.CACHED),
        "context_bytes": made.record.context_bytes,
    }

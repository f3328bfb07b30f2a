"""Rules of what comes out: what the program says, what the image is labelled, weighs and holds."""

from __future__ import annotations

from buildlab.artifact import container, image
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial
from buildlab.record import flags
from buildlab.record.phrases import format_bytes


@rule
def prints(
    trial: Trial,
    *,
    contains: str = "",
    edit: str = "",
    argument: str = "",
    words: tuple[str, ...] = (),
) -> Seen:
    """The image's program, run with these words, prints this text (or the value that the edit
    gives to this build argument).

    Facts: `exit code`, `said` (its last line), `found`, `loads` (false where the kernel or the
    loader refuses the program: it is there, what it needs isn't).
    """
    made = trial.built(*([edit] if edit else []), image=True)
    wanted = contains or _value(made.record.command, argument)
    ran = container.run(trial.engine, made.ref, *words)
    last = ran.output.splitlines()[-1] if ran.output else ""
    found = bool(wanted) and wanted in ran.output
    facts: dict[str, Fact] = {"exit code": ran.exit_code, "said": last, "found": found}
    facts["loads"] = not last.startswith("exec ")
    if ran.ok and found:
        return Seen(True, f"the program says {last!r}", facts)
    ended = "" if ran.ok else f" and ends with {ran.exit_code}"
    return Seen(False, f"the program says {last!r}{ended}; it should say {wanted!r}", facts)


@rule
def labelled(
    trial: Trial, *, label: str, value: str = "", edit: str = "", argument: str = ""
) -> Seen:
    """The image carries this label, with this value, or with that of a build argument.

    Facts: `label`, "" where there is none.
    """
    made = trial.built(*([edit] if edit else []), image=True)
    wanted = value or _value(made.record.command, argument)
    has = str((image.read(trial.engine, made.ref).config.get("Labels") or {}).get(label, ""))
    text = f"{label} is {has!r}" if has else f"the image has no label {label}"
    return Seen(bool(wanted) and has == wanted, f"{text}; asked for: {wanted!r}", {"label": has})


@rule
def image_under(trial: Trial, *, size_bytes: int) -> Seen:
    """The image's unpacked files take less than that. Facts: `image_bytes`."""
    made = trial.built(image=True)
    size = image.read(trial.engine, made.ref).unpacked_bytes
    text = f"{format_bytes(size)} unpacked, at most {format_bytes(size_bytes)} asked for"
    return Seen(size <= size_bytes, text, {"image_bytes": size})


@rule
def runs_as_non_root(trial: Trial) -> Seen:
    """The image's user is a number other than 0. Facts: `user`, `numeric`."""
    made = trial.built(image=True)
    user = image.read(trial.engine, made.ref).user
    name = user.partition(":")[0]
    numeric = name.isdigit()
    facts: dict[str, Fact] = {"user": user, "numeric": numeric}
    text = f"the image runs as {user!r}" if user else "the image says no user, so it runs as root"
    return Seen(numeric and int(name) > 0, text, facts)


def _value(command: tuple[str, ...], argument: str) -> str:
    """The value of a build argument, as the build had it last."""
    given = (value.partition("=") for value in flags.values(command, "--build-arg"))
    return {name: value for name, _, value in given}.get(argument, "")

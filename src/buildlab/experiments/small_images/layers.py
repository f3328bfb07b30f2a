"""For the ledger: what instructions leave in an image, read off layers and configuration."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from buildlab.artifact import image, oci
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.engine.model import Engine
from buildlab.experiments.programs import program
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

BASE = "FROM debian:trixie-slim"
BALLAST = 5_000_000


@dataclass
class Trial:
    """Images of Dockerfiles that are written on the spot."""

    lab: Engine
    tree: Workspace
    records: dict[str, BuildRecord] = field(default_factory=dict)

    def image(self, title: str, *lines: str) -> BuildRecord:
        self.tree.write("Dockerfile", "\n".join([*lines, ""]))
        record = build(self.tree, title=title, engine=self.lab).require_ok()
        self.records[title] = record
        return record

    def ref(self, title: str) -> str:
        return tag(title, self.lab.session)

    def config(self, title: str) -> str:
        return str(dict(image.read(self.lab, self.ref(title)).config))


@experiment(uses=("programs/small",))
def contents() -> Runs:
    """Layers, removed files, ENV that is unset, users without a name, linked copies.

    Facts: counts of layers, bytes, and whether a marker is found in the image's configuration.
    """
    with engine() as lab, workspace(program("small")) as tree:
        tree.write("salt", secrets.token_hex(8))
        tree.write("ballast", secrets.token_bytes(BALLAST))
        trial = Trial(lab, tree)
        parts = (_layers, _removed, _environment, _users, _linked, _cached)
        facts = {name: value for part in parts for name, value in part(trial).items()}
    return Runs(trial.records, facts)


def _layers(trial: Trial) -> dict[str, Fact]:
    base = len(trial.image("base only", BASE).layers)
    made = trial.image(
        "ten instructions", BASE, "ENV A=1", "LABEL b=2", "EXPOSE 8080", "WORKDIR /new",
        "COPY salt /salt", "RUN touch /touched", "USER 65532", 'ENTRYPOINT ["/a"]', 'CMD ["b"]',
    )  # fmt: skip
    plain = trial.image("without WORKDIR", BASE, "COPY salt /salt", "RUN touch /touched")
    return {
        "instructions after FROM": 9,
        "layers that they made": len(made.layers) - base,
        "layers of COPY and RUN": len(plain.layers) - base,
        "WORKDIR makes a layer": len(made.layers) > len(plain.layers),
        "ENV, LABEL, EXPOSE, USER, ENTRYPOINT, CMD make a layer": len(made.layers) - base > 3,
    }


def _removed(trial: Trial) -> dict[str, Fact]:
    bare = trial.image("without the file", BASE, "COPY salt /salt").image_size_bytes or 0
    kept = trial.image("file removed later", BASE, "COPY salt ballast /", "RUN rm /ballast")
    trial.tree.write("one-step", "")
    once = trial.image(
        "file removed in its step",
        BASE,
        "COPY salt /salt",
        "RUN --mount=type=bind,target=/context cp /context/ballast / && rm /ballast",
    )
    above = trial.image("image on top of it", f"FROM {trial.ref('file removed later')}", "ENV X=1")
    carried = {layer.digest for layer in kept.layers} <= {layer.digest for layer in above.layers}
    return {
        "the image carries a file that a later step removed": (kept.image_size_bytes or 0) - bare
        > BALLAST // 2,
        "the image carries a file that its own step removed": (once.image_size_bytes or 0) - bare
        > BALLAST // 2,
        "an image on top has all layers of its base": carried,
    }


def _environment(trial: Trial) -> dict[str, Fact]:
    values = {name: secrets.token_hex(12) for name in ("ENV", "file", "default")}
    trial.tree.write("secret.txt", values["file"])
    trial.image(
        "values inside",
        BASE,
        f"ENV TOKEN={values['ENV']}",
        "RUN unset TOKEN && true",
        "COPY secret.txt /",
        "RUN rm /secret.txt",
    )
    found = trial.config("values inside")
    return {
        "docker image inspect shows a value of ENV": values["ENV"] in found,
        "an ENV that a RUN unsets is gone from the image": values["ENV"] not in found,
        "docker image inspect shows a copied secret": values["file"] in found,
    }


def _users(trial: Trial) -> dict[str, Fact]:
    number = secrets.randbelow(50_000) + 10_000
    record = trial.image("user without a name", BASE, f"USER {number}:{number}", "RUN id -u")
    said = record.output
    trial.image(
        "user on scratch",
        "FROM scratch",
        "ARG USER_ID=10001",
        "COPY salt /salt",
        "USER ${USER_ID}:${USER_ID}",
    )
    return {
        "a number that /etc/passwd lacks can be USER": str(number) in said,
        "USER from an ARG on scratch is": image.read(trial.lab, trial.ref("user on scratch")).user,
    }


def _linked(trial: Trial) -> dict[str, Fact]:
    """A step above a COPY is invalidated: is the COPY cached, with and without --link?"""
    ran = {}
    for name, flag in (("COPY", ""), ("COPY --link", "--link ")):
        for salt in (secrets.token_hex(4), secrets.token_hex(4)):
            lines = (BASE, f"RUN : {salt}; date > /stamp", f"COPY {flag}ballast /{name[-4:]}")
            record = trial.image(f"{name} below a step", *lines)
        ran[name] = next(s for s in record.steps if "ballast" in s.instruction).state
    return {
        "below a step that ran, COPY ran": ran["COPY"] is State.RAN,
        "below a step that ran, COPY --link ran": ran["COPY --link"] is State.RAN,
    }


def _cached(trial: Trial) -> dict[str, Fact]:
    """The same image built with a full cache and with none."""
    # Times in a layer are whole seconds: within one second two builds would give the same bytes.
    lines = (BASE, "COPY salt ballast /", "RUN sleep 1 && touch /made")
    first = trial.image("cold", *lines)
    warm = trial.image("warm", *lines)
    trial.tree.write("Dockerfile", "\n".join([*lines, ""]))
    cold = build(trial.tree, "--no-cache", title="no cache", engine=trial.lab).require_ok()
    trial.records["no cache"] = cold
    digests = [[layer.digest for layer in r.layers] for r in (first, warm, cold)]
    sizes = [sum(layer.size_bytes for layer in r.layers) for r in (warm, cold)]
    dated, rewritten = _same_twice(trial, "", ",rewrite-timestamp=true")
    return {
        "bytes of the image, all cached / none cached": round(sizes[0] / sizes[1], 3),
        "all cached, the image has the same layers": digests[1] == digests[0],
        "with --no-cache, the image has the same layers": digests[2] == digests[0],
        "with SOURCE_DATE_EPOCH, it has the same layers": dated,
        "with rewrite-timestamp, too, it has the same layers": rewritten,
    }


def _same_twice(trial: Trial, *outputs: str) -> list[bool]:
    """Whether two builds with a fixed date, all steps run, give the same layers: by output."""
    made = []
    for number in ("first", "second"):
        beside = trial.tree.path.parent
        files = [beside / f"{trial.tree.path.name}-{n}.tar" for n, _ in enumerate(outputs)]
        title = f"{number} with a fixed date"
        trial.records[title] = build(
            trial.tree,
            "--no-cache",
            "--build-arg=SOURCE_DATE_EPOCH=1700000000",
            *(f"--output=type=oci,dest={f}{o}" for f, o in zip(files, outputs, strict=True)),
            title=title,
            engine=trial.lab,
        ).require_ok()
        made.append([oci.read(file).layers for file in files])
        for file in files:
            file.unlink()
    return [a == b for a, b in zip(*made, strict=True)]

"""What a secret mount does where its secret is missing, changed, or read by another user."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

HERE = Path(__file__).parent
RECIPE = HERE / "rules"


def rules_dockerfile() -> str:
    """The Dockerfile: one stage per question."""
    return (RECIPE / "Dockerfile").read_text()


class _Asked:
    """Builds stages of the recipe, each with a secret of its own value or with none."""

    def __init__(self, tree: Workspace, outside: Path) -> None:
        self._tree, self._outside = tree, outside
        self.records: dict[str, BuildRecord] = {}
        self.values: dict[str, str] = {}

    def build(self, title: str, target: str, salt: str, secret: str = "", *flags: str) -> None:
        """One build; `secret` names the value, "" gives none."""
        if secret:
            value = self.values.setdefault(secret, secrets.token_hex(16))
            path = self._outside / secret
            path.write_text(value)
            flags = (*flags, f"--secret=id=token,src={path}")
        self.records[title] = build(
            self._tree,
            f"--target={target}",
            f"--build-arg=SALT={salt}",
            *flags,
            title=title,
            output="cache",
            mask=tuple(self.values.values()),
        )

    def state(self, title: str) -> State:
        """How the step that asks for the secret ended."""
        return self.records[title].steps[-1].state

    def saw(self, title: str, secret: str) -> bool:
        """Whether the step printed the digest of this secret's value."""
        wanted = hashlib.sha256(self.values[secret].encode()).hexdigest()
        return wanted in self.records[title].steps[-1].output


@experiment()
def secret_rules() -> Runs:
    """Each rule by a build of its own, on a salt that no build had before.

    Rows: the build, the state of the step that asks for the secret, what the step saw. Facts: the
    rules as statements, and `message` for what BuildKit says of a secret that is missing.
    """
    salts = [secrets.token_hex(8) for _ in range(3)]
    with (
        workspace(RECIPE) as tree,
        tempfile.TemporaryDirectory(prefix="buildlab-") as outside,
    ):
        asked = _Asked(tree, Path(outside))
        asked.build("first secret", "optional", salts[0], "one")
        asked.build("another secret", "optional", salts[0], "two")
        asked.build("no secret, warm", "optional", salts[0])
        asked.build("no secret, cold", "optional", salts[1])
        asked.build("no secret, required", "required", salts[2])
        asked.build("required, given", "required", salts[0], "one")
        asked.build("required, missing, warm", "required", salts[0])
        asked.build("version 1", "versioned", salts[0], "one", "--build-arg=TOKEN_VERSION=1")
        asked.build("version 2", "versioned", salts[0], "two", "--build-arg=TOKEN_VERSION=2")
        asked.build("other user", "other-user", salts[0], "one")
        asked.build("owned by the user", "owned", salts[0], "one")
    failed = asked.records["no secret, required"]
    facts: dict[str, Fact] = {
        "a changed secret runs the step": asked.state("another secret") is State.RAN,
        "a secret that is no longer given runs the step": asked.state("no secret, warm")
        is State.RAN,
        "a missing secret fails the build": not asked.records["no secret, cold"].ok,
        "a missing required secret fails the build": not failed.ok,
        "the steps above a missing required secret ran": failed.steps[-2].state is State.RAN,
        "its command started": bool(failed.steps[-1].output),
        "message": failed.failure.message if failed.failure else "",
        "a missing required secret fails a warm build": not asked.records[
            "required, missing, warm"
        ].ok,
        "a version argument runs the step": asked.state("version 2") is State.RAN
        and asked.saw("version 2", "two"),
        "another user reads the secret": asked.records["other user"].ok,
        "another user reads it with uid=": asked.saw("owned by the user", "one"),
    }
    return Runs(asked.records, facts, rows=tuple(_row(asked, name) for name in asked.records))


def _row(asked: _Asked, title: str) -> Row:
    record = asked.records[title]
    seen = next((f"secret {name}" for name in asked.values if asked.saw(title, name)), "")
    absent = "no file" if "absent" in record.steps[-1].output else ""
    return {
        "build": title,
        "step": asked.state(title).value,
        "the step saw": seen or absent or "–",
    }

"""A vulnerability scan of an image, where a scanner is installed."""

from __future__ import annotations

from buildlab.artifact import scanner
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Runs
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.workspace import workspace
from buildlab.engine import engine
from buildlab.errors import EngineError
from buildlab.experiments.reproducible.attested import FOLDER

TITLE = "scanned"


@experiment()
def trivy() -> Runs:
    """Trivy on an image of the kit's, or why not. Facts: the command, and what came of it."""
    with engine() as lab, workspace(FOLDER) as tree:
        record = build(tree, "--target=debian", title=TITLE, engine=lab).require_ok()
        ref = tag(TITLE, lab.session)
        facts: dict[str, Fact] = {"the command": " ".join(scanner.command(ref))}
        try:
            seen = scanner.scan(lab, ref)
            facts["kinds of package that it knows here"] = ", ".join(seen.kinds)
            facts |= {f"found, {name.lower()}": n for name, n in seen.severities.items()}
        except EngineError as fault:
            facts["not run"] = f"{fault.message}; {fault.hint}"
    return Runs({TITLE: record}, facts)

"""The claims ledger: sentences of articles and documentation, settled by measurements.

ledger = claims.run()                   every claim, each experiment once
ledger = claims.run("buildkit-with-go") those of one source
claims.read()                           the claims as they are in claims/
"""

from buildlab.claims.model import Claim, Judged, Source, Verdict
from buildlab.claims.own import QUIZ, template, try_out
from buildlab.claims.reading import folder, read, read_file, select
from buildlab.claims.running import Ledger, judging, known, run

VERDICTS = tuple(v.value for v in Verdict if v is not Verdict.NOT_MEASURED)
"""The four that a claim can get."""


def get(name: str) -> Claim:
    """The claim of that id, or the first whose id starts so. Raises UsageError for none."""
    return select(read(), [name])[0]


__all__ = [
    "QUIZ",
    "VERDICTS",
    "Claim",
    "Judged",
    "Ledger",
    "Source",
    "Verdict",
    "folder",
    "get",
    "judging",
    "known",
    "read",
    "read_file",
    "run",
    "select",
    "template",
    "try_out",
]

"""Small images at work: calls that need what the image may lack, and health checks."""

from __future__ import annotations

import json
from collections.abc import Mapping

from buildlab.artifact import container, image
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.engine import engine
from buildlab.errors import TimedOut
from buildlab.experiments.small_images.six import maker
from buildlab.host.process import wait_until
from buildlab.record.model import BuildRecord


@experiment(uses=("sample",))
def calls() -> Runs:
    """Requests that need what the image may lack, made to the running service.

    The service calls an HTTPS endpoint whose certificate an authority of the experiment's own
    signed, and shows times of Asia/Kolkata. Rows: "scratch", the same with the authority's
    certificate in it, and "scratch, furnished", whose certificates are others.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    asked = {"scratch, -s -w": "stripped", "with the authority": "trusting"}
    asked["scratch, furnished"] = "furnished"
    with (
        engine() as lab,
        maker(lab, "trust.Dockerfile") as make,
        container.network(lab) as net,
        container.running(lab, make("endpoint", "endpoint").ref, network=net, name="endpoint") as e,
    ):
        for name, stage in asked.items():
            made = make(name, stage)
            records[name] = made.record
            env = {"CHECK_HOSTS": "endpoint"}
            with container.running(lab, made.ref, network=net, name=stage, env=env):
                base = f"http://{stage}:8080"
                e.until_asked("curl", "--silent", "--fail", f"{base}/healthz")
                rows.append({"image": name, **_asked(e, base)})
    facts = {
        f"{row['image']}, {what}": row[what] == 200 for row in rows for what in ("https", "zone")
    }
    said = {str(row["image"]): str(row["https said"]) for row in rows}
    facts["scratch fails to trust"] = "unknown authority" in said["scratch, -s -w"]
    facts["other certificates fail to trust"] = "unknown authority" in said["scratch, furnished"]
    return Runs(records, facts, rows=tuple(rows))


def _asked(endpoint: container.Running, base: str) -> dict[str, Fact]:
    """The status of each request, and what the service said of the first.

    The service gives an endpoint five seconds. On a busy machine that may end the first request
    before a certificate was seen, which says nothing about trust: then it is made again.
    """

    def ask(path: str) -> tuple[int, str]:
        argv = ("curl", "--silent", "--write-out", "\n%{http_code}", f"{base}{path}")
        body, _, status = endpoint.ask(*argv).output.rpartition("\n")
        return int(status), body.strip()

    answers: list[tuple[int, str]] = []

    def decided() -> bool:
        status, said = ask("/check?url=https://endpoint:8443/")
        answers.append((status, said))
        return status == 200 or "x509" in said

    if not wait_until(decided, container.TIMEOUT_S):
        raise TimedOut(
            f"the service got no certificate from the endpoint: {answers[-1][1]}\n{endpoint.log()}",
            "run it again when the machine is less busy",
        )
    https, said = answers[-1]
    zone, _ = ask("/api/releases?tz=Asia/Kolkata")
    return {"https": https, "zone": zone, "https said": json.loads(said).get("error", "")}


HEALTH: Mapping[str, str] = {
    'scratch, CMD ["/server", "-healthcheck"]': "health-exec",
    "scratch, CMD /server -healthcheck || exit 1": "health-shell",
    "debian-slim, CMD /server -healthcheck || exit 1": "health-shell-debian",
    "debian-slim, CMD curl …": "health-curl-debian",
}


@experiment(uses=("sample",))
def health() -> Runs:
    """Four ways to write HEALTHCHECK, each run by the engine until it has decided.

    Rows: the way, what the image holds, the state, and the last probe's words. Facts: whether
    each became healthy.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    with engine() as lab, maker(lab, "health.Dockerfile") as make:
        for name, stage in HEALTH.items():
            made = make(name, stage)
            records[name] = made.record
            with container.running(lab, made.ref) as service:
                found = service.health()
            rows.append(
                {
                    "image and test": name,
                    "form": image.read(lab, made.ref).healthcheck[0],
                    "state": found.status,
                    "said": found.output.splitlines()[-1] if found.output else "",
                }
            )
    facts = {f"{row['image and test']}": str(row["state"]) for row in rows}
    return Runs(records, facts, rows=tuple(rows))


def healthy(runs: Runs) -> set[tuple[str, str]]:
    """The ways of `health` that became healthy, as cells of one column."""
    return {(name, "healthy") for name, state in runs.facts.items() if state == "healthy"}

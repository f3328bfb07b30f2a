"""Secrets: one throw-away token per way of giving it to a build, then a search for each."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from buildlab.artifact import hunt, traces
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.record import store
from buildlab.record.model import BuildRecord
from buildlab.services.registry import Registry, registry

HERE = Path(__file__).parent
RECIPE = HERE / "leaks"
PLANTED: Mapping[str, str] = {
    "ARG": "--build-arg=API_TOKEN={}",
    "ARG, earlier stage": "--build-arg=STAGE_TOKEN={}",
    "proxy argument": "--build-arg=FTP_PROXY=http://me:{}@proxy.test:3128",
    "ENV": "<ENV>",
    "RUN echo": "<RUN echo>",
    "COPY, then rm": "id_ed25519",
    "COPY, earlier stage": "stage-key",
    "secret mount": "id=mounted",
    "secret in a variable": "id=variable",
    "secret, printed": "id=printed",
    "secret, copied": "id=copied",
    "secret, in a cache mount": "id=cached",
}
"""Technique → how its token gets into the build: a flag, a text of the Dockerfile, a file of the
context, or the id of a secret."""
TECHNIQUES = tuple(PLANTED)
PUSHED = ("layers", "history", "config", "provenance min", "provenance max", "exported cache")
LEFT = ("log", "metadata file", "engine state")
PLACES = (*PUSHED, *LEFT)
"""Where it is searched: what goes to a registry, and what stays where the build ran."""
FOUND, NOT_FOUND, NOT_SEARCHED = "found", "–", "not searched"
KEY = "root/id_ed25519"


def dockerfile() -> str:
    """The Dockerfile of the hunt; where it says <…> a token stands."""
    return (RECIPE / "Dockerfile").read_text()


@experiment()
def hunted() -> Runs:
    """One build on a fresh engine with a token per technique, and a search of all that it left.

    Rows: a technique each, FOUND or NOT_FOUND in each of `PLACES` (NOT_SEARCHED for the state of
    an engine whose files are elsewhere). Facts: the same as "<technique>: <place>" where it was
    searched, "<technique>: where" with the first find, and what else the hunt shows.
    """
    key = _private_key()
    tokens = {name: f"buildlab-leak-{secrets.token_hex(8)}" for name in TECHNIQUES}
    tokens["COPY, then rm"] = key.splitlines()[2]  # one line stands for the key
    search = hunt.Hunt(tokens)
    found: dict[str, hunt.Where] = {}
    with (
        engine(fresh=True) as lab,
        registry(lab) as shop,
        workspace(RECIPE) as tree,
        tempfile.TemporaryDirectory(prefix="buildlab-") as outside,
    ):
        state = traces.state_folder(lab)
        changed = hunt.changed_since(state) if state else None
        flags = _planted(tree, Path(outside), tokens, key)
        first = _push(tree, flags, shop, (*tokens.values(), key))
        found["log"] = search.in_bytes(traces.log(lab), "log")
        if state and changed:
            found["engine state"] = search.in_files(changed(), state)
        more = ("--attest=type=provenance,mode=max", "--push", f"--tag={shop.address}/app:max")
        written = traces.metadata_file(lab, tree, *flags, *more)
        found["metadata file"] = search.in_bytes(written, "file")
        found |= _in_registry(search, shop)
        whole = hunt.file_in_layers(shop, "app:min", KEY).decode() == key
        later = _reads_cache_mount(tree, tokens["secret, in a cache mount"])
    records = {"twelve tokens": first, "another build": later}
    kept = json.dumps([store.to_dict(r) for r in records.values()])
    facts: dict[str, Fact] = _facts(found) | {
        "the deleted key is whole in a layer": whole,
        "another build reads the cache mount": later.ok,
        "techniques that the build checks warn of": _warned(first),
        "the kit's record holds a token": any(value in kept for value in tokens.values()),
    }
    return Runs(records, facts, rows=_rows(found))


def table(hunted: Runs, *places: str) -> tuple[Row, ...]:
    """The rows of the hunt with these places only."""
    return tuple({key: row[key] for key in ("technique", *places)} for row in hunted.rows)


def evidence(hunted: Runs) -> tuple[Row, ...]:
    """Where each token was found first, one row per technique."""
    return tuple(
        {"technique": name, "found first in": hunted.facts[f"{name}: where"] or NOT_FOUND}
        for name in TECHNIQUES
    )


def statements(hunted: Runs) -> dict[str, Fact]:
    """The facts of the hunt that are not about one technique in one place."""
    return {name: fact for name, fact in hunted.facts.items() if ": " not in name}


def cells(
    hunted: Runs, techniques: tuple[str, ...] = TECHNIQUES, places: tuple[str, ...] = PLACES
) -> set[tuple[str, str]]:
    """(technique, place) of what was found, among these."""
    return {(t, p) for t in techniques for p in places if hunted.facts.get(f"{t}: {p}")}


def _planted(
    tree: Workspace, outside: Path, tokens: Mapping[str, str], key: str
) -> tuple[str, ...]:
    """Put each token where its technique has it; returns the flags of the build."""
    text = dockerfile()
    flags: list[str] = []
    for name, token in tokens.items():
        how = PLANTED[name]
        if how.startswith("<"):
            text = text.replace(how, token)
        elif how.startswith("--"):
            flags.append(how.format(token))
        elif how.startswith("id="):
            (outside / how.removeprefix("id=")).write_text(token)
            flags.append(f"--secret={how},src={outside / how.removeprefix('id=')}")
        else:
            tree.write(how, key if name == "COPY, then rm" else token)
    tree.write("Dockerfile", text)
    return tuple(flags)


def _push(
    tree: Workspace, flags: tuple[str, ...], shop: Registry, masked: tuple[str, ...]
) -> BuildRecord:
    return build(
        tree,
        *flags,
        "--attest=type=provenance,mode=min",
        f"--cache-to=type=registry,ref={shop.address}/cache:all,mode=max",
        *("--push", f"--tag={shop.address}/app:min"),
        title="twelve tokens",
        output="none",
        mask=masked,
    ).require_ok()


def _in_registry(search: hunt.Hunt, shop: Registry) -> dict[str, hunt.Where]:
    least, most = (search.in_image(shop, f"app:{mode}") for mode in ("min", "max"))
    found = {part: least[part] for part in ("layers", "history", "config")}
    for mode, parts in (("min", least), ("max", most)):
        if "provenance" in parts:
            found[f"provenance {mode}"] = parts["provenance"]
    return {**found, "exported cache": search.in_cache(shop, "cache:all")}


def _reads_cache_mount(tree: Workspace, token: str) -> BuildRecord:
    """A build of another Dockerfile that names the same cache mount; it fails without the token."""
    wanted = hashlib.sha256(token.encode()).hexdigest()
    tree.write(
        "thief.Dockerfile",
        "FROM debian:trixie-slim\nRUN --mount=type=cache,target=/root/.cache/tool \\\n"
        f"    sha256sum /root/.cache/tool/credentials | grep {wanted}\n",
    )
    return build(tree, "--file=thief.Dockerfile", title="another build", output="cache")


def _facts(found: Mapping[str, hunt.Where]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for name in TECHNIQUES:
        places = [place for place in PLACES if name in found.get(place, {})]
        facts |= {f"{name}: {place}": place in places for place in PLACES if place in found}
        facts[f"{name}: where"] = _told(places[0], found[places[0]][name]) if places else ""
    return facts


def _told(place: str, part: str) -> str:
    return f"{place}, {part}" if part not in ("", place) else place


def _rows(found: Mapping[str, hunt.Where]) -> tuple[Row, ...]:
    def cell(name: str, place: str) -> str:
        if place not in found:
            return NOT_SEARCHED
        return FOUND if name in found[place] else NOT_FOUND

    return tuple(
        {"technique": name, **{place: cell(name, place) for place in PLACES}} for name in TECHNIQUES
    )


def _warned(record: BuildRecord) -> str:
    """The techniques whose variable BuildKit's own checks name as a secret."""
    said = " ".join(w.message for w in record.warnings if w.rule == "SecretsUsedInArgOrEnv")
    names = {"ARG": "API_TOKEN", "ARG, earlier stage": "STAGE_TOKEN", "ENV": "SESSION_TOKEN"}
    return "; ".join(technique for technique, name in names.items() if f'"{name}"' in said)


def _private_key() -> str:
    """A throw-away SSH key, as ssh-keygen writes it."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        .decode()
    )

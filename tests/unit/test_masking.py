"""What is masked, and what stays readable."""

from __future__ import annotations

import pytest

from buildlab.masking import MASK, Masker, declared, given, secret_name


@pytest.mark.parametrize(
    "name",
    ["API_TOKEN", "DB_PASSWORD", "GITHUB_TOKEN", "NPM_AUTH", "AWS_SECRET_ACCESS_KEY", "KEY",
     "apikey", "PGPASSWORD", "GITHUBTOKEN", "my_credentials", "TOKEN", "GH_PAT"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    """Names that BuildKit's check SecretsUsedInArgOrEnv objects to, and their usual kin."""
    assert secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["PUBLIC_KEY_PATH", "PUBLIC_KEY", "TOKEN_FILE", "KEY_PATH", "AUTHOR", "MONKEY", "KEYBOARD",
     "TOKENIZER", "VERSION", "GOFLAGS", "key", "GOAUTHOR", "PATH", "SECRETS_DIR"],
)  # fmt: skip
def test_names_of_no_secrets(name: str) -> None:
    """Public keys, places of secrets, and words that only look alike stay readable."""
    assert not secret_name(name)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("--build-arg API_TOKEN=abc", f"--build-arg API_TOKEN={MASK}"),
        ("RUN TOKEN='a b' make", f"RUN TOKEN='{MASK}' make"),
        ('ENV DB_PASSWORD="a \\" b" X=1', f'ENV DB_PASSWORD="{MASK}" X=1'),
        ("ENV DB_PASSWORD hunter3", f"ENV DB_PASSWORD {MASK}"),
        ("https://me:pa55@host/x", f"https://me:{MASK}@host/x"),
        ("https://ghx-tok@github.com/a", f"https://{MASK}@github.com/a"),
        ("postgres://me:pa55@db:5432/x", f"postgres://me:{MASK}@db:5432/x"),
        ("GET /x?token=abc&page=2", f"GET /x?token={MASK}&page=2"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ("got ghp_0123456789abcdefghijABCD", f"got {MASK}"),
        ("value is s3cr3t!", f"value is {MASK}!"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    """Values under secret names, passwords in URLs, headers and known values are replaced."""
    assert Masker(["s3cr3t"])(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "RUN --mount=type=secret,id=token,env=TOKEN cat",
        "RUN TOKEN=$(cat /run/secrets/token) make",
        'RUN TOKEN="$TOKEN" make',
        "ARG API_TOKEN",
        "ARG API_TOKEN=",
        "FROM docker.io/library/golang:1.27@sha256:5cd4bfe2",
        "docker-image://golang:1.27@sha256:5cd4bfe2",
        "https://example.com/rsc.io/quote/@v/v1.5.2.zip",
        "git@github.com:me/x.git",
        "COPY --from=build /out/app /app",
        "CGO_ENABLED=0 go build -ldflags '-X main.version=1.2.3'",
        "key=main.go cached",
        "KEY_PATH=/etc/ssl/key.pem",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    """References to secrets, digests and ordinary assignments stay as they are."""
    assert Masker(["s3cr3t"])(text) == text


def test_masking_twice_changes_nothing_more() -> None:
    """A masked text stays as it is."""
    masker = Masker(["s3cr3t-value"])
    once = masker("TOKEN=s3cr3t-value and https://u:p@h s3cr3t-value")
    assert masker(once) == once


def test_longer_secrets_first() -> None:
    """Where one secret begins another, nothing of the longer one is left."""
    assert Masker(["abcd", "abcdefgh"])("abcdefgh") == MASK


def test_short_and_common_values_blot_nothing_out() -> None:
    """A secret of two letters or called "true" masks no unrelated text."""
    assert Masker(["ab", "true", "", "   "])("about: true") == "about: true"


def test_lines_of_a_secret_file() -> None:
    """Each line of a secret with several lines is masked."""
    shown = Masker(["machine a\npassword tiger42\n"])("x password tiger42 y")
    assert shown == f"x {MASK} y"


def test_values_given_by_flags() -> None:
    """Arguments and secrets are found in every spelling, also those that come by variable."""
    env = {"API_TOKEN": "from-env", "TOK": "from-secret", "netrc": "not-this"}
    flags = (
        *(
            "--build-arg",
            "DB_PASSWORD=one",
            "--build-arg=NPM_TOKEN=two",
            "--build-arg",
            "API_TOKEN",
        ),
        *("--secret", "id=a,env=TOK", "--secret=id=netrc,src=.netrc"),
        *("--build-arg", "VERSION=3", "--tag", "TOKEN=4"),
    )
    assert given(flags, env) == ("one", "two", "from-env", "from-secret")


def test_values_declared_in_a_dockerfile() -> None:
    """ARG and ENV lines of all forms give up their secret values, and no others."""
    text = (
        "FROM a\nARG API_TOKEN=one\n env DB_PASSWORD two three\nENV X=1 KEY='four' Y=2\nARG V=5\n"
    )
    assert list(declared(text)) == ["one", "two three", "four"]

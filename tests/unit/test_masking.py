"""What is masked, and what stays readable."""

from __future__ import annotations

import base64
import random
import re
import time
from urllib.parse import quote

import pytest

from buildlab.masking import MASK, Masker, declared, given, inside, secret_name


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
        (
            "https://b.test/x?X-Amz-Date=1&X-Amz-Signature=ab",
            "https://b.test/x?X-Amz-Date=M&X-Amz-Signature=M",
        ),
        (
            "https://b.test/x?X-Goog-Credential=me%40x&v=1",
            "https://b.test/x?X-Goog-Credential=M&v=1",
        ),
        ("https://b.test/x?sv=1&se=2026&sp=r&sig=ab%3D", "https://b.test/x?sv=M&se=M&sp=M&sig=M"),
        (
            "https://b.test/x?Policy=a~&Signature=b&Key-Pair-Id=c",
            "https://b.test/x?Policy=M&Signature=M&Key-Pair-Id=M",
        ),
        (
            "https://b.test/?access_token=a&api_key=b#private_token=c",
            "https://b.test/?access_token=M&api_key=M",
        ),
        (
            r"Get \"https://b.test/x?token=abc\u0026n=1\": dial",
            r"Get \"https://b.test/x?token=M\u0026n=1\": dial",
        ),
        (
            "u=https%3A%2F%2Fb.test%2Fx%3Ftoken%3Dabc%26n%3D1",
            "u=https%3A%2F%2Fb.test%2Fx%3Ftoken%3DM%26n%3D1",
        ),
        ("https://tok:x-oauth-basic@h.test/a.git", "https://M:M@h.test/a.git"),
        ("https://me:p@ss@h.test/a.git", "https://me:M@h.test/a.git"),
        ("https://me:p/ss@h.test/a.git", "https://me:M@h.test/a.git"),
        ("https:/me:hunter2@h.test/a.git", "https:/me:M@h.test/a.git"),
        ("ssh://deploytoken@h.test/a.git", "ssh://M@h.test/a.git"),
        ('{"Authorization":"Basic dTpw"}', '{"Authorization":"Basic M"}'),
        ("PRIVATE-TOKEN: abc", "PRIVATE-TOKEN: M"),
        ('{"password": "a\\"b", "user": "me"}', '{"password": "M", "user": "me"}'),
        (r"{\"clientSecret\": \"ab c\"}", r"{\"clientSecret\": \"M\"}"),
        ("db:\n  password: hunter2\n", "db:\n  password: M\n"),
        ("  4 | >>> api-token: 'a b'", "  4 | >>> api-token: 'M'"),
        ("tool --password=a --db-token b", "tool --password=M --db-token M"),
        ("docker login -u me -p hunter2 r.test", "docker login -u me -p M r.test"),
        ("mysql -uroot -phunter2 db", "mysql -uroot -pM db"),
        ("curl -u me:hunter2 https://h.test", "curl -u me:M https://h.test"),
        ("machine h.test login me password hunter2", "machine h.test login me password M"),
        ("//npm.test/:_authToken=abc", "//npm.test/:_authToken=M"),
        ('{"auths":{"r.test":{"auth":"dTpwdw=="}}}', '{"auths":{"r.test":{"auth":"M"}}}'),
        ("Server=db;Password=p4ss;Database=x", "Server=db;Password=M;Database=x"),
        ("AccountName=a;AccountKey=ab/cd==;X=y", "AccountName=a;AccountKey=M;X=y"),
        (
            "type=s3,secret_access_key=a,session_token=b,bucket=c",
            "type=s3,secret_access_key=M,session_token=M,bucket=c",
        ),
        ("--label com.x.dbPassword=abc", "--label com.x.dbPassword=M"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc-_d", "jwt M"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- x", "M x"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nstopped", "M\nstopped"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    """Values under secret names, passwords in URLs, headers and known values are replaced."""
    assert Masker(["s3cr3t"])(text) == re.sub(r"\bM\b|(?<=3D)M\b|(?<=-p)M\b", MASK, masked)


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
        "docker login --password-stdin r.test",
        "mkdir -p /out/bin",
        "docker run -p 8080:80 image",
        "ERROR: failed to solve: secret token: not found",
        "main.go:3:1: syntax error: unexpected token: foo",
        "ok  \texample.test/auth\t0.3s",
        "http://proxy.test:8080/a@v1",
        "--secret=id=token,src=token.txt",
        "--secret id=token,type=file",
        "PWD=/src PASS=3",
        "https://h.test/x?page=2&sp=r&se=1",
        "ssh://git@h.test/x.git",
        "npm warn token expired",
        "npm:lodash@4.17.21 mailto:somebody@h.test",
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
    assert set(given(flags, env)) == {"one", "two", "from-env", "from-secret"}


def test_values_declared_in_a_dockerfile() -> None:
    """ARG and ENV lines of all forms give up their secret values, and no others."""
    text = (
        "FROM a\nARG API_TOKEN=one\n env DB_PASSWORD two three\nENV X=1 KEY='four' Y=2\nARG V=5\n"
    )
    assert list(declared(text)) == ["one", "two three", "four"]


SECRET = "pä55/w0rd+with=all&sorts?"
"""A value that every encoding changes."""


def encodings(value: str) -> dict[str, str]:
    """A value as tools write it, by name; base64 at each alignment, and wrapped."""
    data = value.encode()
    around = {f"base64 +{n}": base64.b64encode(b"x" * n + data + b"yyy") for n in range(3)}
    safe = {f"urlsafe +{n}": base64.urlsafe_b64encode(b"x" * n + data) for n in range(3)}
    wrapped = base64.encodebytes(b"line\n" * 20 + data + b"\nline" * 20)
    return {
        "raw": value,
        "percent": quote(value, safe=""),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "wrapped": wrapped.decode(),
        **{name: coded.decode() for name, coded in (around | safe).items()},
    }


@pytest.mark.parametrize("how", encodings(SECRET))
def test_encodings_of_a_known_value(how: str) -> None:
    """Whatever way a tool writes a known value, not half of it is left; without it, all stays."""
    text = f"before {encodings(SECRET)[how]} after"
    coded = encodings(SECRET)[how].strip()
    shown = Masker([SECRET])(text)
    assert MASK in shown
    assert not any(coded[i : i + len(coded) // 2] in shown for i in range(len(coded) // 2))
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert Masker(["another-value-entirely"])(text) == text


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_value_in_two_pieces(cut: int) -> None:
    """A value that is cut anywhere, even twice, leaves nothing in any piece; the rest stays."""
    text = "a s3cr3t-value z"
    masker = Masker(["s3cr3t-value"])
    for end in range(cut, len(text)):
        pieces = [text[:cut], text[cut:end], "", text[end:], "s3cr3t-value"]
        shown = masker.pieces(pieces)
        assert "".join(shown) == f"a {MASK} z{MASK}"
        assert len(shown) == len(pieces)


def test_pieces_are_masked_as_the_whole() -> None:
    """However text is cut, its pieces hold together what the whole text shows."""
    numbers = random.Random(7)
    text = "TOKEN=abcdef x https://u:pw@h.test -----BEGIN PRIVATE KEY-----\nMII\n" * 3
    for _ in range(200):
        cuts = sorted(numbers.choices(range(len(text)), k=6))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert "".join(Masker(["x https"]).pieces(pieces)) == Masker(["x https"])(text)


def test_a_command_shows_no_part_of_a_value() -> None:
    """The value of an argument goes whole, with its spaces; a secret's place is no value."""
    words = ("--build-arg", "API_TOKEN=a b c", "--label=x.token=d e", "--secret=id=token,src=f")
    assert Masker().command(words) == (
        *("--build-arg", f"API_TOKEN={MASK}", f"--label=x.token={MASK}"),
        "--secret=id=token,src=f",
    )


def test_values_given_by_other_flags() -> None:
    """Labels, annotations, cache attributes and URLs give values, too, raw and decoded."""
    flags = (
        *("--label", "token=label-value", "--annotation=index:x.api-key=note-value"),
        *("--cache-to=type=s3,secret_access_key=s3-value,region=eu", "--attest", "type=sbom"),
        *("--build-context", "lib=https://me:p%40ss@h.test/x.git"),
        *("--secret", 'type=env,id=a,"src=FROM_ENV"', "--secret=id=BY_ID"),
    )
    env = {"FROM_ENV": "typed-env", "BY_ID": "id-alone"}
    wanted = {"label-value", "note-value", "s3-value", "p%40ss", "p@ss", "me:p@ss"}
    assert {*wanted, "typed-env", "id-alone"} <= set(given(flags, env))
    assert not {"eu", "sbom", "me", "lib"} & set(given(flags, env))


def test_values_inside_a_secret_file() -> None:
    """What a configuration file gives to a secret's name is known by itself."""
    files = (
        "machine h.test login me password netrc-value",
        "//npm.test/:_authToken=npmrc-value",
        "DB_PASSWORD='env-value'",
        '{"client_secret": "json-value"}',
        "db:\n  password: yaml-value\n",
        f'{{"auth": "{base64.b64encode(b"me:docker-value").decode()}"}}',
    )
    found = {value for text in files for value in inside(text)}
    names = ("netrc", "npmrc", "env", "json", "yaml", "docker")
    assert {f"{name}-value" for name in names} <= found


def test_many_values_cost_little() -> None:
    """With thousands of values, a megabyte of log is searched about as fast as with one."""
    numbers = random.Random(3)
    many = [f"{numbers.getrandbits(160):040x}" for _ in range(2000)]
    text = "go: downloading example.test/module v1.2.3\n" * 25_000 + many[1234]
    masker, begin = Masker(many), time.process_time()
    assert masker(text).endswith(MASK)
    assert time.process_time() - begin < 20  # a plain alternation takes minutes


def test_a_path_blots_nothing_out() -> None:
    """An argument that only says where a key lies is masked beside its name alone."""
    flags = ("--build-arg=DEPLOY_KEY=/etc/ssl/deploy.pem",)
    assert Masker(given(flags))("COPY x /etc/ssl/deploy.pem") == "COPY x /etc/ssl/deploy.pem"


@pytest.mark.parametrize(
    "text",
    [
        *("a.", "x-", "login ", "curl -u ", "https://a:", "eyJ", 'password: "', "machine a "),
        *("-----BEGIN PRIVATE KEY-----", "TOKEN=,", "--token ", "?token&", "s3cr", "ENV a ", "A"),
        *("a:bbbbbb@", "mysql -", "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAA\n", "x.x@a.b:"),
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """Whatever repeats in a log, its masking takes time in proportion to its length."""
    masker = Masker(["s3cr3t-value"])
    took = []
    for size in (50_000, 200_000):
        long = (text * size)[:size] + " = :// @ END -----END"
        begin = time.process_time()
        masker(long)
        took.append(time.process_time() - begin)
    assert took[1] < 12 * took[0] + 0.2  # four times the text; were it squared, 16 times


def test_colours_within_a_value() -> None:
    """A value that a tool coloured in the middle is masked, its colours with it."""
    text = "found \x1b[01;31m\x1b[Ks3cr\x1b[m\x1b[K3t-value\x1b[0m here"
    assert Masker(["s3cr3t-value"])(text) == f"found \x1b[01;31m\x1b[K{MASK}\x1b[0m here"


def test_a_large_secret_costs_little() -> None:
    """A secret of a megabyte in one line is found, and prepared within seconds."""
    value = "".join(f"{n:08x}" for n in range(131_072))
    begin = time.process_time()
    assert Masker([value])(f"a {value} b") == f"a {MASK} b"
    assert time.process_time() - begin < 20

"""Where secrets stand in text, told by the names beside them and by their own shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from buildlab.masking.names import plainly_secret, query_name, secret_name

Span = tuple[int, int]

_QUOTED = r""""(?:[^"\\]|\\.)*"|'[^']*'"""
_WORD = r"[A-Za-z_][\w.-]{0,80}"
"""A name; bounded, as all that is repeated before a sign that may not come: text is long."""
_NAME = re.compile(rf"(?<![\w$])(?P<name>{_WORD})=(?!=)")
_VALUE = re.compile(rf"""{_QUOTED}|(?:(?![,;]{_WORD}=)(?:[^\s&"'\\]|\\(?!["']|u0026)))+""")
_COLON = re.compile(
    rf"""(?:^|[{{,\[]|\| |> )[ \t]*(?:-[ \t]+)?(?P<quote>\\?["']?)
    (?P<name>{_WORD})(?P=quote)[ \t]*:[ \t]*
    (?P<value>{_QUOTED}|\\"(?:[^"\\]|\\[^"])*\\"|[^\s"',{{}}\[\]\\|>][^\s,}}\]]*)""",
    re.M | re.X,
)
_OPTION = re.compile(
    rf"""(?<![\w-])--?(?P<name>[A-Za-z][\w-]{{0,80}})[ \t]+(?P<value>{_QUOTED}|[^\s"'-][^\s"']*)"""
)
_SHORT_OPTION = re.compile(
    r"""\b(?:login\b[^\n|;&]{0,200}?[ ]-p[ =]?|sshpass[ ]+-p[ ]*
    |mysql\w{0,20}\b[^\n|;&]{0,200}?[ ]-p
    |curl\b[^\n|;]{0,400}?[ ](?:-u|--user)[ =]?["']?[^\s:"']{0,100}:
    |redis-cli\b[^\n|;&]{0,200}?[ ]-a[ ]+)
    (?P<value>[^\s"'-][^\s"']*|"[^"]*"|'[^']*')""",
    re.X,
)
_ENV_BY_SPACE = re.compile(r"\bENV[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]+(?P<value>[^=\s].*)")
_USERINFO = re.compile(
    r"\b[a-z][a-z0-9+.]{0,20}://(?P<user>[^\s/:@\"'`?#]{0,500}):(?P<password>[^\s/\"'`?#]{0,2000})@(?!sha256:)",
    re.I,
)
_ODD_USERINFO = re.compile(  # a password with a slash, which is no URL and is typed all the same
    r"\b(?:https?|ssh|git)://[^\s/:@\"'`?#]{1,500}:(?!\d{1,5}/)(?P<value>[^\s@\"'`?#/]{0,200}/[^\s@\"'`?#]{0,200})@"
)
_BARE_USERINFO = re.compile(
    r"\b(?:git\+)?(?:https?|ssh)://(?P<value>[^\s/:@\"'`?#]{1,2000})@", re.I
)
_NO_SCHEME = re.compile(  # a URL that lost its scheme, or a slash of it
    r"(?<![\w.+-])(?!mailto:)[\w.+-]{1,80}:(?P<value>[^\s/@:\"']{6,200})@(?:[\w-]{1,63}\.){1,9}[a-z]{2,20}\b",
    re.I,
)
_QUERY = re.compile(
    r"""(?:[?&;\#]|\\u0026|&amp;|%3F|%26)(?P<name>[A-Za-z_][\w.-]{0,80})(?:=|%3D)
    (?P<value>(?:(?!%26|\\u0026)[^\s&;\#"'`<>\\|])+)""",
    re.X | re.I,
)
_SAS: Final = frozenset({"se", "sp", "st", "spr", "sr", "sv", "skoid", "sktid", "ske", "skt"})
"""Parameters of an Azure signature: they say what it opens, and mean something beside it only."""
_HEADER = re.compile(
    r"""\b(?:(?:proxy-)?authorization["']?[ ]*[:=][ ]*\\?["']?(?:(?:basic|bearer|token|digest
    |negotiate)[ ]+)?|bearer[ ]+(?=[\w.~+/-]{16})
    |x-[\w-]{0,30}(?:token|key|secret|auth)["']?[ ]*:[ ]*\\?["']?
    |private-token["']?[ ]*:[ ]*\\?["']?|(?:set-)?cookie["']?[ ]*:[ ]*\\?["']?)
    (?P<value>[^\s"'\\,;]+)""",
    re.I | re.X,
)
_NETRC = re.compile(
    r"\b(?:machine\s{1,9}\S{1,255}|default)\s{1,9}(?:(?:login|user|account)\s{1,9}\S{1,255}\s{1,9}){0,3}?password\s+(?P<value>\S+)"
)
_NETRC_LINE = re.compile(r"^[ \t]*password[ \t]+(?P<value>\S+)[ \t]*$", re.M)
_AUTH = re.compile(r"""\\?["'](?:auth|identitytoken)\\?["']\s*:\s*\\?["'](?P<value>[^"'\\]{6,})""")
KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES = re.compile(r"(?:(?:\s|\\n)+(?:\d+ \| (?:>>> )?)?[A-Za-z0-9+/=]{16,})*")
LONGEST_KEY: Final = 12_000
_SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl(?:pat|dt|rt|cbt|ptt|soat)-[\w-]{20,}"
    r"|A(?:KIA|SIA|BIA|CCA)[0-9A-Z]{16}\b|xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,}|npm_[A-Za-z0-9]{36}"
    r"|pypi-AgE[\w-]{20,}|dckr_pat_[\w-]{20,}|dckr_oat_[\w-]{20,}|hv[sbr]\.[\w-]{20,}"
    r"|sk-(?:ant|proj|svcacct)-[\w-]{20,}|sk-[A-Za-z0-9]{32,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|hf_[A-Za-z]{30,}|dop_v1_[0-9a-f]{32,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{50,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_FLAG_FIELDS = re.compile(r"(?:id|type|src|source|env|mode|target|dst|required)=")
_PLAIN_USERS = frozenset({"git", "hg", "svn"})
_TOKEN_USERS = frozenset({"", "x-oauth-basic", "x", "oauth2"})
"""What stands for the password where the user's name is the token."""
_SHAPE_STARTS: Final = (
    *("gh", "github_pat_", "gl", "AKIA", "ASIA", "ABIA", "ACCA", "xox", "xapp-", "AIza", "ya29."),
    *("k_live_", "k_test_", "npm_", "pypi-", "dckr_", "hvs.", "hvb.", "hvr.", "sk-", "SG.", "hf_"),
    *("dop_v1_", "shp", "AGE-SECRET", "eyJ"),
)
_COLON_WORDS: Final = ("pass", "pword", "secret", "token", "key", "credential", "connection")


def spans(text: str) -> Iterator[Span]:
    """Where a secret stands, from the first to behind the last character; they may overlap."""
    if "=" in text:
        yield from _assigned(text)
    if "ENV" in text:
        yield from (_inner(m) for m in _ENV_BY_SPACE.finditer(text) if secret_name(m["name"]))
    yield from _told(text)
    if "://" in text:
        yield from _in_urls(text)
    if "@" in text:
        yield from (m.span("value") for m in _NO_SCHEME.finditer(text))
    if "--" in text or " -" in text:
        yield from (
            _inner(m)
            for m in _OPTION.finditer(text)
            if secret_name(m["name"]) and not _FLAG_FIELDS.match(m["value"])
        )
    if "=" in text or "%3D" in text:
        yield from _in_queries(text)
    if "-----BEGIN" in text:
        yield from _keys(text)
    if any(start in text for start in _SHAPE_STARTS):
        yield from (m.span() for m in _SHAPES.finditer(text))


def _keys(text: str) -> Iterator[Span]:
    """Private keys, whole or up to where their lines stop."""
    at = 0
    while begun := KEY_BEGIN.search(text, at):
        ended = KEY_END.search(text, begun.end(), begun.end() + LONGEST_KEY)
        ended = ended or _KEY_LINES.match(text, begun.end())
        at = ended.end() if ended else begun.end()
        yield begun.start(), at


def _told(text: str) -> Iterator[Span]:
    """Values beside words; each pattern is tried only where one of its words is in the text."""
    low = text.lower()
    if ":" in text:
        if any(word in low for word in _COLON_WORDS):
            yield from (_inner(m) for m in _COLON.finditer(text) if plainly_secret(m["name"]))
        if "auth" in low or "identitytoken" in low:
            yield from (m.span("value") for m in _AUTH.finditer(text))
    for words, patterns in _BY_WORD:
        if any(word in low for word in words):
            for pattern in patterns:
                yield from (_inner(m) for m in pattern.finditer(text))


_BY_WORD: Final = (
    (("authorization", "bearer", "x-", "private-token", "cookie"), (_HEADER,)),
    (("password",), (_NETRC, _NETRC_LINE)),
    (("login", "sshpass", "mysql", "curl", "redis-cli"), (_SHORT_OPTION,)),
)


def _assigned(text: str) -> Iterator[Span]:
    for found in _NAME.finditer(text):
        if not secret_name(found["name"]) or _FLAG_FIELDS.match(text, found.end()):
            continue  # the second is `--secret=id=…`
        if value := _VALUE.match(text, found.end()):
            yield _unquoted(text, *value.span())


def _in_urls(text: str) -> Iterator[Span]:
    for found in _USERINFO.finditer(text):
        user, password = found["user"], found["password"]
        if password:
            yield found.span("password")
        if user and (password.lower() in _TOKEN_USERS or len(user) >= 20):
            yield found.span("user")
    for found in _ODD_USERINFO.finditer(text):
        yield found.span("value")
    for found in _BARE_USERINFO.finditer(text):
        if found["value"] not in _PLAIN_USERS:
            yield found.span("value")


def _in_queries(text: str) -> Iterator[Span]:
    signed = re.search(r"[?&;]sig=|%26sig%3D|%3Fsig%3D|u0026sig=", text) is not None
    for found in _QUERY.finditer(text):
        name = found["name"]
        if (signed and name in _SAS) or query_name(name):
            yield found.span("value")


def _inner(found: re.Match[str]) -> Span:
    return _unquoted(found.string, *found.span("value"))


def _unquoted(text: str, start: int, end: int) -> Span:
    """The span without the quotes around it, escaped ones too."""
    if text.startswith('\\"', start) and text.endswith('\\"', start, end) and end - start > 3:
        return start + 2, end - 2
    if end - start > 1 and text[start] in "\"'" and text[end - 1] == text[start]:
        return start + 1, end - 1
    return start, end

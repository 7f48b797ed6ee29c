"""Secrets that are known by what stands around them: addresses, headers, options, assignments, well-known tokens."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from harness.redaction.placeholder import NO_SECRET_NAME, PLACEHOLDER, SECRET_NAME, redacted
from harness.redaction.tokens import FORMS
from harness.redaction.tree import tree

_NAME = (
    r"(?:(?<![a-z])pass(?![a-z])|pass(?:word|wd|phrase)|secret|token|credentials?|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|encryption[_-]?key|conninfo)"
)
_QUOTE = r"\\{0,3}[\"']"  # also within JSON, and within JSON in JSON
_HARMLESS = re.compile(  # what stands in the place of a value without being one, or a switch
    r"(?:|true|false|yes|no|on|off|null|none|nil|undefined|\*+|x{3,}|[<[({].*|\$.*|%[a-z(].*|-+\S*|\.{3})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,6}(?:\.\d+)?(?:ms|s|m|h|d|k|kb|mb)?", re.IGNORECASE)
_LIKE_A_TOKEN = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{8,}")

_ASSIGNED = re.compile(
    rf"(?P<name>{_NAME}[\w.-]{{0,40}})(?P<sign>(?:{_QUOTE})?\s{{0,3}}(?:=>?|:=)\s{{0,3}})"
    rf"(?:(?P<quote>{_QUOTE})(?P<quoted>[^\"'\\\n]*)|(?P<value>[^\s\"'&;,|<>`\\)\]}}]+))",
    re.IGNORECASE,
)
_QUOTED_KEY = re.compile(  # JSON and YAML
    rf"(?P<name>{_NAME}[\w.-]{{0,40}})(?P<sign>{_QUOTE}\s{{0,3}}:\s{{0,3}})"
    rf"(?:(?P<quote>{_QUOTE})(?P<quoted>[^\"\\\n]*)|(?P<value>[^\s\"',{{}}\[\]\\]+))",
    re.IGNORECASE,
)
_SAID = re.compile(  # `Password: x`; of other names only what looks like a token: they stand in prose
    rf"(?P<name>{_NAME}[\w.-]{{0,40}})(?P<sign>:\s{{1,3}})(?P<value>[^\s\"',;(){{}}\[\]]+)", re.IGNORECASE
)
_OPTION = re.compile(
    rf"(?P<name>(?<![\w-])--?[\w-]{{0,40}}?{_NAME}[\w-]{{0,40}})(?P<sign>\s{{1,3}})"
    r"(?:(?P<quote>[\"'])(?P<quoted>[^\"'\n]*)|(?P<value>[^\s\"'\\]+))",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(://[^/\s:@\"'<>]{0,256}:)([^/\s\"'<>]{1,512})(?=@)")
_USER_AT_TCP = re.compile(r"(\b[\w.-]{1,64}:)([^\s/@\"']{1,256})(?=@(?:tcp|unix)\()")
_AUTHORIZATION = re.compile(
    rf"(authorization(?:{_QUOTE})?\s{{0,3}}[:=]\s{{0,3}}(?:{_QUOTE})?(?:(?:bearer|basic|token|apikey|negotiate|digest|aws4-\S+"
    r")\s{1,3})?)([^\s\"'\\,]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    rf"((?<![\w-])(?:set-cookie|cookie|x-api-key|api-key|apikey|private-token|job-token|x-[\w-]{{0,30}}(?:token|secret))"
    rf"(?:{_QUOTE})?\s{{0,3}}:\s{{0,3}}(?:{_QUOTE})?)([^\"'\\\r\n]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(\bbearer\s{1,3})((?=\S*\d)[A-Za-z0-9._~+/=-]{8,}|[A-Za-z0-9._~+/=-]{20,})", re.IGNORECASE)
_BASIC = re.compile(r"(\bbasic\s{1,3})([A-Za-z0-9+/_-]{6,}={0,2})", re.IGNORECASE)
_SQL = re.compile(
    r"(\b(?:identified\s+(?:with\s+\S{1,40}\s+)?(?:by|as)|password)\s{1,3}')([^'\n]+)(?=')", re.IGNORECASE
)
# Options of one letter that are a password in these programs, and something else in others.
_SHORT = re.compile(
    r"(\b(?:mysql\w{0,12}|mariadb[\w-]{0,12})\s(?:[^\n|;&]{0,200}\s)?-p)([^\s\"'-][^\s\"']*)"
    r"|(\bsshpass\s(?:[^\n|;&]{0,60}\s)?-p\s{0,3})([^\s\"']+)"
    r"|(\bredis-cli\s(?:[^\n|;&]{0,200}\s)?-a\s{1,3})([^\s\"']+)"
    r"|(\b(?:docker|podman|helm|skopeo|oras|buildah)\s(?:[^\n|;&]{0,60}\s)?login\s(?:[^\n|;&]{0,200}\s)?-p\s{0,3})"
    r"([^\s\"']+)"
    r"|(\b(?:curl|wget)\s(?:[^\n|;&]{0,300}\s)?(?:-u\s{0,3}|--user[ =])[\"']?[^\s:\"']{1,100}:)([^\s\"']+)"
)


def _named(found: re.Match[str]) -> str:
    """The match with its value redacted, unless that is no secret."""
    name, value = found["name"], found["quoted"] if found["quote"] else found["value"]
    if value.startswith(PLACEHOLDER) or _HARMLESS.fullmatch(value) or NO_SECRET_NAME.search(name):
        return found[0]
    if _NUMBER.fullmatch(value) and "pass" not in name.lower():
        return found[0]
    return f"{name}{found['sign']}{found['quote'] or ''}{redacted(value)}"


def _said(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    sure = name.lower().endswith(("password", "passwd", "passphrase", "_pass")) or _LIKE_A_TOKEN.fullmatch(value)
    if not sure or value.startswith(PLACEHOLDER) or _HARMLESS.fullmatch(value) or NO_SECRET_NAME.search(name):
        return found[0]
    return f"{name}{found['sign']}{redacted(value)}"


def _second(found: re.Match[str]) -> str:
    """Of pairs of groups, text and secret, the one that matched."""
    texts = found.groups()
    before, value = next((texts[at], texts[at + 1]) for at in range(0, len(texts), 2) if texts[at] is not None)
    return found[0] if value.startswith(PLACEHOLDER) else f"{before}{redacted(value)}"


def _user_info(found: re.Match[str]) -> str:
    value = found[2]
    return found[0] if value.startswith(PLACEHOLDER) or _HARMLESS.fullmatch(value) else f"{found[1]}{redacted(value)}"


def _basic(found: re.Match[str]) -> str:
    """Only what is `user:password` in base64: `Basic authentication` is prose."""
    try:
        told = base64.b64decode(found[2] + "=" * (-len(found[2]) % 4), altchars=b"-_" if "-" in found[2] else None)
    except (binascii.Error, ValueError):
        return found[0]
    return f"{found[1]}{redacted(found[2])}" if b":" in told else found[0]


# What the text, in lower case, has to contain for a pattern to be tried; the pattern; what becomes of a match.
_NAMES = ("pass", "secret", "token", "credential", "key", "conninfo")
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (("://",), _USER_INFO, _user_info),
    (("@tcp(", "@unix("), _USER_AT_TCP, _user_info),
    (("authorization",), _AUTHORIZATION, _second),
    (("bearer ",), _BEARER, _second),
    (("basic ",), _BASIC, _basic),
    (("cookie", "api-key", "apikey", "token", "x-"), _HEADER, _second),
    (_NAMES, _ASSIGNED, _named),
    (_NAMES, _QUOTED_KEY, _named),
    (_NAMES, _SAID, _said),
    (_NAMES, _OPTION, _named),
    (("identified", "password '"), _SQL, _second),
    (("mysql", "mariadb", "sshpass", "redis-cli", "login ", "curl ", "wget "), _SHORT, _second),
)
# One of these is in everything in which a rule or a form could find something. Few begin with a common letter, so that
# a text without them is passed over quickly.
_HINTS = (
    "pass", "secret", "token", "redential", "_key", "-key", "apikey", "accesskey", "privatekey", "encryptionkey",
    "conninfo", "@", "authoriz", "bearer ", "basic ", "ookie", "identified", "mysql", "maria", "redis-cli", "login ",
    "curl ", "wget ", 'headers":', 'command":[',
)  # fmt: skip
_HINTED = re.compile(tree(sorted({*_HINTS, *(prefix.lower() for prefix, _ in FORMS)})))


def hinted(text: str) -> bool:
    """Whether any pattern may find something. Cheap."""
    return _HINTED.search(text.lower()) is not None


def text(value: str) -> str:
    """A text, such as a line of output, with what looks like a secret in it redacted."""
    if not hinted(value):
        return value
    low = value.lower()
    for hints, pattern, replaced in _RULES:
        if any(hint in low for hint in hints):
            value = pattern.sub(replaced, value)
    for prefix, form in FORMS:
        if prefix in value:
            value = form.sub(lambda found: redacted(found[0]), value)
    return value


def setting(name: str, value: str) -> str:
    """The value of a variable or setting: redacted where its name says that it is a secret, else only what in it is."""
    return redacted(value) if value and SECRET_NAME.search(name) else text(value)


_TELLING_OPTION = re.compile(rf"--?[\w-]{{0,40}}?{_NAME}[\w-]{{0,40}}", re.IGNORECASE)
_P = re.compile(
    r"-p(?=\S*\d|\S*[^\w./:=,-])(?=\S*[A-Za-z])(?![./]|[A-Za-z-]+=|\d+(?::\d+)?(?:/\w+)?$)\S{4,}"
)  # no port, path or other switch
# A program, a word of its command that has to be there, an option whose value is a password (or `user:password`), and
# whether that may be the next word.
_SHORT_OPTIONS = (
    (re.compile(r"(?:mysql|mariadb)[\w-]*"), "", "-p", False),
    (re.compile(r"sshpass"), "", "-p", True),
    (re.compile(r"redis-cli"), "", "-a", True),
    (re.compile(r"docker|podman|helm|skopeo|oras|buildah"), "login", "-p", True),
    (re.compile(r"curl|wget"), "", "-u", True),
)


def words(command: Sequence[str]) -> list[str]:
    """A command as its words: the values of options that tell a password, joined to the option or the word after it."""
    made = [text(word) for word in command]
    programs = {word.rpartition("/")[2] for word in command}
    short = [
        (option, apart)
        for program, needs, option, apart in _SHORT_OPTIONS
        if needs in ("", *command) and any(program.fullmatch(one) for one in programs)
    ]
    for at, word in enumerate(command):
        after = command[at + 1] if at + 1 < len(command) else ""
        telling = _TELLING_OPTION.fullmatch(word) and not NO_SECRET_NAME.search(word)
        if telling and after and not after.startswith("-") and not _HARMLESS.fullmatch(after):
            made[at + 1] = redacted(after)
        elif _P.fullmatch(word):
            made[at] = f"-p{redacted(word[2:])}"
        for option, apart in short:
            if word == option and apart and after:
                made[at + 1] = _credentials(option, after)
            elif word.startswith(option) and len(word) > len(option) and not word.startswith("--"):
                made[at] = option + _credentials(option, word[len(option) :])
    return made


def _credentials(option: str, value: str) -> str:
    user, colon, password = value.partition(":")
    if option != "-u":
        return redacted(value)
    return f"{user}:{redacted(password)}" if colon and password else value

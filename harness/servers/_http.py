"""Pages that a server tells about itself on, fetched in the replica with what its image has: curl, else wget."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from harness.kept import KeptShell, Response, Startable, code_and_text
from harness.servers._base import ServerTls

SECONDS = 2  # that a page may take
# curl reads the password from its input, wget has no such way: its words are seen in the replica's list of processes.
_CURL = r"""printf 'user = "%s:%s"\n' "$u" "$(printf %s "$p" | sed 's/[\\"]/\\&/g')" | curl -K -"""
_WGET = """wget --header="Authorization: Basic $(printf %s:%s "$u" "$p" | base64 | tr -d '\\n')\""""


def fetching(address: str, seconds: int) -> list[str]:
    """The command that prints a page."""
    return ["sh", "-c", page(address, seconds)]


def page(
    address: str,
    seconds: int = SECONDS,
    *,
    user: str = "",
    password: str = "",
    tls: ServerTls | None = None,
) -> str:
    """The shell text that prints a page, and fails where it is not answered with success.

    Args:
        password: a word of shell.
    """
    url, login = shlex.quote(address), ""
    curl, wget = "exec curl", "exec wget"
    if user:
        login = f"u={shlex.quote(user)} p={password}\n"
        curl, wget = _CURL, _WGET
    if tls is not None:
        curl += _options(tls, ca="--cacert", certificate="--cert", key="--key", insecure="--insecure")
        wget += _options(
            tls,
            ca="--ca-certificate",
            certificate="--certificate",
            key="--private-key",
            insecure="--no-check-certificate",
        )
    told = f"{curl} -fsS --max-time {seconds} {url}"
    return f"{login}if command -v curl >/dev/null; then {told}; else {wget} -q -T {seconds} -O - {url}; fi"


def _options(tls: ServerTls, *, ca: str, certificate: str, key: str, insecure: str) -> str:
    given = ((ca, tls.ca), (certificate, tls.certificate), (key, tls.key))
    text = "".join(f" {option} {shlex.quote(path)}" for option, path in given if path)
    return text if tls.verify else f"{text} {insecure}"


class PageClient:
    """A shell kept open in a replica, in which pages are fetched.

    Args:
        fetch: the shell text that prints a page, by its path or address.
    """

    def __init__(self, replica: Startable, fetch: Callable[[str], str]) -> None:
        self._shell, self._fetch = KeptShell(replica), fetch

    def ask(self, *questions: str) -> None:
        """Ask for pages."""
        self._shell.command(together(questions, self._fetch))

    def answer(self, until: float) -> Response:
        """The pages, one after the other; None with the reason where one could not be had."""
        return code_and_text(self._shell.answer(until))

    def close(self) -> None:
        """End the shell."""
        self._shell.close()


def together(pages: tuple[str, ...], fetch: Callable[[str], str]) -> list[str]:
    """The command that prints pages, each from a line of its own."""
    return ["sh", "-c", " && echo && ".join(f"(\n{fetch(one)}\n)" for one in pages)]

"""HAProxy: what it thinks of each server, and what it was told about it."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Mapping

from harness.environment.fingerprint.sections import Section, Sections
from harness.fingerprint import Part
from harness.stack import HAProxy

QUESTION = "show stat"
# Whoever can open a socket: images of HAProxy have one of these more often than not.
ASKERS = {
    "bash": "exec 3<>/dev/tcp/{host}/{port} && printf 'show stat\\n' >&3 && cat <&3",
    "perl": (
        'use Socket; my $a = "{path}"; '
        "if ($a) {{ socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($a)) or die $!; }} "
        "else {{ socket(S, PF_INET, SOCK_STREAM, 0); "
        'connect(S, sockaddr_in({port}, inet_aton("{host}"))) or die $!; }} '
        'syswrite S, "show stat\\n"; print while <S>;'
    ),
    "python3": (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX) if '{path}' else socket.socket()\n"
        "s.connect('{path}' or ('{host}', {port}))\n"
        "s.sendall(b'show stat\\n')\n"
        "while data := s.recv(65536): sys.stdout.buffer.write(data)"
    ),
}
TOO = {"socat": "socat -t 5 - {target}", "nc": "nc -w 5 {words}"}


def ask(sections: Sections, declared: HAProxy) -> None:
    """Add what asks for servers."""
    sections.add("servers", script(declared.stats))


def script(stats: str) -> str:
    """The shell text that prints the statistics as CSV."""
    if "://" in stats:
        page = shlex.quote(stats)
        return f"if command -v curl >/dev/null; then curl -fsS --max-time 5 {page}; else wget -q -T 5 -O - {page}; fi"
    path = stats if stats.startswith("/") else ""
    host, _, port = ("", "", "0") if path else stats.rpartition(":")
    tries = []
    for program, text in ASKERS.items():
        if program == "bash" and path:
            continue
        code = text.format(path=path, host=host, port=port)
        flag = "-e" if program == "perl" else "-c"
        tries.append((program, f"{program} {flag} {shlex.quote(code)}"))
    target = f"UNIX-CONNECT:{path}" if path else f"TCP:{host}:{port}"
    words = f"-U {path}" if path else f"{host} {port}"
    tries += [(p, f"echo 'show stat' | {t.format(target=shlex.quote(target), words=words)}") for p, t in TOO.items()]
    chain = "\nel".join(f"if command -v {program} >/dev/null; then {text}" for program, text in tries)
    return f"{chain}\nelse echo 'the image has none of {', '.join(p for p, _ in tries)}' >&2; exit 127; fi"


def read(found: Mapping[str, Section]) -> Part:
    """The servers: `backends/backend-1` -> `UP, weight 1`."""
    section = found.get("servers")
    if section is None or section.exit_code:
        return Part(None, section.complaint() if section else "not answered")
    text = section.output.decode("utf-8", "replace").strip()
    if not text.startswith("#"):
        return Part(None, f"HAProxy answered {text[:80]!r}, not its statistics")
    rows = csv.DictReader(text.removeprefix("#").strip().splitlines())
    items = {}
    for row in rows:
        proxy, server = row.get("pxname", ""), row.get("svname", "")
        if server not in ("FRONTEND", "BACKEND"):
            # `UP 1/2` is a server that is up and failed a check or two: it is up. `no check` stands as it is.
            status = (row.get("status") or "").split("/")[0].rstrip("0123456789 ") or "unknown"
            items[f"{proxy}/{server}"] = f"{status}, weight {row.get('weight') or 0}"
    return Part(items) if items else Part(None, "HAProxy has no servers")

"""What an HAProxy is configured to do, as it runs: limits, addresses, checks and cookies of its proxies and servers,
and the maps and lists that can be changed while it does.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping

from harness.fingerprint import StatePart

ASKED = ("show info", "show servers state", "show stat", "show map", "show acl")
UNSEEN = ("stick tables",)
UNSEEN_OF_PAGE = ("stick tables, maps, lists, and what a statistics page does not tell",)
MAX_LISTS = 50  # maps and lists whose entries are looked at
# Of the process: what is set, among many figures that are counted.
INFO = (
    "Version", "Nbthread", "Nbproc", "Maxconn", "Hard_maxconn", "MaxSslConns", "Memmax_MB", "ConnRateLimit",
    "SessRateLimit", "SslRateLimit", "CompressBpsRateLim", "node", "description",
)  # fmt: skip
# Of frontends, backends and servers: the column, and what it is called here.
STAT = {
    "slim": "maxconn", "qlimit": "queue limit", "rate_lim": "rate limit", "mode": "mode", "algo": "balance",
    "cookie": "cookie", "addr": "address", "tracked": "tracks", "check_rise": "checks to rise",
    "check_fall": "checks to fall",
}  # fmt: skip
STATE = {
    "srv_addr": "address", "srv_fqdn": "name", "srv_port": "port", "srvrecord": "SRV record", "srv_use_ssl": "TLS",
    "srv_check_addr": "check address", "srv_check_port": "check port", "srv_agent_addr": "agent address",
    "srv_agent_port": "agent port", "srv_iweight": "weight as configured",
}  # fmt: skip
CHECKS = {"srv_check_state": "checks", "srv_agent_state": "agent checks"}
CONFIGURED, ENABLED, PAUSED = 2, 4, 8  # bits of these; another says that a check is under way
_LIST = re.compile(r"^(\d+) \((.*?)\)", re.MULTILINE)


def settings(text: str) -> dict[str, str]:
    """The items of an answer to `ASKED`, or of the CSV of a statistics page."""
    items: dict[str, str] = {}
    for piece in (one.strip("> \n") for one in re.split(r"\n\s*\n", text)):
        if piece.startswith("Name:"):
            said = dict(line.partition(": ")[::2] for line in piece.splitlines())
            items |= {f"process {name}": said[name].strip() for name in INFO if said.get(name, "").strip()}
        elif "# be_id" in piece:
            items |= dict(_of_state(piece))
        elif "# pxname" in piece:
            items |= dict(_of_stat(piece))
    # An address with its port says both.
    told = {f"{name.removesuffix('address')}port": value.rpartition(":")[2] for name, value in items.items()
            if name.endswith(" address")}  # fmt: skip
    return {name: value for name, value in items.items() if told.get(name) != value}


def _of_stat(text: str) -> Iterator[tuple[str, str]]:
    for row in csv.DictReader(text.partition("# ")[2].splitlines()):
        if not row.get("svname"):
            continue
        name = f"{row['pxname']}/{row['svname']}"
        for column, words in STAT.items():
            if value := (row.get(column) or "").strip():
                yield f"{name} {words}", value
        if row.get("type") == "2" and row.get("bck") == "1":
            yield f"{name} backup", "yes"


def _of_state(text: str) -> Iterator[tuple[str, str]]:
    _, _, table = text.partition("# ")
    head, *rows = table.splitlines()
    for line in rows:
        row: Mapping[str, str] = dict(zip(head.split(), line.split(), strict=False))
        name = f"{row.get('be_name')}/{row.get('srv_name')}"
        for column, words in STATE.items():
            if row.get(column, "-") not in ("-", "0"):
                yield f"{name} {words}", row[column]
        for column, words in CHECKS.items():
            bits = int(row.get(column, "0")) if row.get(column, "0").isdigit() else 0
            if bits & CONFIGURED:
                yield f"{name} {words}", "paused" if bits & PAUSED else "on" if bits & ENABLED else "off"


def lists(text: str) -> dict[str, str]:
    """Which maps and lists there are: the command that shows one -> what it is called. HAProxy's own are left out."""
    found: dict[str, str] = {}
    kinds = iter(("map", "acl"))
    for piece in re.split(r"\n\s*\n", text):
        if "# id (file)" in piece:
            kind = next(kinds, "acl")
            for number, file in _LIST.findall(piece):
                if file:
                    found[f"show {kind} #{number}"] = f"{'map' if kind == 'map' else 'list'} {file}"
    return dict(list(found.items())[:MAX_LISTS])


def entries(name: str, text: str) -> dict[str, str]:
    """The item of one map or list: how many entries it has, and a hash of them."""
    lines = sorted(line.partition(" ")[2] for line in text.strip("> \n").splitlines() if line.startswith("0x"))
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    return {name: f"{len(lines)} entries, hash {digest}"}


def part(items: Mapping[str, str], *, page: bool) -> StatePart:
    """The part `settings`."""
    unseen = UNSEEN_OF_PAGE if page else UNSEEN
    if not items:
        return StatePart(None, "HAProxy told nothing of its settings")
    return StatePart(dict(sorted(items.items())), unseen=unseen)

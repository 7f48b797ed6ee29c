"""The counters in Prometheus' text format, under the original's names."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import Iterable

from .registry import Registry

Sample = tuple[dict[str, str], float]
STARTED = time.time()


def text(registry: Registry, proxies: bool, runtime: bool) -> str:
    """What is switched on: traffic through the proxies, the process."""
    lines: list[str] = []
    if proxies:
        lines += _proxies(registry)
    if runtime:
        lines += _runtime()
    return "\n".join(lines) + "\n"


def family(name: str, kind: str, help_: str, samples: Iterable[Sample]) -> list[str]:
    lines = [f"# HELP {name} {help_}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{escape(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.17g}" if inside else f"{name} {value:.17g}")
    return lines


def escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _proxies(registry: Registry) -> list[str]:
    received: list[Sample] = []
    sent: list[Sample] = []
    accepted: list[Sample] = []
    opened: list[Sample] = []
    toxics: dict[str, list[Sample]] = {"connections": [], "bytes": [], "closed": []}
    for proxy in registry.proxies.values():
        names = {"listener": proxy.listen, "proxy": proxy.name, "upstream": proxy.upstream}
        totals = proxy.totals()
        for direction, short in (("upstream", "up"), ("downstream", "down")):
            received.append(({"direction": direction, **names}, totals[f"received_{short}"]))
            sent.append(({"direction": direction, **names}, totals[f"sent_{short}"]))
        accepted.append((names, proxy.accepted))
        opened.append((names, len(proxy.links)))
        for toxic in proxy.toxics:
            labels = {"proxy": proxy.name, "toxic": toxic.name, "type": toxic.kind.type}
            for name, samples in toxics.items():
                samples.append((labels, getattr(toxic, name)))
    lines = family("toxiproxy_proxy_received_bytes_total", "counter", "Bytes that arrived at the proxy.", received)
    lines += family("toxiproxy_proxy_sent_bytes_total", "counter", "Bytes that the proxy passed on.", sent)
    lines += family("toxiproxy_proxy_connections_total", "counter", "Connections that were accepted.", accepted)
    lines += family("toxiproxy_proxy_connections_open", "gauge", "Connections that are open.", opened)
    for name, samples in toxics.items():
        help_ = {
            "connections": "Connections that a toxic applied to.",
            "bytes": "Bytes that went through a toxic.",
            "closed": "Connections that a toxic ended or refused.",
        }[name]
        lines += family(f"toxiproxy_toxic_{name}_total", "counter", help_, samples)
    return lines


def _runtime() -> list[str]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    python = {"event_loop": loop, "version": ".".join(map(str, sys.version_info[:3]))}
    lines = family("python_info", "gauge", "The Python and the event loop that run the server.", [(python, 1)])
    cpu = usage.ru_utime + usage.ru_stime
    lines += family("process_cpu_seconds_total", "counter", "Processor time used, in seconds.", [({}, cpu)])
    lines += family("process_start_time_seconds", "gauge", "When the server started, in Unix time.", [({}, STARTED)])
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib is not loaded here
            pages = file.read().split()
        page = os.sysconf("SC_PAGE_SIZE")
        descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    except OSError:
        return lines  # not on Linux
    lines += family("process_virtual_memory_bytes", "gauge", "Virtual memory, in bytes.", [({}, int(pages[0]) * page)])
    lines += family(
        "process_resident_memory_bytes", "gauge", "Resident memory, in bytes.", [({}, int(pages[1]) * page)]
    )
    lines += family("process_open_fds", "gauge", "Open file descriptors.", [({}, descriptors)])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return lines + family("process_max_fds", "gauge", "How many may be open.", [({}, limit)])

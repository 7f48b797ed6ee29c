"""Addresses as `host:port`, and listening sockets, with the original's error texts."""

from __future__ import annotations

import asyncio
import os
import socket

from .errors import ApiError, internal

BACKLOG = 4096
LOOKUP_SECONDS = 5.0


def split(address: str) -> tuple[str, str]:
    """`host:port`, `[v6]:port` or `:port` as (host, port text). Raises ValueError with the reason."""
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        raise ValueError(f"address {address}: missing port in address")
    if host.startswith("["):
        if not host.endswith("]"):
            raise ValueError(f"address {address}: missing ']' in address")
        return host[1:-1], port
    if ":" in host:
        raise ValueError(f"address {address}: too many colons in address")
    return host, port


def port_number(port: str) -> int:
    """A number from 0 to 65535, or a service's name. Raises ValueError with the reason."""
    if port.isascii() and port.isdigit():
        if len(port) <= 5 and int(port) <= 65535:
            return int(port)
        raise ValueError(f"address {port}: invalid port")
    if not port:
        return 0
    try:
        return socket.getservbyname(port, "tcp")
    except (OSError, UnicodeError, ValueError):
        raise ValueError(f"lookup tcp/{port}: unknown port") from None


def join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolve(host: str, port: int) -> str:
    """The first address of a name; IPv4 is preferred. Raises ValueError with the reason."""
    loop = asyncio.get_running_loop()
    try:
        asked = loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = await asyncio.wait_for(asked, LOOKUP_SECONDS)
    except TimeoutError:
        raise ValueError(f"lookup {host}: i/o timeout") from None
    except (OSError, UnicodeError, ValueError):
        raise ValueError(f"lookup {host}: no such host") from None
    addresses = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return str(addresses[0][4][0])


async def canonical(listen: str) -> tuple[str, int]:
    """(address, port) of a listen text; no host at all means every address. Raises ValueError with the reason."""
    if not listen:
        return "", 0
    host, port_text = split(listen)
    port = port_number(port_text)
    if not host:
        return "", port
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, UnicodeError, ValueError):
            continue
        return host, port
    return await resolve(host, port), port


async def listen_on(listen: str) -> socket.socket:
    """A listening socket. Raises ApiError 500 with the original's text."""
    try:
        host, port = await canonical(listen)
    except ValueError as error:
        raise internal(f"listen tcp: {error}") from None
    try:
        return _bind(host, port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        shown = join(host, port)
        raise _listen_error(f"listen tcp {shown}: bind: {reason[:1].lower()}{reason[1:]}", error) from None


class InUse(ApiError):
    """The address is taken, perhaps by the proxy that asks for it."""


def _listen_error(message: str, error: OSError) -> ApiError:
    return InUse(message, 500) if error.errno == 98 else internal(message)


def _bind(host: str, port: int) -> socket.socket:
    if not host:
        try:
            return _open(socket.AF_INET6, "::", port)
        except OSError as error:
            if error.errno == 98:
                raise
            return _open(socket.AF_INET, "0.0.0.0", port)  # noqa: S104 - a machine without IPv6
    return _open(socket.AF_INET6 if ":" in host else socket.AF_INET, host, port)


def _open(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def address_of(opened: socket.socket) -> str:
    name = opened.getsockname()
    return join(name[0], name[1])

"""Which addresses connections may be made to: all, or those of the networks that `-upstreams` names.

A name is looked up first and its addresses are checked, so that no name leads out of these networks.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from .address import join


class NotAllowed(OSError):
    """The upstream has no address in the networks."""


class Upstreams:
    """The networks that connections may be made to; none at all means everywhere."""

    def __init__(self, text: str = "") -> None:
        """Read `10.213.0.0/26, fd00::/64`. Raises ValueError with the reason."""
        self._networks: list[Any] = []
        if text:
            from ipaddress import ip_network  # not needed, and slow to load, where everything is allowed

            self._networks = [ip_network(part.strip()) for part in text.split(",")]

    def __str__(self) -> str:
        return ", ".join(map(str, self._networks)) or "everywhere"

    def allows(self, address: str) -> bool:
        """Whether a connection to an address (a number, not a name) may be made."""
        if not self._networks:
            return True
        from ipaddress import ip_address

        found = ip_address(address)
        return any(found in network for network in self._networks)

    async def connect(self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> Any:
        """Connect to the first address of a host that answers; (transport, protocol).

        Raises:
            NotAllowed: none of its addresses is in the networks.
            OSError: none answers, or the name is not known.
        """
        loop = asyncio.get_running_loop()
        if not self._networks:
            return await loop.create_connection(factory, host, port)
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        allowed = [address for address in addresses if self.allows(address)]
        failed: OSError = NotAllowed(
            errno.EACCES, f"{', '.join(join(one, port) for one in addresses)} is not in {self} (-upstreams)"
        )
        for address in allowed:
            try:
                return await loop.create_connection(factory, address, port)
            except OSError as error:
                failed = error
        raise failed

"""Runs in a replica. Says as JSON what became of each `address:port` that it is told: what was read, or the error.

`--by GATEWAY NETWORK` first adds a route, for which the replica needs NET_ADMIN.
"""

import fcntl
import ipaddress
import json
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 2.0  # s; what is to be reached answers within milliseconds, and a busy machine is given time
SIOCADDRT, UP_AND_GATEWAY = 0x890B, 3


def address(text: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def add_route(gateway: str, network: str) -> None:
    to = ipaddress.ip_network(network)
    parts = [address(str(to.network_address)), address(gateway), address(str(to.netmask))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        entry = struct.pack("8x16s16s16sH70x", *parts, UP_AND_GATEWAY)
        fcntl.ioctl(opened, SIOCADDRT, entry)


def attempt(place: str) -> str:
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), PATIENCE) as opened:
            opened.sendall(b"GET /version HTTP/1.0\r\n\r\n")
            return "read " + opened.recv(2000).decode("utf-8", "replace")
    except OSError as error:
        return f"error {error}"


if sys.argv[1] == "--by":
    add_route(*sys.argv[2:4])
    del sys.argv[1:4]
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(sys.argv[1:], pool.map(attempt, sys.argv[1:]), strict=True))))

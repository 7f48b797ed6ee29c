"""Runs in a replica. Sends frames of its own making to this machine's end of the network: an echo request to its IPv6
address there, and the question who has an IPv4 address of this machine. Prints which of the two was answered.

`frames.py MAC IPV6 IPV4`: the addresses of this machine.
"""

import socket
import struct
import sys
import time

LISTEN = 1.5  # s
mac, its_6, its_4 = sys.argv[1:]
opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # every protocol
opened.bind(("eth0", 0))
me: bytes = opened.getsockname()[4]
bridge = bytes.fromhex(mac.replace(":", ""))
mine = bytes.fromhex("fe80000000000000") + bytes([me[0] ^ 2]) + me[1:3] + b"\xff\xfe" + me[3:]
theirs = socket.inet_pton(socket.AF_INET6, its_6)


def icmp(body: bytes) -> bytes:
    """A frame of ICMPv6, whose checksum is still to come in the body's bytes 2 and 3."""
    counted = mine + theirs + struct.pack("!II", len(body), 58) + body
    total = sum(struct.unpack(f"!{len(counted) // 2}H", counted))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
    return bridge + me + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + mine + theirs + body


opened.send(icmp(b"\x80\0\0\0\0\1\0\1ping"))
ask = struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + me + bytes(4) + bytes(6) + socket.inet_aton(its_4)
opened.send(b"\xff" * 6 + me + b"\x08\x06" + ask)
answered, until = set(), time.monotonic() + LISTEN
while (left := until - time.monotonic()) > 0:
    opened.settimeout(left)
    try:
        frame = opened.recv(2000)
    except TimeoutError:
        break
    if frame[6:12] != bridge:
        continue
    if frame[12:14] == b"\x08\x06" and frame[21] == 2:
        answered.add("ARP")
    elif frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 129:
        answered.add("IPv6")
    elif frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135:  # where do we live?
        opened.send(icmp(b"\x88\0\0\0\x60\0\0\0" + mine + b"\x02\x01" + me))
print(*sorted(answered))

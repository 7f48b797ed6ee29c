"""Servers that are asked in lines of text over a socket: its two ends are made the input and output of a program."""

from __future__ import annotations

import shlex

_PERL = """use Socket; my ($p, $h, $n) = @ARGV;
if ($p) { socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($p)) or die "$p: $!\\n" }
else { my $a = inet_aton($h) or die "$h is not known\\n";
socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in($n, $a)) or die "$h:$n: $!\\n" }
my $c = fork; my ($from, $to) = $c ? (\\*STDIN, \\*S) : (\\*S, \\*STDOUT);
while (sysread($from, my $b, 65536)) { syswrite($to, $b) } waitpid($c, 0) if $c"""
_PYTHON = """import os, socket, sys, threading
path, host, port = sys.argv[1:]
s = socket.socket(socket.AF_UNIX) if path else socket.create_connection((host, int(port)))
if path: s.connect(path)
def out():
    while data := s.recv(65536): os.write(1, data)
threading.Thread(target=out).start()
while data := os.read(0, 65536): s.sendall(data)"""


def connected(address: str) -> str:
    """The shell text that becomes a connection with `/path` or `host:port`. It ends when the server ends it.

    Images of servers rarely have the same tool, so this tries whatever can open a socket; but for curl, whose telnet
    sometimes holds back the end of a long answer.
    """
    quoted = shlex.quote(address)
    path = address.startswith("/")
    host, _, port = ("", "", "0") if path else address.rpartition(":")
    host = host.strip("[]")
    words = shlex.join([address if path else "", host, port])
    tools = {
        "socat": f"socat -t 5 - {'UNIX-CONNECT' if path else 'TCP'}:{quoted}",
        "nc": f"nc -U {quoted}" if path else f"nc {shlex.quote(host)} {port}",
        "bash": f"bash -c 'exec 3<>\"/dev/tcp/$0/$1\" || exit; cat <&3 & cat >&3; wait' {shlex.quote(host)} {port}",
        "perl": f"perl -e {shlex.quote(_PERL)} {words}",
        "python3": f"python3 -c {shlex.quote(_PYTHON)} {words}",
    }
    if path:
        del tools["bash"]
    there = {tool: f"command -v {tool} >/dev/null 2>&1" for tool in tools}
    if path:
        there["nc"] += " && nc -h 2>&1 | grep -q -e -U"  # busybox's has no unix sockets
    tried = "\n".join(f"if {there[tool]}; then exec {line}; fi" for tool, line in tools.items())
    return f"{tried}\necho 'the image has none of {', '.join(tools)}' >&2; exit 127"

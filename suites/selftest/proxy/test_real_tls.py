"""TLS passes untouched, also through the toxics that would read what is in it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from suites.selftest.proxy.conftest import Make
from suites.selftest.proxy.peers import read_exactly

READERS = ["redis_error", "redis_swallow", "postgres_error", "http_status"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(place), "-out", f"{place}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    place.write_text(place.read_text() + Path(f"{place}.crt").read_text())
    return place


@pytest.mark.parametrize("early", [True, False])
def test_tls_passes_untouched(ours: object, through: Make, certificate: Path, early: bool) -> None:
    """The client trusts nobody but the service, so whatever is changed on the way ends the connection."""
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(certificate)
    outside = ssl.create_default_context(cafile=str(certificate))

    def echo(opened: socket.socket) -> None:
        with inside.wrap_socket(opened, server_side=True) as secure:
            while data := secure.recv(65536):
                secure.sendall(data)

    made = through(echo)
    request = b"GET / HTTP/1.1\r\n\r\n*1\r\n$8\r\nFLUSHALL\r\nQ\0\0\0\x0dSELECT 1\0" * 5000
    if early:
        for type_ in READERS:
            made.toxic(type_)
    with outside.wrap_socket(made.connect(), server_hostname="127.0.0.1") as client:
        if not early:
            for type_ in READERS:
                made.toxic(type_)
        for at in range(0, len(request), 50_000):
            client.sendall(request[at : at + 50_000])
            piece = request[at : at + 50_000]
            assert read_exactly(client, len(piece)) == piece
    assert [made.stats()["toxics"][f"{type_}_upstream"]["bytes"] for type_ in READERS] == [0] * 4

"""One HTTP/1.1 request after the other over kept connections, with h11 over asyncio's streams."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import h11

from harness.workload.spec import IDEMPOTENT, Spec

LARGEST = 4 << 20  # bytes of an answer


class Failed(Exception):
    """A request was not answered. `code` is one of the codes of `spec.CODES`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Connection:
    """A connection, kept open between requests as long as both sides agree."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))
    reused: bool = False
    answered: bool = False  # a byte of the present answer was read
    ended: bool = False  # the other side closed

    @property
    def stale(self) -> bool:
        """It was closed while it was idle."""
        return self.reader.at_eof() or self.reader.exception() is not None or self.writer.is_closing()

    def close(self) -> None:
        """Let go of it at once."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.transport.abort()


class Client:
    """Sends the requests of a spec. One request per connection at a time; idle connections are used again."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._idle: list[Connection] = []
        given = {name.lower() for name in spec.headers}
        self._headers = list(spec.headers.items())
        if "host" not in given:
            self._headers.append(("Host", f"{spec.host}:{spec.port}"))
        self._served_by = spec.served_by.lower().encode() if spec.served_by else None

    async def send(self, number: int) -> tuple[int, str]:
        """One request, for this id. Returns the code of its sample, and who served it (or an empty text)."""
        try:
            async with asyncio.timeout(self.spec.timeout):
                return await self._send(number)
        except Failed as failed:
            return failed.code, ""
        except TimeoutError:
            return 1, ""

    async def _send(self, number: int) -> tuple[int, str]:
        connection = await self._take()
        try:
            return await self._exchange(connection, number)
        except Failed as failed:
            # Only here is it safe to ask again: the server closed an idle connection under our request, nothing of an
            # answer came, and asking twice does no harm. Everything else is a failure that a user would have seen.
            stale = connection.reused and not connection.answered and failed.code in (3, 4)
            if not stale or self.spec.method not in IDEMPOTENT:
                raise
        return await self._exchange(await self._open(), number)

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.stale:
                return connection
            connection.close()
        return await self._open()

    async def _open(self) -> Connection:
        try:
            reader, writer = await asyncio.open_connection(self.spec.host, self.spec.port)
        except OSError as error:
            raise Failed(_code(error)) from error
        return Connection(reader, writer)

    async def _exchange(self, connection: Connection, number: int) -> tuple[int, str]:
        kept = False
        try:
            connection.answered = False
            connection.writer.write(self._request(connection.http, number))
            await connection.writer.drain()
            answer = await self._answer(connection)
            http = connection.http
            if http.our_state is h11.DONE and http.their_state is h11.DONE:
                http.start_next_cycle()
                connection.reused = kept = True
                self._idle.append(connection)
        except h11.RemoteProtocolError as error:
            raise Failed(4 if connection.ended else 5) from error
        except OSError as error:
            raise Failed(_code(error)) from error
        else:
            return answer
        finally:
            if not kept:
                connection.close()

    def _request(self, http: h11.Connection, number: int) -> bytes:
        spec, headers = self.spec, self._headers
        body = spec.body.replace("{id}", str(number)).encode() if spec.body is not None else b""
        if body or spec.method in ("POST", "PUT", "PATCH"):
            headers = [*headers, ("Content-Length", str(len(body)))]
        target = spec.path.replace("{id}", str(number))
        parts = [http.send(h11.Request(method=spec.method, target=target, headers=headers))]
        parts += [http.send(h11.Data(data=body))] if body else []
        return b"".join(part for part in [*parts, http.send(h11.EndOfMessage())] if part)

    async def _answer(self, connection: Connection) -> tuple[int, str]:
        status, server, size = 0, "", 0
        while True:
            event = connection.http.next_event()
            if event is h11.NEED_DATA:
                data = await connection.reader.read(65536)
                connection.answered = connection.answered or bool(data)
                connection.ended = not data
                connection.http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
                server = self._server(event)
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size > LARGEST:
                    raise Failed(6)
            elif isinstance(event, h11.EndOfMessage):
                return status, server
            elif isinstance(event, h11.ConnectionClosed):
                raise Failed(4)

    def _server(self, response: h11.Response) -> str:
        if self._served_by is None:
            return ""
        found = next((value for name, value in response.headers if name == self._served_by), b"")
        return found.decode("latin-1")[:100]


def _code(error: OSError) -> int:
    if isinstance(error, ConnectionRefusedError):
        return 2
    if isinstance(error, TimeoutError):
        return 1
    return 3 if isinstance(error, ConnectionError) else 7

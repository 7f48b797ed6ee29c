"""What every adapter is: what a stack declares of a server, and how that server is asked."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import Field, WithJsonSchema

from harness.clock import Clock
from harness.events import ProbeServer
from harness.fingerprint import StatePart
from harness.kept import KeptProgram, Response, Startable
from harness.printable import shortened
from harness.stack.base import Truth, Word, of_form, wrong
from harness.stack.xharness.base import Block
from harness.stack.xharness.servers import DeclaredServer

HOST_PORT = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}"
PATH, PAGE = r"/.+", r"https?://.+"


HostOrPath = Annotated[
    str,
    of_form(f"{HOST_PORT}|{PATH}", "address:port, or the path of a unix socket"),
    WithJsonSchema({"type": "string", "pattern": f"^({HOST_PORT}|{PATH})$"}),
]
PageAddress = Annotated[
    str,
    of_form(PAGE, "an address such as http://127.0.0.1:8080/status"),
    WithJsonSchema({"type": "string", "pattern": f"^{PAGE}$"}),
]


class Password(Block):
    """Where a password is, in the replica. The harness never sees it."""

    variable: Annotated[str, of_form(r"[A-Za-z_]\w*", "the name of a variable")] | None = Field(
        default=None, description="A variable of the container."
    )
    file: Annotated[str, of_form(PATH, "an absolute path, such as /run/secrets/password")] | None = Field(
        default=None, description="A file in the replica; the line end after the password does not count."
    )

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two."""
        if len(values) != 1:
            raise wrong("one of variable and file")
        return values

    def shell(self) -> str:
        """The password as a word of shell."""
        return f'"${self.variable}"' if self.variable else f'"$(cat {shlex.quote(self.file or "")})"'


class ServerTls(Block):
    """How TLS is spoken. Paths are those of the replica."""

    ca: Word | None = Field(default=None, description="Certificates to trust; left out, the client's own.")
    certificate: Word | None = Field(
        default=None, description="The client's certificate, where the server asks for one."
    )
    key: Word | None = Field(default=None, description="The key of that certificate.")
    verify: Truth = Field(default=True, description="Whether the server's certificate is checked.")


class DeclaredQueue(Block):
    """A queue of jobs in the server; what is asked is the adapter's."""

    holds: Literal["time", "age"] = Field(
        default="time",
        description="What is known of the oldest job: when it was queued (Unix time, ISO 8601), or its age in seconds.",
    )


class RawAnswer(Protocol):
    """What a command left."""

    @property
    def exit_code(self) -> int: ...
    @property
    def stdout(self) -> bytes: ...
    @property
    def stderr(self) -> bytes: ...


Ask = Callable[[str], RawAnswer]
"""Runs a shell text in the replica, as root. Raises HostError."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one sample says: its fields, and why those that are missing are not known."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class QueueAnswer:
    """What was answered about a queue, not yet read as numbers.

    Attributes:
        depth: how many jobs wait.
        oldest: time or age of the oldest, as declared; None where no job waits.
        known: whether the age of the oldest was asked for.
        error: why it could not be told.
    """

    depth: Any
    oldest: Any = None
    known: bool = True
    error: str | None = None


class ServerConnection(Protocol):
    """A client that is kept open in a replica. Every `ask` is followed by one `answer`."""

    def ask(self, *questions: str) -> None:
        """Send questions; their answers come as one text."""

    def answer(self, until: float) -> Response:
        """What was answered by `until`, in monotonic seconds."""

    def close(self) -> None:
        """End the client."""


class Sampling(Protocol):
    """Samples one server again and again. Neither call waits longer than it is told to."""

    def ask(self, tick: int) -> None: ...
    def answer(self, until: float) -> Sample: ...
    def close(self) -> None: ...


class Client:
    """A command-line client that reads questions from its standard input, a line or more each.

    Args:
        shell: the shell text that becomes the client.
        end: what makes it print `{token}` on a line of its own, after the answers.
        mark: what ends every answer, where nothing can be made to print a token.
        greeting: sent once, at the start.
        refused: how a line begins after which nothing more will come.
        failed: how a line begins that means that a question failed.
    """

    def __init__(
        self,
        replica: Startable,
        shell: str,
        end: str = "",
        *,
        mark: bytes = b"",
        greeting: str = "",
        refused: Sequence[bytes] = (),
        failed: tuple[str, ...] = (),
    ) -> None:
        token = secrets.token_hex(8)
        self._end, self._failed = end.format(token=token), failed
        argv = ["/bin/sh", "-c", f"exec 2>&1\n{shell}"]
        self._kept = KeptProgram(
            lambda: replica.start(argv, stdin=True),
            mark or f"{token}\n".encode(),
            greeting=(greeting + self._end).encode() if greeting else b"",
            refused=refused,
            runs=lambda: replica.runs,
        )

    def ask(self, *questions: str) -> None:
        """Send questions."""
        self._kept.ask(("".join(f"{one}\n" for one in questions) + self._end).encode())

    def answer(self, until: float) -> Response:
        """What they answered; where one failed, None and the server's words."""
        heard = self._kept.answer(until)
        if heard.text is not None and self._failed:
            failed = next((line for line in heard.text.splitlines() if line.startswith(self._failed)), None)
            if failed is not None:
                return Response(None, shortened(failed))
        return heard

    def close(self) -> None:
        """End it."""
        self._kept.close()


class SimpleSampling:
    """Samples a server by the same questions every time."""

    def __init__(self, connection: ServerConnection, questions: Sequence[str], read: Callable[[str], Sample]) -> None:
        self._connection, self._questions, self._read = connection, questions, read

    def ask(self, tick: int) -> None:  # noqa: ARG002
        """Send the questions."""
        self._connection.ask(*self._questions)

    def answer(self, until: float) -> Sample:
        """Take the answer."""
        heard = self._connection.answer(until)
        return Sample(error=heard.error or "no answer") if heard.text is None else self._read(heard.text)

    def close(self) -> None:
        """End the client."""
        self._connection.close()


class ServerAdapter(DeclaredServer):
    """One server of a stack. Subclasses give `kind` and what their product can answer.

    Attributes:
        event: what a sample is recorded as.
        parts: of a fingerprint, those that it tells.
        locks: its samples tell who waits for a lock.
    """

    event: ClassVar[type[ProbeServer]]
    parts: ClassVar[tuple[str, ...]]
    locks: ClassVar[bool] = False

    def connect(self, replica: Startable) -> ServerConnection:
        """A client that is kept open in the replica."""
        raise NotImplementedError

    def once(self, *questions: str) -> list[str]:
        """The command that asks the same questions once; it prints what `ServerConnection.answer` gives."""
        raise NotImplementedError

    def sample(self, replica: Startable) -> Sampling:
        """What samples this server."""
        raise NotImplementedError

    def fingerprint(
        self, ask: Ask, releases: Collection[str], clock: Clock, own: Collection[str] = ()
    ) -> Mapping[str, StatePart]:
        """Its state: all of `parts`. What the server does not tell is an error of the part.

        Args:
            releases: the names of the stack's releases, which may be part of the names of things.
            own: what the keys of the load's requests begin with: data with one of these in it is the load's own.

        Raises:
            HostError: the replica cannot be asked.
        """
        raise NotImplementedError

    def queue_questions(self) -> tuple[str, ...]:
        """What asks for the declared queue: its depth and, where that is declared, its oldest job."""
        return ()

    def read_queue(self, text: str) -> QueueAnswer:
        """What the answer to `queue_questions` says: the depth on the first line, the oldest after it."""
        first, _, rest = text.partition("\n")
        if len(self.queue_questions()) == 1:
            return QueueAnswer(text if rest else first, known=False)
        told: Any = rest.strip()
        name = getattr(self.queued, "field", None)
        if told and name is not None:
            try:
                told = json.loads(told)[name]
            except (ValueError, TypeError, KeyError, RecursionError):
                return QueueAnswer(first, error=shortened(f"no field {name!r} in the oldest job: {told}"))
        return QueueAnswer(first, told if told != "" else None)

    @property
    def queued(self) -> DeclaredQueue | None:
        """The queue that is declared."""
        found: DeclaredQueue | None = getattr(self, "queue", None)
        return found

    def readback_question(self, key: str) -> str:
        """What asks for the work whose key begins with `key`: a line for each piece, after a tab how often."""
        raise NotImplementedError


def piped(questions: Sequence[str], shell: str) -> list[str]:
    """The command that puts questions into a client's standard input, with the output of both streams."""
    text = shlex.quote("".join(f"{one}\n" for one in questions))
    return ["sh", "-c", f"printf %s {text} | (\n{shell}\n) 2>&1"]


def complaint(answer: RawAnswer) -> str:
    """What a command says of its failure: the line with an error, else its last words, else what it printed first."""
    said = answer.stderr.decode("utf-8", "replace").strip().splitlines()
    errors = [line for line in said if "ERROR" in line or "[emerg]" in line]
    printed = answer.stdout.decode("utf-8", "replace").strip().splitlines()
    words = (errors or said)[-1:] or printed[:1] or [f"exit code {answer.exit_code}"]
    return words[0][:200]


def items_of(text: str | None, why: str) -> StatePart:
    """A JSON object of texts as items; an error of these words where it is not one."""
    try:
        found = json.loads(text or "")
        return StatePart({str(key): "" if value is None else str(value) for key, value in found.items()})
    except (ValueError, AttributeError):
        return StatePart(None, why)

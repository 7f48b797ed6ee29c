"""MySQL and MariaDB, asked with `mariadb` or `mysql`.

A sample is taken over one client that is kept open. A fingerprint holds the schema of the database, the contents of
declared tables, privileges, settings that were set, and migrations.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import Any, ClassVar, Literal

from pydantic import Field

from harness import redaction
from harness.clock import Clock
from harness.events import ProbeMysql, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.servers import _mysql_contents
from harness.servers._base import (
    Ask,
    Client,
    HostOrPath,
    Password,
    ServerAdapter,
    ServerTls,
    complaint,
    piped,
)  # fmt: skip
from harness.servers._mysql_sampling import ERROR, SETUP, MysqlSampling
from harness.servers._sql import MIGRATION_TABLES, SqlQueue, Table, pieces, quoted, statement, table_and_columns
from harness.stack.base import Word

MARK = ":::"
# The first known table that is there, as `@q`, a query.
FIND = """SELECT '::: known';
SET @q = (SELECT concat('SELECT `', column_name, '`, '''' FROM `', table_name, '`') FROM information_schema.columns
WHERE table_schema = database() AND concat(table_name, '.', column_name) IN ({names})
ORDER BY field(concat(table_name, '.', column_name), {names}) LIMIT 1);
SELECT @q IS NOT NULL;
SET @q = coalesce(@q, 'SELECT 1 FROM dual WHERE false');
"""
# The sum does not depend on the order of the rows, and needs no sorting.
TABLE = """SET @q = (SELECT concat('SELECT ', {name}, ', concat(count(*), '' rows, hash '',
    coalesce(sum(cast(conv(left(md5(concat_ws('','', ',
    group_concat('quote(`', column_name, '`)' ORDER BY ordinal_position), ')), 15), 16, 10) AS unsigned)), 0)) FROM ',
    {table}) FROM information_schema.columns
WHERE table_schema = {schema} AND table_name = {bare}{columns});
"""
RUN = "PREPARE q FROM @q;\nEXECUTE q;\n"


class MySQL(ServerAdapter):
    """A MySQL or MariaDB database."""

    event: ClassVar[type[ProbeServer]] = ProbeMysql
    parts: ClassVar[tuple[str, ...]] = ("schema", "tables", "contents", "roles", "settings", "migrations")
    locks: ClassVar[bool] = True

    kind: Literal["mysql", "mariadb"] = Field(description="MySQL or MariaDB.")
    user: Word = Field(description="Who connects.")
    database: Word = Field(description="The database's name.")
    password: Password | None = Field(
        default=None, description="Left out: MYSQL_PWD, or what the official images call the user's password."
    )
    address: HostOrPath | None = Field(
        default=None, description="address:port, or the path of its unix socket; left out, the client's own."
    )
    tls: ServerTls | None = Field(default=None, description="TLS, over an address:port.")
    tables: tuple[Table, ...] = Field(
        default=(),
        description="Tables whose rows a rollback has to restore; of plans(id, name) only these columns count.",
    )
    migrations: Word | None = Field(
        default=None, description="A query for the migrations that were applied; left out, a known tool's table."
    )
    queue: SqlQueue | None = Field(default=None, description="A queue in this database.")
    readback: Word | None = Field(
        default=None, description="The SELECT of the work whose key begins with {key}, and how often each was done."
    )

    def shell(self, *options: str) -> str:
        """The shell text that becomes a client which reads statements and never asks for a password."""
        names = (
            ("MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD")
            if self.user == "root"
            else ("MYSQL_PASSWORD", "MARIADB_PASSWORD")
        )
        usual = f'"${{MYSQL_PWD:-${{{names[0]}:-${names[1]}}}}}"'
        words = ["-N", "-B", "--unbuffered", *options, "-u", self.user, "-D", self.database]
        if self.address is not None:
            host, _, port = self.address.rpartition(":")
            local = self.address.startswith("/")
            words += ["-S", self.address] if local else ["-h", host.strip("[]"), "-P", port, "--protocol=TCP"]
        text = f"export MYSQL_PWD={self.password.shell() if self.password else usual}\n"
        text += "c=mariadb t=; command -v mariadb >/dev/null 2>&1 || c=mysql\n"
        if self.tls is not None:
            given = {"--ssl-ca": self.tls.ca, "--ssl-cert": self.tls.certificate, "--ssl-key": self.tls.key}
            words += [f"{option}={path}" for option, path in given.items() if path]
            mysql = "VERIFY_IDENTITY" if self.tls.verify else "REQUIRED"
            mariadb = f"--ssl --{'' if self.tls.verify else 'skip-'}ssl-verify-server-cert"
            text += f"case $($c --version) in *MariaDB*) t='{mariadb}';; *) t=--ssl-mode={mysql};; esac\n"
        return f"{text}exec $c {shlex.join(words)} $t"

    def connect(self, replica: Startable) -> Client:
        """A client kept open, which goes on after an error."""
        return Client(replica, self.shell("-f"), "SELECT '{token}';\n", greeting=SETUP)

    def once(self, *questions: str) -> list[str]:
        """A client that ends at the first statement that fails."""
        return piped(questions, self.shell())

    def sample(self, replica: Startable) -> MysqlSampling:
        """Samples it."""
        return MysqlSampling(self.connect(replica))

    def queue_questions(self) -> tuple[str, ...]:
        """The statements that are declared."""
        return self.queue.questions() if self.queue else ()

    def readback_question(self, key: str) -> str:
        """The statement that is declared."""
        return statement((self.readback or "").replace("{key}", key))

    def fingerprint(
        self,
        ask: Ask,
        releases: Collection[str],  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        own: Collection[str] = (),
    ) -> Mapping[str, StatePart]:
        """All parts: by one script, and one for the contents of the tables that there are."""
        answer = ask(f"(\n{self.shell('-f')}\n) 2>&1 <<'END_OF_QUESTIONS'\n{self.script()}\nEND_OF_QUESTIONS")
        found = pieces(answer.stdout.decode("utf-8", "replace"), MARK)
        if not found:
            return dict.fromkeys(self.parts, StatePart(None, f"mysql: {complaint(answer)}"))
        parts = {name: _part(found.get(name)) for name in ("schema", "roles", "settings")}
        settings = parts["settings"].items
        if settings is not None:
            parts["settings"] = StatePart({name: redaction.setting(name, value) for name, value in settings.items()})
        parts["migrations"] = _part(found.get("migrations"))
        if found.get("known") == "0":
            parts["migrations"] = StatePart(None, absent="no table of a migration tool that is known")
        parts["tables"] = self._tables(found)
        parts["contents"] = self._contents(ask, own)
        return parts

    def _contents(self, ask: Ask, own: Collection[str]) -> StatePart:
        there = ask(self._asking(_mysql_contents.COLUMNS)).stdout.decode("utf-8", "replace")
        if failed := ERROR.search(there):
            return StatePart(None, f"mysql: {failed[0]}"[:200])
        declared = (table_and_columns(one) for one in self.tables)
        every = _mysql_contents.tables(there)
        read, left = _mysql_contents.chosen(every, [table for table, columns in declared if not columns])
        answer = ask(self._asking("".join(_mysql_contents.statement(one, own) for one in read)))
        said = answer.stdout.decode("utf-8", "replace")
        failed = ERROR.search(said)
        words = f"mysql: {failed[0] if failed else complaint(answer)}"[:200]
        return StatePart(None, words) if failed else _mysql_contents.part(said, read, left, words)

    def _asking(self, statements: str) -> str:
        """The shell text that asks read-only, and goes on after an error."""
        before = "SET SESSION TRANSACTION READ ONLY;\n" + SETUP.replace("= 2000", "= 5000").replace(
            "_time = 2 ", "_time = 5 "
        )
        return f"(\n{self.shell('-f')}\n) 2>&1 <<'END_OF_QUESTIONS'\n{before}{statements}\nEND_OF_QUESTIONS"

    def script(self) -> str:
        """The questions of a fingerprint as the client reads them."""
        text = files("harness.servers").joinpath("mysql.sql").read_text(encoding="utf-8")
        if self.migrations:
            text += f"SELECT '{MARK} migrations';\n{statement(self.migrations)}\n"
        else:
            names = [quoted(f"{table}.{column}") for table, columns in MIGRATION_TABLES.items() for column in columns]
            text += f"{FIND.format(names=', '.join(names))}SELECT '{MARK} migrations';\n{RUN}"
        for number, declaration in enumerate(self.tables):
            table, columns = table_and_columns(declaration)
            schema, dot, bare = table.rpartition(".")
            chosen = f" AND column_name IN ({', '.join(map(quoted, columns))})" if columns else ""
            whole = ".".join(f"`{name}`" for name in table.split("."))
            text += f"SELECT '{MARK} tables.{number}';\n" + TABLE.format(
                name=quoted(quoted(table)), table=quoted(whole), bare=quoted(bare), columns=chosen,
                schema=quoted(schema) if dot else "database()",
            ) + RUN  # fmt: skip
        return f"{text}SELECT '{MARK} end';\n"

    def _tables(self, found: Mapping[str, str]) -> StatePart:
        items: dict[str, Any] = {}
        for number, declaration in enumerate(self.tables):
            part = _part(found.get(f"tables.{number}"))
            if part.items is None:
                return StatePart(None, f"table {declaration}: {part.error}")
            items |= part.items
        return StatePart(items) if self.tables else StatePart(None, absent="no tables are declared")


def _part(text: str | None) -> StatePart:
    """The rows of a question: name and value, a tab between them."""
    failed = ERROR.search(text or "")
    if text is None or failed:
        return StatePart(None, f"mysql: {failed[0] if failed else 'not answered'}"[:200])
    rows = (line.partition("\t") for line in text.splitlines())
    return StatePart({name: value for name, _, value in rows})

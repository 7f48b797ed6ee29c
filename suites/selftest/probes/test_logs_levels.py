"""Which lines tell an error, in the forms of common loggers, and which only look like it."""

from __future__ import annotations

import json

import pytest

from harness.probes.logs import errors
from harness.probes.logs.errors import MAX_LINES, ErrorLines
from harness.probes.logs.records import Moment, RecordCounter, compiled
from harness.probes.logs.sequence import Sequence
from harness.stack import Log

ERRORS = {
    "zap": '{"level":"error","ts":1.5,"msg":"cannot read row"}',
    "zap, for development": "2026-11-28T11:00:00.000Z\terror\tapp/row.go:12\tcannot read row",
    "zerolog": '{"level":"fatal","message":"x"}',
    "zerolog, for people": "11:00AM ERR cannot read row",
    "slog": '{"time":"2026-11-28T11:00:00Z","level":"ERROR","msg":"x"}',
    "slog, text": "time=2026-11-28T11:00:00Z level=ERROR+4 msg=x",
    "pino": '{"level":50,"time":1,"msg":"x"}',
    "bunyan": '{"name":"a","level":60,"msg":"x"}',
    "winston": '{"level":"error","message":"x"}',
    "winston, simple": "error: cannot read row",
    "winston, with a time": "2026-11-28T11:00:00.000Z error: cannot read row",
    "logrus": 'time="2026-11-28T11:00:00Z" level=error msg="y"',
    "log15": "t=2026-11-28T11:00:00Z lvl=eror msg=x",
    "Monolog": '{"message":"x","level":400,"level_name":"ERROR"}',
    "Monolog, numbers": '{"message":"x","level":550}',
    "Serilog": '{"@t":"x","@l":"Error","@m":"y"}',
    "Serilog, console": "[11:00:00 ERR] cannot read row",
    "NLog": "2026-11-28 11:00:00.1234|ERROR|App.Rows|cannot read row",
    ".NET, console": "fail: App.Rows[0]",
    "ECS": '{"@timestamp":"x","log.level":"error","message":"x"}',
    "ECS, nested": '{"@timestamp":"x","log":{"level":"error"},"message":"x"}',
    "GELF": '{"short_message":"x","level":3}',
    "OpenTelemetry": '{"severityNumber":17,"body":"x"}',
    "journald": '{"PRIORITY":"2","MESSAGE":"x"}',
    "MongoDB": '{"t":{"$date":"x"},"s":"E","c":"NETWORK","msg":"x"}',
    "logback": '{"message":"x","level_value":40000,"level":"ERROR"}',
    "loguru": "2026-11-28 11:00:00.000 | ERROR    | app.rows:read:1 - x",
    "logging": "ERROR:app.rows:cannot read row",
    "gunicorn": "[2026-11-28 11:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT",
    "Celery": "[2026-11-28 11:00:00,100: ERROR/MainProcess] x",
    "log4j": "2026-11-28 11:00:00,100 ERROR [main] c.e.A - x",
    "java.util.logging": "SEVERE: cannot read row",
    "Ruby": "F, [2026-11-28T11:00:00.000000 #1] FATAL -- : x",
    "nginx": "2026/11/28 11:00:00 [error] 7#7: *1 connect() failed",
    "Apache": "[Sat Nov 28 11:00:00.100000 2026] [core:error] [pid 7] x",
    "HAProxy": "[ALERT]    (1) : sendmsg() failed",
    "PostgreSQL": "2026-11-28 11:00:00.100 UTC [7] FATAL:  the database system is starting up",
    "PostgreSQL, panic": "2026-11-28 11:00:00.100 UTC [7] PANIC:  could not locate a valid checkpoint record",
    "PostgreSQL, JSON": '{"timestamp":"x","error_severity":"ERROR","message":"x"}',
    "MySQL": "2026-11-28T11:00:00.100000Z 0 [ERROR] [MY-010119] [Server] Aborting",
    "klog": "E1128 11:00:00.100000       7 rows.go:1] cannot read row",
    "env_logger": "[2026-11-28T11:00:00Z ERROR app::rows] x",
    "tracing, in colour": "\x1b[2m2026-11-28T11:00:00Z\x1b[0m \x1b[31mERROR\x1b[0m app: x",
    "syslog": "Nov 28 11:00:00 host sshd[7]: error: PAM failed",
    "syslog, priority": "<11>Nov 28 11:00:00 host app: cannot read row",
    "Docker's json-file": '{"log":"ERROR cannot read row\\n","stream":"stderr"}',
    "Go panic": "panic: runtime error: index out of range [3] with length 3",
    "Go runtime": "fatal error: all goroutines are asleep - deadlock!",
    "Rust": "thread 'main' panicked at src/main.rs:3:5:",
    "Rust, newer": "thread 'main' (4711) panicked at src/main.rs:3:5:",
    "Java": 'Exception in thread "main" java.lang.NullPointerException',
    "Java, stack trace": "java.lang.IllegalStateException: no row",
    "PHP": "PHP Fatal error:  Uncaught TypeError: x in /srv/a.php:3",
    "PHP, through FPM": '[28-Nov-2026 11:00:00] WARNING: [pool www] child 7 said: "PHP message: PHP Fatal error:  x"',
    "Python": "Traceback (most recent call last):",
    "JavaScript": "TypeError: rows is not iterable",
    "Elixir": "** (RuntimeError) no row",
    ".NET": "Unhandled exception. System.InvalidOperationException: no row",
    "C++": "terminate called after throwing an instance of 'std::bad_alloc'",
}
NONE = {
    "a path in a record": '{"level":"info","path":"/docs/ERROR_CODES"}',
    "a name in a record": '{"level":"info","ERRORS":0}',
    "a message of a warning in a record": '{"level":40,"msg":"error, asked again"}',
    "GELF, information": '{"short_message":"ERROR","level":6}',
    "a job's priority": '{"priority":1,"msg":"queued"}',
    "no error": '{"error":null,"msg":"fine"}',
    "a path": "2026-11-28 11:00:00 INFO GET /docs/ERROR_CODES 200",
    "a path alone": "GET /ERROR/x 200",
    "an access log": '10.0.0.1 - - [28/Nov/2026:11:00:00 +0000] "GET /error HTTP/1.1" 200 12',
    "a word": "no ERRORS found, ERROR_COUNT=0",
    "a value": "status=ERROR retries=3",
    "a quotation": 'it answered "ERROR"',
    "a file": "saved ERROR.md",
    "a sentence": "2026-11-28 11:00:00 the worker had an error 3 times",
    "a warning": "W, [2026-11-28T11:00:00 #1] WARN -- : Error: asked again",
    "information": "info: error count 0",
    "PostgreSQL's own log": "2026-11-28 11:00:00.100 UTC [7] LOG:  duration: 3 ms  statement: SELECT 'ERROR'",
    "syslog, priority": "<14>Nov 28 11:00:00 host app: ERROR",
}


def read(*lines: str, form: str = "text", pattern: str | None = None) -> ErrorLines:
    declared = {"path": "/log", "format": form, **({"errors": pattern} if pattern else {})}
    counter = RecordCounter(Log.model_validate(declared), Sequence())
    counter.add("".join(line + "\n" for line in lines).encode(), Moment(0.0, 0.0, 0.0))
    counter.errors.fields()
    return counter.errors


@pytest.mark.parametrize("logger", ERRORS)
@pytest.mark.parametrize("many", [False, True], ids=["alone", "among many"])
def test_an_error_is_known_in_the_form_of(logger: str, many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, and behind so many other lines that only those are looked at which may tell an error."""
    record = ERRORS[logger].startswith("{")
    other = '{"level": 30, "msg": "fine"}' if record else "2026-11-28 11:00:00 INFO all is well"
    monkeypatch.setattr(errors, "CLASSIFIED", 20)
    found = read(*[other] * (30 if many else 0), ERRORS[logger], form="json" if record else "text")
    assert found.count == 1
    assert found.lines == [ERRORS[logger]]
    assert many or found.styles


@pytest.mark.parametrize("line", NONE)
def test_what_only_looks_like_an_error_is_none(line: str) -> None:
    assert read(NONE[line]).count == 0


def test_records_and_text_may_stand_in_one_log_whatever_its_format_is() -> None:
    lines = ['{"level":"error","msg":"x"}', "panic: x", '{"level":"info","msg":"y"}', "plain"]
    assert read(*lines, form="text").count == read(*lines, form="json").count == 2


def test_what_told_the_level_is_said_and_what_tells_none_too() -> None:
    found = read('{"level":30}', "2026 INFO x", "it is all plain text", "and so is this")
    assert found.styles == {"field level": 1, "level behind the time": 1}
    assert found.levels == {"info": 2, "": 2}


def test_a_declared_pattern_takes_the_place_of_the_levels() -> None:
    lines = ['{"level":"error","msg":"x"}', '{"level":"info","msg":"broken pipe"}', "broken pipe"]
    assert read(*lines, pattern="broken pipe").count == 2


def test_errors_that_differ_in_numbers_and_keys_are_of_one_kind() -> None:
    lines = [f'{{"level":"error","ts":{n}.5,"msg":"row {n} of k-{n}: no column \\"city\\""}}' for n in range(9)]
    other = '{"level":"error","ts":1.5,"msg":"row 1 of k-1: no column \\"street\\""}'
    assert [(one.name, one.count) for one in read(*lines, other).fields()] == [
        ('error: row * of *: no column "city"', 9),
        ('error: row * of *: no column "street"', 1),
    ]


PYTHON = """ERROR app: cannot read row 7
Traceback (most recent call last):
  File "/srv/app.py", line 3, in read
    return rows[7]
KeyError: 7

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app.py", line 9, in main
    read()
app.rows.Missing: no row 7 in the cache"""
JAVA = """java.lang.IllegalStateException: cannot read
\tat app.Rows.read(Rows.java:3)
\t... 3 more
Caused by: java.io.IOException: no column city
\tat app.Rows.open(Rows.java:9)"""
GO = """panic: no column city

goroutine 1 [running]:
main.read(0x3)
\t/srv/main.go:3 +0x1d
exit status 2"""
RUST = """thread 'main' panicked at src/main.rs:3:5:
no column city
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"""


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        (PYTHON, "app.rows.Missing: no row 7 in the cache"),
        (JAVA, "Caused by: java.io.IOException: no column city"),
        (GO, "panic: no column city"),
        (RUST, "no column city"),
    ],
    ids=["Python", "Java", "Go", "Rust"],
)
def test_an_exception_is_one_error_with_the_line_that_says_what_it_is(text: str, telling: str) -> None:
    lines = [line for line in text.split("\n") if line]
    found = read("INFO a", *lines, "INFO b")
    assert found.count == 1
    assert found.lines == ["\n".join(lines)]
    assert found.fields()[0].example.endswith(telling)


def test_a_long_exception_is_never_cut_before_its_last_line() -> None:
    frames = [f'  File "/srv/{n}.py", line {n}, in f' for n in range(900)]
    found = read("Traceback (most recent call last):", *frames, "ValueError: the cause")
    assert found.lines[0].endswith("ValueError: the cause")
    assert found.fields()[0].example == "Traceback (most recent call last): ... ValueError: the cause"


def test_the_exception_within_a_long_record_is_not_cut_either() -> None:
    trace = "Traceback (most recent call last):\n" + '  File "/srv/a.py", line 1, in f\n' * 99 + "ValueError: the cause"
    found = read(json.dumps({"level": "error", "msg": "failed", "exc_info": trace}), form="json")
    assert found.lines[0].endswith("ValueError: the cause")
    assert found.fields()[0].example == "error: failed ... ValueError: the cause"


def test_two_exceptions_with_another_last_line_are_two_kinds() -> None:
    found = read("Traceback (most recent call last):", "  File x", "KeyError: 1", *PYTHON.split("\n")[1:5])
    assert [(one.name, one.count) for one in found.fields()] == [("KeyError: *", 2)]
    head = ("Traceback (most recent call last):", " x")
    assert len(read(*head, "A: b", *head, "C: d").fields()) == 2


def test_a_few_errors_are_kept_whole_and_all_are_counted() -> None:
    found = read(*[f"ERROR number {n}" for n in range(50)])
    assert (found.count, len(found.lines)) == (50, MAX_LINES)


def test_lines_of_an_exception_that_come_later_belong_to_it() -> None:
    found = ErrorLines(compiled(Log(path="/log"), "errors"))
    for line in ("Traceback (most recent call last):\n", "  File x\n", "ValueError: y\n"):
        found.add(line.encode())
    assert [(one.name, one.count) for one in found.fields()] == [("ValueError: y", 1)]


def test_a_panic_behind_a_known_error_is_an_error_of_its_own() -> None:
    found = read(
        "ERROR no row 7", "panic: no column city", "ERROR no row 8", "thread 'main' panicked at src/main.rs:1:2:"
    )
    assert found.count == 4
    assert {one.name for one in found.fields()} >= {"ERROR no row *", "panic: no column city"}

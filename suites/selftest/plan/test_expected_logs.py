"""Which logs the replicas should write, as the checks take them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from harness.checks.logs import ExpectedLog
from harness.plan.expected_logs import expected_logs
from harness.plan.subject import Subject
from harness.stack import Stack, XHarness
from suites.selftest.plan.made import environment, tiny_stack


def expected(**logs: list[dict[str, Any]]) -> tuple[ExpectedLog, ...]:
    stack: Stack = tiny_stack()
    declared = XHarness.model_validate({"logs": logs}).logs
    made = stack.model_copy(update={"harness": stack.harness.model_copy(update={"logs": declared})})
    return expected_logs(cast(Subject, environment(made)))


def test_every_replica_of_a_service_is_to_write_each_of_its_logs() -> None:
    found = expected(web=[{"path": "/a.log", "max_silence": "2s"}, {"path": "/b.log", "max_silence": "30s"}])
    assert [(one.replica, one.path, one.max_silence) for one in found] == [
        ("web-1", "/a.log", 2.0), ("web-1", "/b.log", 30.0), ("web-2", "/a.log", 2.0), ("web-2", "/b.log", 30.0),
    ]  # fmt: skip
    assert expected() == ()


def test_a_log_is_judged_by_what_is_declared_of_its_records() -> None:
    (bare, *_) = expected(web=[{"path": "/a.log", "max_silence": "2s"}])
    assert bare == ExpectedLog("web-1", "/a.log", 2.0, carries_release=False)
    declared: dict[str, Any] = {"path": "/a.log", "max_silence": "2s", "format": "json"}
    for more, name, value in (
        ({"release": "release"}, "carries_release", True),
        ({"time": "ts"}, "carries_time", True),
        ({"sequence": "seq"}, "carries_number", True),
        ({"may_be_silent": True}, "may_be_silent", True),
        ({"canary": "request", "canary_within": "3s"}, "canary_within", 3.0),
        ({"canary_within": "3s"}, "canary_within", None),
    ):
        (found, *_) = expected(web=[{**declared, **more}])
        assert found == replace(bare, **{name: value}), more  # type: ignore[arg-type]

"""Plans from experiments of the Chaos Toolkit: what becomes of Toxiproxy, what is refused, and the commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.chaostoolkit.experiment import load as load_experiment
from harness.chaostoolkit.experiment import of_place
from harness.chaostoolkit.place import Place
from harness.cli import run
from harness.errors import UsageError
from harness.plan.plan import Plan, of_text
from harness.plan.toolkit import Imported, ProxiedLink, experiment_of, imported
from suites.selftest.chaostoolkit.running import EXPERIMENTS
from suites.selftest.plan.made import tiny_stack

STACK = str(tiny.STACK)
PROXY = ("create_proxy", "modify_proxy", "disable_proxy", "enable_proxy", "delete_proxy", "reset")


def toxi(func: str, module: str = "", /, **arguments: Any) -> dict[str, Any]:
    """An action of the extension."""
    module = module or f"chaostoxi.{'proxy' if func in PROXY else 'toxic'}.actions"
    provider = {"type": "python", "module": module, "func": func, "arguments": arguments}
    return {"type": "action", "name": func.replace("_", " "), "provider": provider}


def made(method: list[dict[str, Any]], **more: Any) -> Imported:
    given = {key: more.pop(key) for key in ("links", "entrypoints", "stack") if key in more}
    data = {"title": "t", "description": "d", "method": method, **more}
    return imported(of_place(Place(data)), given.pop("stack", tiny_stack()), **given)


def faults(plan: Plan) -> list[dict[str, Any]]:
    return [step["fault"] for step in plan.to_data()["steps"] if step["step"] == "inject"]


WEB = {"from": ["entrypoint", "all"], "to": "web"}


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        (toxi("create_latency_toxic", for_proxy="web", toxic_name="x", latency=5), {"fault": "latency", "ms": 5}),
        (
            toxi("create_latency_toxic", for_proxy="web", toxic_name="x", latency=5, jitter=2),
            {"fault": "latency", "ms": 5, "jitter": 2},
        ),
        (
            toxi("create_bandwith_degradation_toxic", for_proxy="web", toxic_name="x", rate=7),
            {"fault": "bandwidth", "kb_per_s": 7},
        ),
        (
            toxi("create_timeout_toxic", for_proxy="web", toxic_name="x", timeout=9),
            {"fault": "timeout", "ms": 9, "stream": "downstream"},
        ),
        (
            toxi("create_slicer_toxic", for_proxy="web", toxic_name="x", average_size=8, size_variation=2, delay=10),
            {"fault": "slicing", "size": 8, "variation": 2, "delay_us": 10},
        ),
        (
            toxi("create_limiter_toxic", for_proxy="web", toxic_name="x", bytes_limit=11),
            {"fault": "data-limit", "bytes": 11},
        ),
        (
            toxi("create_toxic", for_proxy="web", toxic_name="x", toxic_type="reset_peer", attributes={"timeout": 3}),
            {"fault": "reset", "after_ms": 3},
        ),
        (
            toxi("create_toxic", for_proxy="web", toxic_name="x", toxic_type="latency", stream="upstream",
                 toxicity=0.5, attributes={"latency": 4}),
            {"fault": "latency", "ms": 4, "stream": "upstream", "toxicity": 0.5},
        ),
        (toxi("disable_proxy", proxy_name="web"), {"fault": "down"}),
        (toxi("modify_proxy", proxy_name="web", enabled=False), {"fault": "down"}),
        (
            toxi("create_proxy", proxy_name="p", upstream_host="web", upstream_port=8080, enabled=False),
            {"fault": "down", "port": 8080},
        ),
    ],
)  # fmt: skip
def test_an_action_on_a_proxy_becomes_a_fault_of_its_links(action: dict[str, Any], fault: dict[str, Any]) -> None:
    assert faults(made([action]).plan) == [{**WEB, **fault}]


def test_a_plan_with_faults_begins_with_the_load_and_heals_what_the_experiment_takes_away() -> None:
    plan = imported(load_experiment(EXPERIMENTS / "toxiproxy.json"), tiny_stack()).plan
    plan.check(tiny_stack())
    steps = [step["step"] for step in plan.to_data()["steps"]]
    assert steps == [
        "load", "experiment", "hypothesis", "inject", "hold", "heal", "inject", "inject", "hypothesis", "heal", "heal",
    ]  # fmt: skip
    healed = [step["name"] for step in plan.to_data()["steps"] if step["step"] == "heal"]
    assert healed == ["web-slow", "queue-down", "web-narrow"]
    assert plan.final == ()  # every fault is healed before these


@pytest.mark.parametrize("strategy", ["default", "always", "deviated"])
def test_rollbacks_are_the_final_steps_with_their_strategy(strategy: str) -> None:
    undo = {"type": "action", "name": "undo", "provider": {"type": "process", "path": "true"}}
    data: dict[str, Any] = {
        "rollbacks": [{**toxi("enable_proxy", proxy_name="web"), "pauses": {"after": 3}}, undo],
        "runtime": {"rollbacks": {"strategy": strategy}},
    }
    found = made([toxi("disable_proxy", proxy_name="web")], **data)
    found.plan.check(tiny_stack())
    assert found.plan.steps[-1].title() == "heal web-down"
    assert [step.step_name() for step in found.plan.final] == ["hold", "activity", "join"]
    assert found.plan.to_data()["finally"][1]["part"] == "rollbacks"
    assert found.plan.to_data()["finally"][1].get("when", "always") == strategy
    assert of_text(found.to_yaml(), "p") == found.plan


def test_a_fault_that_a_rollback_would_inject_is_told_and_left_out() -> None:
    twice = [toxi("disable_proxy", proxy_name="web"), toxi("enable_proxy", proxy_name="web")]
    for rollbacks in (twice[:1], twice):
        found = made([], rollbacks=rollbacks)
        found.plan.check(tiny_stack())
        assert not {"inject", "heal"} & {step.step_name() for step in found.plan.every}
        assert not any("is healed at the end" in one for one in found.notes)
    assert any(one.startswith("/rollbacks/0: a fault that a rollback injects is left out") for one in found.notes)


def test_final_steps_of_a_plan_are_the_rollbacks_of_its_experiment_after_the_end_of_the_run() -> None:
    plan = imported(load_experiment(EXPERIMENTS / "rollbacks-deviated.yaml"), tiny_stack()).plan
    found = experiment_of(plan, STACK)
    assert found["runtime"]["rollbacks"] == {"strategy": "always"}
    assert [one["name"].partition(":")[0] for one in found["rollbacks"]] == [
        "end the run, should it go on",
        "step 3",
        "step 4",
    ]
    assert [one["name"].partition(":")[0] for one in found["method"][1:]] == ["step 1", "step 2"]


def test_everything_that_becomes_no_step_is_told() -> None:
    found = imported(load_experiment(EXPERIMENTS / "toxiproxy.json"), tiny_stack())
    told = "\n".join(found.notes)
    assert "/method/0/provider/arguments: the proxy web is on entrypoint and all -> web:8080 already" in told
    assert "/configuration/toxiproxy_host: the environment's own proxy is used" in told
    left = made([toxi("disable_proxy", proxy_name="web"), {**toxi("reset"), "background": True}])
    assert any("not in the background" in one for one in left.notes)
    assert "the fault web-down is healed at the end" in "".join(made([toxi("disable_proxy", proxy_name="web")]).notes)
    assert "goes to this machine" in "".join(imported(load_experiment(EXPERIMENTS / "tutorial.json")).notes)
    assert "/rollbacks: they are left out" in "".join(
        imported(load_experiment(EXPERIMENTS / "rollbacks-never.yaml")).notes
    )
    text = found.to_yaml()
    assert [line for line in text.splitlines() if line.startswith("# ")] == [f"# {note}" for note in found.notes]
    assert of_text(text, "p") == found.plan


def test_a_link_that_is_named_says_which_one_a_proxy_stands_for() -> None:
    links = {"redis": ProxiedLink("web-1", "queue", 6379)}
    found = made([toxi("disable_proxy", proxy_name="redis")], links=links)
    assert faults(found.plan) == [{"fault": "down", "from": "web-1", "to": "queue", "port": 6379}]


LATENCY: dict[str, Any] = {"for_proxy": "web", "toxic_name": "x", "latency": 5}
HERE = {"proxy_name": "p", "upstream_host": "localhost", "upstream_port": 1}


@pytest.mark.parametrize(
    ("method", "pointer", "said"),
    [
        ([toxi("create_latency_toxic", **{**LATENCY, "for_proxy": "redis"})], "arguments/for_proxy", "--link redis="),
        ([toxi("create_latency_toxic", **{**LATENCY, "latency": 0})], "arguments", "greater than or equal to 1"),
        ([toxi("create_latency_toxic", **{**LATENCY, "latency": "soon"})], "arguments/latency", "a whole number"),
        (
            [toxi("create_latency_toxic", **{**LATENCY, "latency": "${wait}"})],
            "arguments/latency",
            "/configuration/wait",
        ),
        ([toxi("create_latency_toxic", **LATENCY, rate=3)], "arguments/rate", "for_proxy, toxic_name, latency, jitter"),
        ([toxi("create_latency_toxic", **LATENCY)] * 2, "arguments/toxic_name", "on already"),
        ([toxi("create_slow_connection_close_toxic", for_proxy="web", toxic_name="x", delay=3)], "func", "one of"),
        ([toxi("create_toxic", for_proxy="web", toxic_name="x", toxic_type="slow_close")], "toxic_type", "latency"),
        ([toxi("delete_toxic", for_proxy="web", toxic_name="x")], "toxic_name", "No action before it creates"),
        ([toxi("create_proxy", **HERE)], "upstream_host", "web, queue, control"),
        ([toxi("create_proxy", **{**HERE, "upstream_host": "env:HOST"})], "upstream_host", "the value itself"),
        ([toxi("modify_proxy", proxy_name="web", upstream_address="x:1")], "upstream_address", "enabled"),
        ([toxi("delete_proxy", proxy_name="web")], "func", "disable_proxy"),
        ([toxi("proxy_exist", "chaostoxi.proxy.probes", proxy_name="web")], "module", "every link has a proxy"),
        ([toxi("reset", "chaostoxi.toxiproxyapi")], "module", "chaostoxi.proxy.actions"),
        ([{**toxi("reset"), "tolerance": True}], "tolerance", "leave it out"),
        ([{**toxi("reset"), "pauses": {"after": "${wait}"}}], "pauses/after", "/configuration/wait"),
        ([{"type": "probe", "name": "n", "provider": {"type": "http", "url": "http://nowhere/"}}], "url", "entrypoint"),
    ],
)
def test_what_no_fault_stands_for_is_refused_with_its_place(
    method: list[dict[str, Any]], pointer: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        made(method)
    message = str(caught.value)
    assert said in message
    where = next(line for line in message.splitlines() if line.lstrip().startswith("where:"))
    assert where.endswith(pointer)
    assert f"/method/{len(method) - 1}/" in where


def test_what_would_be_dropped_around_a_fault_is_refused() -> None:
    control = {"name": "c", "provider": {"type": "python", "module": "x"}}
    with pytest.raises(UsageError, match="Controls of the whole experiment"):
        made([toxi("disable_proxy", proxy_name="web")], controls=[control])
    assert made([toxi("disable_proxy", proxy_name="web")], controls=[{**control, "automatic": False}])
    port = {"type": "probe", "name": "n", "provider": {"type": "process", "path": "nc", "arguments": ["${web_PORT}"]}}
    proxy = toxi("create_proxy", proxy_name="web", upstream_host="web", upstream_port=8080)
    with pytest.raises(UsageError, match="has no port of its own"):
        made([proxy, port])


def test_without_a_stack_the_plan_takes_its_release_when_it_is_run() -> None:
    found = imported(load_experiment(EXPERIMENTS / "references.json"))
    assert (found.plan.old, found.plan.new) == ("", "")
    assert of_text(found.to_yaml(), "p", "1.0.0").old == "1.0.0"


@pytest.mark.parametrize("name", sorted(path.name for path in EXPERIMENTS.iterdir()))
def test_a_plan_goes_to_an_experiment_and_back_as_it_was(name: str) -> None:
    plan = imported(load_experiment(EXPERIMENTS / name), tiny_stack()).plan
    data = json.loads(json.dumps(experiment_of(plan, STACK)))
    assert imported(of_place(Place(data))).plan == plan
    data["method"].append({"type": "action", "name": "more", "provider": {"type": "process", "path": "true"}})
    with pytest.raises(UsageError, match="changed since"):
        imported(of_place(Place(data)))


# -- the commands ------------------------------------------------------------------------------------------------------


def test_the_commands_write_a_plan_and_an_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan, back = tmp_path / "plan.yaml", tmp_path / "experiment.json"
    assert run(["plan", "import", str(EXPERIMENTS / "toxiproxy.json"), STACK, "--out", str(plan)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "note: /method/0" in said.err
    assert run(["plan", "show", str(plan), STACK]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "inject web-slow: latency of 250 ms +- 20 ms on entrypoint and all -> web:8080" in shown
    assert run(["plan", "export", str(plan), STACK, "--out", str(back)]) == 0
    assert run(["plan", "import", str(back)]) == 0
    assert of_text(capsys.readouterr().out, "p") == of_text(plan.read_text(), "p")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import", "nothing.json"], "does not exist"),
        (["import", str(EXPERIMENTS / "toxiproxy.json"), STACK, "--link", "web"], "PROXY=CONSUMER:SERVICE:PORT"),
        (["import", str(EXPERIMENTS / "toxiproxy.json"), STACK, "--link", "web=a:b:c"], "PROXY=CONSUMER:SERVICE:PORT"),
        (["import", str(EXPERIMENTS / "toxiproxy.json"), STACK, "--from", "9"], "9"),
        (["import", str(EXPERIMENTS / "tutorial.json"), "--out", "/nowhere/plan.yaml"], "cannot be written"),
        (["export", str(EXPERIMENTS / "toxiproxy.json"), STACK], "The plan has no steps"),
    ],
)
def test_a_mistake_in_the_call_is_told_without_a_traceback(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", *words]) != 0
    out = capsys.readouterr()
    assert said in out.err
    assert "Traceback" not in out.err


def test_a_plan_whose_steps_hold_no_activities_is_refused_with_its_line(tmp_path: Path) -> None:
    for step, said in (
        ("activity: {type: action, name: x, provider: {type: ssh}}, step: activity, phase: p", "http, process, python"),
        ("step: experiment, title: t, secrets: {a: {b: s3cr3t-0815}}", "{type: env, key: VARIABLE}"),
        ("step: hypothesis, phase: p, title: t, probes: [{type: probe, name: x, provider: {type: process, path: y}}]",
         "has no tolerance"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            of_text("steps:\n  - {" + step + "}\n", "plan.yaml")
        assert said in str(caught.value)
        assert "plan.yaml, line 2" in str(caught.value)
    lonely = "from: 1.0.0\nsteps:\n  - {step: join}\n"
    with pytest.raises(UsageError, match="makes no sense"):
        of_text(lonely, "plan.yaml", "1.0.0", "1.0.0").check(tiny_stack())


def test_plans_without_activities_need_no_library() -> None:
    program = (
        "import sys; sys.modules['chaoslib'] = None\n"
        "from harness.cli import run\n"
        f"assert run(['plan', 'show', 'gate', {STACK!r}]) == 0\n"
        "assert run(['schema', 'plan']) == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_absence_of_the_library_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chaoslib.hypothesis", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        load_experiment(EXPERIMENTS / "tolerances.yaml")
    assert "pip install 'rollback-harness[chaostoolkit]'" in str(caught.value)

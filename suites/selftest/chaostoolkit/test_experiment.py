"""Reading an experiment: what is one, where a mistake stands, and that nothing that it names is run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.chaostoolkit.experiment import load
from harness.errors import UsageError

GOOD: dict[str, Any] = {
    "version": "1.0.0",
    "title": "t",
    "description": "d",
    "configuration": {"word": "w"},
    "steady-state-hypothesis": {
        "title": "h",
        "probes": [
            {"type": "probe", "name": "p", "tolerance": 200, "provider": {"type": "http", "url": "http://entrypoint/"}}
        ],
    },
    "method": [
        {"type": "action", "name": "a", "provider": {"type": "process", "path": "true", "arguments": ["x"]}},
        {"type": "action", "name": "b", "provider": {"type": "python", "module": "os.path", "func": "exists"}},
    ],
    "rollbacks": [],
}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


def refused(tmp_path: Path, data: Any, name: str = "experiment.json") -> str:
    file = tmp_path / name
    file.write_text(data if isinstance(data, str) else json.dumps(data, indent=1))
    with pytest.raises(UsageError) as caught:
        load(file)
    return str(caught.value)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(GOOD))
    change(data)
    return data


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set the value at a JSON pointer."""

    def change(data: Any) -> None:
        *way, last = path.strip("/").split("/")
        for part in way:
            data = data[int(part) if isinstance(data, list) else part]
        data[int(last) if isinstance(data, list) else last] = value

    return change


def test_a_good_one_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps(GOOD, indent="\t"))  # tabs, which YAML takes nowhere
    assert load(file).place.value == GOOD


@pytest.mark.parametrize(
    ("pointer", "value", "said"),
    [
        ("/title", "", "the experiment's `title`"),
        ("/description", None, "the experiment's `description`"),
        ("/version", "2.0.0", "of another version"),
        ("/methods", [], "method"),
        ("/method", None, "method: []"),
        ("/method", {}, "a list"),
        ("/method/0", "x", "an activity"),
        ("/method/0/type", "acton", "did you mean action"),
        ("/method/0/name", "", "`name`"),
        ("/method/0/timeout", 3, "put `timeout` into the provider"),
        ("/method/0/dry", True, "harness plan show"),
        ("/method/0/tolerences", 3, "did you mean tolerance"),
        ("/method/0/background", "yes", "true or false"),
        ("/method/0/pauses", {"after": "10"}, "seconds as a number, or a variable"),
        ("/method/0/pauses", {"after": -1}, "0 or more"),
        ("/method/0/provider/type", "kubernetes", "one of http, process, python"),
        ("/method/0/provider/path", None, "the program"),
        ("/method/0/provider/timeout", "3", "a whole number"),
        ("/method/0/provider/argumnets", [], "did you mean arguments"),
        ("/method/1/provider/module", "os; import x", "package.module"),
        ("/method/1/provider/func", "a.b", "a function's name"),
        ("/method/1/provider/arguments", [1], "a mapping"),
        ("/method/1/provider/secrets", {}, "a list"),
        ("/method/1", {"ref": "q"}, "There is no such activity"),
        ("/method/0/controls", [{"name": "c", "provider": {"type": "http"}}], "python"),
        ("/method/0/controls", [{"ref": "c"}], "There is no such control"),
        ("/steady-state-hypothesis/title", "", "the hypothesis's `title`"),
        ("/steady-state-hypothesis/probes/0/tolerance", None, "has no tolerance"),
        ("/steady-state-hypothesis/probes/0/tolerance", 0.5, "a number, true or false, a text"),
        ("/steady-state-hypothesis/probes/0/tolerance", {"type": "rgex"}, "did you mean regex"),
        ("/steady-state-hypothesis/probes/0/tolerance", {"type": "regex", "pattern": "("}, "seems invalid"),
        ("/steady-state-hypothesis/probes/0/tolerance", {"type": "jsonpath", "path": "$["}, "is invalid"),
        ("/steady-state-hypothesis/probes/0/tolerance", {"type": "range", "range": [1]}, "made of two values"),
        ("/steady-state-hypothesis/probes/0/provider/expected_status", 200, "`tolerance: 200`"),
        ("/steady-state-hypothesis/probes/0/provider/url", "http://example.com/", "leads out of the environment"),
        ("/steady-state-hypothesis/probes/0/provider/url", "http://10.0.0.1:80/", "leads out of the environment"),
        ("/steady-state-hypothesis/probes/0/provider/url", "file:///etc/passwd", "no address that can be asked"),
        ("/steady-state-hypothesis/probes/0/provider/url", "http://[::1", "This is no address"),
        ("/rollbacks", [{"type": "action", "name": "x"}], "a provider"),
        ("/runtime", {"hypothesis": {"strategy": "continuously"}}, "cannot be looked at during the method"),
        ("/runtime", {"rollbacks": {"strategy": "sometimes"}}, "always, default, deviated, never"),
        ("/dry", "actions", "A dry run is no plan"),
        ("/configuration", {"x": {"type": "vault", "key": "y"}}, "env, probe"),
        ("/configuration", {"x": {"type": "env"}}, "the name of a variable"),
        ("/configuration", {"x": {"type": "probe", "provider": {"type": "x"}}}, "one of http, process, python"),
        ("/secrets", {"shop": {"token": "s3cr3t-0815"}}, "A secret is written out"),
        ("/secrets", {"shop": "s3cr3t-0815"}, "A value has the wrong type"),
        ("/secrets", {"shop": {"token": {"type": "vault", "path": "x"}}}, "does not come from the environment"),
        ("/title", "from {from} on", "these stand for the two releases"),
    ],
)
def test_what_is_none_is_refused_with_its_pointer_and_what_is_accepted(
    tmp_path: Path, pointer: str, value: Any, said: str
) -> None:
    message = refused(tmp_path, changed(put(pointer, value)))
    assert said in message
    where = next(line for line in message.splitlines() if line.lstrip().startswith("where:"))
    assert f": {pointer}" in where
    assert "experiment.json, line " in where
    assert "got:" in message


def test_a_secret_that_is_written_out_is_not_shown(tmp_path: Path) -> None:
    for found in ({"shop": {"token": "s3cr3t-0815"}}, {"shop": {"token": {"type": "plain", "key": "s3cr3t-0815"}}}):
        assert "s3cr3t-0815" not in refused(tmp_path, changed(put("/secrets", found)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file is empty"),
        ('{"title": "x", "method": [', "cannot be read"),
        ("[1, 2]", "cannot be read"),
        ("just words", "cannot be read"),
        ("services: {web: {image: x}}", "This is no experiment"),
        ("title: a\ntitle: b\nmethod: []", "A key appears twice"),
        ("title: !!python/object/apply:os.system [touch gone]\nmethod: []", "A tag is not known"),
        (BOMB, "cannot be read"),
        ("[" * 5000, "cannot be read"),
    ],
    ids=["empty", "torn", "list", "words", "foreign", "twice", "tag", "bomb", "deep"],
)  # fmt: skip
def test_what_is_torn_foreign_or_hostile_is_refused(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, text, "experiment.yaml")
    assert said in message
    assert "experiment.yaml" in message


def test_what_is_huge_or_no_file_is_refused(tmp_path: Path) -> None:
    assert "too large" in refused(tmp_path, "title: x\n#" + "x" * 2_000_000)
    with pytest.raises(UsageError, match="does not exist"):
        load(tmp_path / "nothing.json")
    with pytest.raises(UsageError, match="not a regular file"):
        load(tmp_path)


def test_nothing_is_imported_or_run_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "touchy_module.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    provider = {"type": "python", "module": "touchy_module", "func": "act"}
    one = {"type": "action", "name": "x", "provider": provider}
    shell = {"type": "process", "path": "sh", "arguments": f"-c 'touch {tmp_path}/ran'"}
    data = {
        "title": "t", "description": "d", "method": [one, {"type": "action", "name": "y", "provider": shell}],
        "rollbacks": [one], "controls": [{"name": "c", "provider": {"type": "python", "module": "touchy_module"}}],
        "configuration": {"c": {"type": "probe", "provider": shell}, "v": {"type": "env", "key": "NOWHERE"}},
        "secrets": {"s": {"t": {"type": "env", "key": "NOWHERE"}}},
    }  # fmt: skip
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps(data))
    assert load(file).place.value["method"][0] == one
    assert not (tmp_path / "ran").exists()
    assert "touchy_module" not in sys.modules

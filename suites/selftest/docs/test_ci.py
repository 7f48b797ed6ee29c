"""The pipelines of docs/ci: valid for their CI; their shell steps run here in order, their gate as a dry run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from fixtures import reference
from suites.selftest.commands.inside import called
from suites.selftest.docs.markdown import ROOT

CI = ROOT / "docs" / "ci"
GITHUB, GITLAB, JENKINS = CI / "github-actions.yml", CI / "gitlab-ci.yml", CI / "Jenkinsfile"
ALL = [GITHUB, GITLAB, JENKINS]
REPORTS = ("report.html", "junit.xml", "allure-results", "events.jsonl")
# Stands in for the installed command: it notes every call, leaves what a gate leaves, and ends as one does. The calls
# are made afterwards, a gate as a dry run and anything else as a call for help: both refuse what they do not know.
SHIM = """#!/bin/sh
echo "$*" >>"$CALLS"
if [ "$1" != gate ]; then exit 0; fi
if [ "$VERDICT" = 4 ]; then exit 4; fi
mkdir -p runs/1/allure-results && ln -sfn 1 runs/latest
for file in report.html junit.xml summary.md events.jsonl allure-results/a.json; do cp "$EVENTS" runs/1/$file; done
exit "$VERDICT"
"""
STUB = "#!/bin/sh\nexit 0\n"


@dataclass(frozen=True)
class Scripts:
    """The shell steps of a pipeline: those before and with the gate, and those that come whatever it says."""

    shell: tuple[str, ...]
    steps: tuple[str, ...]
    always: tuple[str, ...]
    environ: Mapping[str, str]


def github() -> Scripts:
    document = read(GITHUB)
    steps = [step for step in document["jobs"]["gate"]["steps"] if "run" in step]
    always = tuple(step["run"] for step in steps if "always()" in step.get("if", ""))
    plain = tuple(step["run"] for step in steps if "if" not in step)
    return Scripts(("bash", "--noprofile", "--norc", "-eo", "pipefail"), plain, always, document["env"])


def gitlab() -> Scripts:
    job = read(GITLAB)["gate"]
    one = "\n".join([*job["before_script"], *job["script"]])  # both in one shell, as GitLab runs them
    branch = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    return Scripts(("sh", "-e"), (one,), ("\n".join(job["after_script"]),), {**job["variables"], **branch})


def jenkins() -> Scripts:
    text = JENKINS.read_text()
    before, _, after = text.partition("post {")
    environ = dict(re.findall(r"^ {8}(\w+) = '([^']*)'$", before, re.MULTILINE))
    return Scripts(("sh", "-xe"), shell(before), shell(after), environ)


def shell(text: str) -> tuple[str, ...]:
    """The steps `sh '...'` and `sh '''...'''` of a Jenkinsfile."""
    return tuple(long or short for long, short in re.findall(r"\bsh (?:'''(.*?)'''|'([^'\n]+)')", text, re.DOTALL))


def read(file: Path) -> dict[str, Any]:
    found = yaml.safe_load(file.read_text())
    assert isinstance(found, dict)
    return found


SCRIPTS = {GITHUB: github, GITLAB: gitlab, JENKINS: jenkins}
each = pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)


class World:
    """A clone with a stack, in which a pipeline's steps are run."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.calls = directory, directory / "calls"
        bin_ = directory / ".venv" / "bin"
        bin_.mkdir(parents=True)
        for name, text in {"harness": SHIM, "python": STUB, "python3": STUB}.items():
            (bin_ / name).write_text(text)
            (bin_ / name).chmod(0o755)
        without = shutil.ignore_patterns("defects", "variants", "__pycache__")
        shutil.copytree(reference.STACK.parent, directory, dirs_exist_ok=True, ignore=without)
        (directory / "events").write_text('{"v":1,"id":0,"t":1.0,"s":0.0,"kind":"run.start","data":{"stack":"x"}}\n')

    def run(self, script: str, scripts: Scripts, verdict: int = 0) -> int:
        environ = {
            **os.environ, **{name: str(value) for name, value in scripts.environ.items()},
            "PATH": f"{self.directory / '.venv' / 'bin'}:{os.environ['PATH']}", "CALLS": str(self.calls),
            "EVENTS": str(self.directory / "events"), "VERDICT": str(verdict),
        }  # fmt: skip
        done = subprocess.run(
            [*scripts.shell, "-c", script], cwd=self.directory, env=environ, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        return done.returncode

    def refused(self) -> list[tuple[str, str]]:
        """The calls that the real command refuses, and with what words."""
        found = []
        for call in dict.fromkeys(self.calls.read_text().splitlines()):
            words = [*call.split(), "--dry-run" if call.startswith("gate ") else "--help"]
            code, _, err = called(words, self.directory, {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"})
            found += [(call, err)] if code else []
        return found

    def gates(self) -> list[str]:
        return [line for line in self.calls.read_text().splitlines() if line.startswith("gate ")]


@each
def test_its_steps_run_in_order_and_the_second_run_is_compared_with_the_first(file: Path, tmp_path: Path) -> None:
    world, scripts = World(tmp_path), SCRIPTS[file]()
    for _pipeline in range(2):
        assert [world.run(step, scripts) for step in scripts.steps] == [0] * len(scripts.steps)
        assert [world.run(step, scripts) for step in scripts.always] == [0] * len(scripts.always)
    plain = "gate compose.yaml --from 4.1.0 --to 4.1.1 --budget 10m"
    assert world.gates() == [plain, f"{plain} --since earlier"]
    calls = world.calls.read_text().splitlines()
    assert calls[0] == "engine ensure"
    assert calls[-1] == "engine stop"
    assert world.refused() == []
    assert (tmp_path / "earlier" / "events.jsonl").is_file()
    assert not (tmp_path / "earlier").is_symlink(), "a copy: the next run takes `runs/latest` elsewhere"


@each
@pytest.mark.parametrize("verdict", [1, 2, 3])
def test_a_verdict_that_is_no_pass_ends_the_job_with_it_and_its_reports_are_kept(
    file: Path, verdict: int, tmp_path: Path
) -> None:
    world, scripts = World(tmp_path), SCRIPTS[file]()
    codes = [world.run(step, scripts, verdict) for step in scripts.steps]
    assert codes == [0] * (len(codes) - 1) + [verdict]
    assert len(world.gates()) == 1, "nothing is tried again"
    assert [world.run(step, scripts) for step in scripts.always] == [0] * len(scripts.always)
    assert (tmp_path / "earlier" / "junit.xml").is_file()


def test_a_call_that_the_command_does_not_take_would_be_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.calls.write_text("engine ensure\nengine insure\ngate compose.yaml --bugdet 10m\n")
    assert [call for call, _ in world.refused()] == ["engine insure", "gate compose.yaml --bugdet 10m"]


def test_a_gate_that_was_refused_in_a_workspace_that_is_used_again_publishes_nothing_of_an_earlier_build(
    tmp_path: Path,
) -> None:
    world, scripts = World(tmp_path), jenkins()
    for verdict in (0, 4):
        codes = [world.run(step, scripts, verdict) for step in (*scripts.steps, *scripts.always)]
    assert codes == [0, 0, 4, 0]
    assert not (tmp_path / "runs").exists()


@each
def test_its_reports_are_artifacts_whatever_the_verdict_and_nothing_is_tried_again(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"--reruns|retry: *[1-9]|\bretry *\(|continue-on-error: true|allow_failure: true", text)
    if file == GITHUB:
        (upload,) = [one for one in read(file)["jobs"]["gate"]["steps"] if "upload-artifact" in one.get("uses", "")]
        kept, always = upload["with"]["path"], upload["if"]
    elif file == GITLAB:
        artifacts = read(file)["gate"]["artifacts"]
        kept, always = json.dumps(artifacts), artifacts["when"]
    else:
        post = text.partition("post {")[2]
        kept, always = post.replace("*.html", "report.html"), post
    assert "always" in always
    assert [name for name in REPORTS if name not in kept] == []


@pytest.mark.parametrize(("file", "name"), [(GITHUB, "github-workflows"), (GITLAB, "gitlab-ci")])
def test_it_is_what_the_schema_of_its_ci_says(file: Path, name: str) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed (the dev extra has it)")
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json"
    # YAML 1.1 reads the key `on` as true, and GitHub does not.
    document = {("on" if str(key) == "True" else key): value for key, value in read(file).items()}
    validator = jsonschema.validators.validator_for(json.loads(schema.read_text()))(json.loads(schema.read_text()))
    assert [error.message for error in validator.iter_errors(document)] == []
    if file == GITHUB:
        document["jobs"]["gate"]["stepz"] = document["jobs"]["gate"].pop("steps")
    else:
        document["gate"]["artifacts"]["when"] = "now and then"
    assert list(validator.iter_errors(document)), "the schema would see a mistake"


def test_the_jenkinsfile_is_a_declarative_pipeline_whose_blocks_close() -> None:
    text = re.sub(r"'''.*?'''", "", JENKINS.read_text(), flags=re.DOTALL)
    text = re.sub(r"'[^'\n]*'|//.*", "", text)
    path, seen = list[str](), set[str]()
    for match in re.finditer(r"(\w+)(?:\([^()]*\))? *\{|\}", text):
        if match[0] == "}":
            path.pop()
        else:
            path.append(match[1])
            seen.add("/".join(path))
    assert path == []
    assert {"pipeline/agent", "pipeline/stages/stage/steps", "pipeline/post/always", "pipeline/options"} <= seen

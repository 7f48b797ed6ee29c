"""A failing run on a stack that has secrets everywhere: none of them is in anything that it wrote or said."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from harness.engine import Engine
from suites.raw import select
from suites.selftest.commands.support import ROUND_TRIP, World, deployer, left_on, variant

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

OF_A_VARIABLE = "Zx9+secret/Pw"  # of a service, whose name tells it
OF_THE_DEPLOYER = "tok_51HsecretTok"
DECLARED = "correct horse 7"
IN_A_FILE = ["MIIEvgIBADANBgkqhkiG9w0B", "AQEFAASCBKgwggSkAgEAAoIB"]
IN_AN_ENV_FILE = "envFileSecret1"
IN_A_HEADER = "headerSecret42"
IN_AN_ARGUMENT = ["argumentSecret1", "argumentSecret2x"]
IN_OUTPUT = ["outputSecret17", "outputSecret18"]
EVERY = [
    OF_A_VARIABLE, OF_THE_DEPLOYER, DECLARED, *IN_A_FILE, IN_AN_ENV_FILE, IN_A_HEADER, *IN_AN_ARGUMENT, *IN_OUTPUT,
]  # fmt: skip

SAYS = """
echo "connecting to postgres://app:$DB_PASSWORD@database/app"
echo "once more with $DB_PASSWORD, as JSON {\\"a\\": \\"$DB_PASSWORD\\"}"
printf '%s' "app:$DB_PASSWORD" | base64
cat /secrets/key.pem
echo "$FROM_ENV_FILE_TOKEN and $NOT_TELLING"
"""
DEPLOYS = f"""
echo "+ psql postgresql://app:{IN_OUTPUT[0]}@database/app -c 'select 1'"
echo "Authorization: Bearer {IN_OUTPUT[1]}" >&2
echo "export API_TOKEN=$API_TOKEN; $API_TOKEN; $NOT_TELLING"
echo "##vso[task.setvariable variable=a]b"
printf '%s' "$NOT_TELLING" | base64
exit 7
"""


def everywhere(document: dict[str, Any]) -> None:
    web = document["services"]["web"]
    web["env_file"] = "secrets.env"
    web["environment"] |= {"DB_PASSWORD": OF_A_VARIABLE, "NOT_TELLING": "${NOT_TELLING}"}
    web["volumes"].append("./secrets:/secrets:ro")
    again = SAYS + "(" + SAYS + ") >> /var/log/web.log\nexec python3 /opt/tiny/web.py\n"
    web["command"] = ["sh", "-c", again.replace("$", "$$")]
    block = document["x-harness"]
    block["secrets"] = {"variables": ["NOT_TELLING"], "files": ["secrets/key.pem"]}
    block["workload"]["request"]["headers"] = {"Authorization": f"Bearer {IN_A_HEADER}"}


def stack(world: World) -> Path:
    secrets = world.directory / "secrets"
    secrets.mkdir()
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *IN_A_FILE, "-----END PRIVATE KEY-----", ""])
    (secrets / "key.pem").write_text(key)
    (world.directory / "secrets.env").write_text(f"FROM_ENV_FILE_TOKEN={IN_AN_ENV_FILE}\n")
    words = [
        "sh",
        "-c",
        DEPLOYS.replace("$", "$$"),
        "deploy",
        "--password",
        IN_AN_ARGUMENT[0],
        f"-p{IN_AN_ARGUMENT[1]}",
    ]
    fails = deployer(words, environment={"API_TOKEN": OF_THE_DEPLOYER, "NOT_TELLING": "${NOT_TELLING}"})
    return variant(world.directory, everywhere, fails)


def forms(secret: str) -> set[bytes]:
    """The secret as it is, and encoded."""
    plain = secret.encode()
    return {
        plain,
        quote(secret, safe="").encode(),
        base64.b64encode(plain).rstrip(b"=")[:-1],
        base64.b64encode(b"app:" + plain)[8:-4],
    }


def test_no_secret_is_in_anything_that_a_failing_run_wrote_or_said(world: World, engine: Engine) -> None:
    summary = world.directory / "step-summary.md"
    summary.touch()
    ended = world.start(
        "-v", "gate", stack(world), "--out", world.runs, "--baseline", "1", "--hold", "1", *ROUND_TRIP,
        NOT_TELLING=DECLARED, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary),
    ).end(120)  # fmt: skip
    assert ended.code == 1, ended.text
    assert left_on(engine, world) == {}
    (run,) = world.directories()
    written = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    written |= {"stdout": ended.out.encode(), "stderr": ended.err.encode(), "summary": summary.read_bytes()}
    leaks = {
        (name, secret) for name, said in written.items() for secret in EVERY for form in forms(secret) if form in said
    }
    assert leaks == set()
    # Each of them was there: what stands in its place is.
    for name in ("events.jsonl", "report.html", "postmortem.md", "stderr"):
        assert b"hidden:" in written[name], name
    assert any(b"hidden:" in said for name, said in written.items() if name.startswith("allure-results/"))
    started, *_ = select(world.events(), "deployer.start", verb="deploy")
    assert [word[:9] for word in started.data["command"][4:]] == [
        "--passwor",
        "hidden:" + started.data["command"][5][7:9],
        "-phidden:",
    ]
    evidence = {name: said.decode() for name, said in written.items() if name.startswith("evidence/")}
    for kind in ("web-1.log", "web-1_var_log_web.log"):
        (said,) = (said for name, said in evidence.items() if name.endswith(kind))
        assert said.count("hidden:") == 8, said
    assert b"##vso[" not in written["stdout"] + written["stderr"]
    assert b"vso[task.setvariable" in written["stderr"]

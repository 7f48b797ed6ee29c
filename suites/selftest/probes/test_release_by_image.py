"""Which release a replica runs, told by the image of its container."""

from __future__ import annotations

import pytest

from harness.errors import EngineError, HarnessError, ReplicaGone
from harness.history import History
from harness.probes.release import by_image

OLD, NEW = "sha256:0123456789abcdef", "sha256:fedcba9876543210"


class FakeReplica:
    name = "web-1"

    def __init__(self, image: str | HarnessError) -> None:
        self.image = image

    def running_image(self) -> str:
        if isinstance(self.image, HarnessError):
            raise self.image
        return self.image


def told(image: str | HarnessError, releases: dict[str, str]) -> tuple[str | None, str | None]:
    event = by_image(
        History(), FakeReplica(image), lambda digest: [name for name, has in releases.items() if has == digest]
    )
    assert (event.kind, event.data["replica"]) == ("probe.release", "web-1")
    return event.data["release"], event.data["error"]


def test_the_release_is_the_one_that_has_the_image() -> None:
    assert told(NEW, {"1": OLD, "2": NEW}) == ("2", None)


def test_an_image_of_no_release_is_no_silence_but_runs_something_else() -> None:
    assert told("sha256:99999999999999", {"1": OLD, "2": NEW}) == ("the image sha256:999999999999", None)


def test_an_image_that_two_releases_share_tells_nothing() -> None:
    release, error = told(OLD, {"1": OLD, "2": OLD})
    assert release is None
    assert error == "the releases 1, 2 have the same image, sha256:0123456789ab"


@pytest.mark.parametrize(
    ("error", "running"), [(ReplicaGone("web-1 is exited"), False), (EngineError("the engine cannot say"), None)]
)
def test_a_container_that_does_not_run_is_told_from_one_that_cannot_be_looked_at(
    error: HarnessError, running: bool | None
) -> None:
    history = History()
    event = by_image(history, FakeReplica(error), lambda _: ["1"])
    assert (event.data["release"], event.data["error"], event.data.get("running")) == (None, error.what, running)

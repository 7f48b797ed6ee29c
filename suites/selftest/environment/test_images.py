"""The images of a stack, and what they say about health."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.engine import BuildSpec, Engine
from harness.environment.images import DOOR, Image, StackImages, build_specs, ensure_images, kept_paths, ports_of
from harness.errors import UsageError
from harness.stack import Build, Healthcheck
from harness.stack.xharness import XHarness
from suites.selftest.environment.fakes import CHECK, stack

OF_THE_IMAGE = ("CMD-SHELL", "curl -f http://127.0.0.1/")


def test_the_services_own_health_check_counts_before_the_images() -> None:
    service = stack(web={"healthcheck": CHECK}).services["web"]
    assert Image("x", OF_THE_IMAGE).health(service) == CHECK


def test_the_images_own_health_check_counts_where_the_service_has_none() -> None:
    found = Image("x", OF_THE_IMAGE).health(stack(web={}).services["web"])
    assert found == Healthcheck(test=OF_THE_IMAGE)


@pytest.mark.parametrize("test", [(), ("NONE",)])
def test_without_either_there_is_none(test: tuple[str, ...]) -> None:
    assert Image("x", test).health(stack(web={}).services["web"]) is None


def test_a_service_can_switch_its_images_health_check_off() -> None:
    service = stack(web={"healthcheck": Healthcheck(test=("NONE",))}).services["web"]
    found = Image("x", OF_THE_IMAGE).health(service)
    assert found is not None
    assert found.test == ("NONE",)


def test_what_is_built_is_every_service_with_a_build_section_and_the_door() -> None:
    build = Build(context=Path("/here"), dockerfile="D", args={"A": "1"}, target="t")
    specs = build_specs(stack(web={"image": None, "build": build}, other={"image": "redis:7"}))
    assert specs == (
        BuildSpec(
            name="made-web", context=Path("/here"), dockerfile="D", args={"A": "1"}, target="t", service="web"
        ),
        DOOR,
    )  # fmt: skip


def test_the_doors_image_is_built_from_what_is_installed() -> None:
    assert (DOOR.context / DOOR.dockerfile).is_file()
    assert (DOOR.context / ".dockerignore").is_file()


def test_an_image_that_declares_more_ports_than_anybody_means_is_refused_with_its_service() -> None:
    declared = stack(web={}, cache={})
    found = StackImages({"web": Image("web:1", (), tuple(range(1, 102))), "cache": Image("c", ())}, "door")
    with pytest.raises(UsageError, match="image of service web declares too many ports") as caught:
        found.ports(declared)
    assert (caught.value.got, caught.value.exit_code) == ("101 TCP ports", 4)
    fewer = StackImages({"web": Image("web:1", (), tuple(range(1, 101))), "cache": Image("c", ())}, "door")
    assert len(fewer.ports(declared)["web"]) == 100


class FakeImages:
    def __init__(self) -> None:
        self.required: list[tuple[str, str, str]] = []

    def build(self, specs: Sequence[BuildSpec], progress: Any) -> dict[str, Any]:  # noqa: ARG002 - the real one's signature
        return {spec.name: SimpleNamespace(tag=f"rollback-harness/{spec.name}:1") for spec in specs}

    def require(self, reference: str, *, who: str, where: str, progress: Any) -> str:  # noqa: ARG002
        self.required.append((reference, who, where))
        return reference

    def find(self, reference: str) -> Any:
        told = {"healthcheck": OF_THE_IMAGE, "ports": (6379,), "datagrams": False, "volumes": ("/data",)}
        found = SimpleNamespace(**told, id="sha256:1")
        return found if reference == "redis:7" else None


def test_every_service_gets_its_image_and_who_needs_a_foreign_one_is_said() -> None:
    images = FakeImages()
    made = stack(web={"image": None, "build": Build(context=Path("/here"))}, cache={"image": "redis:7"})
    found = ensure_images(cast(Engine, SimpleNamespace(images=images)), made)
    assert found.services == {
        "web": Image("rollback-harness/made-web:1", ()),
        "cache": Image("redis:7", OF_THE_IMAGE, (6379,), id="sha256:1", volumes=("/data",)),
    }
    assert found.door == "rollback-harness/proxy:1"
    assert images.required == [("redis:7", "service cache", "/made/compose.yaml")]


def ports(*, datagrams: bool = False, entrypoint: str | None = None, **fields: Any) -> dict[str, tuple[int, ...]]:
    declared = stack(web=fields).model_copy(update={"harness": XHarness(entrypoint=entrypoint)})
    images = StackImages({"web": Image("x", (), (8080, 22), datagrams)}, "door")
    return dict(images.ports(declared))


def test_links_lead_to_the_ports_of_the_file_of_the_image_and_of_the_entry_point() -> None:
    assert ports() == {"web": (22, 8080)}
    assert ports(expose=[9000], ports=[{"target": 80}], entrypoint="web:443") == {"web": (22, 80, 443, 8080, 9000)}


def test_no_link_leads_to_a_service_with_datagrams() -> None:
    assert ports(datagrams=True) == {"web": ()}
    assert ports(ports=[{"target": 514, "protocol": "udp"}]) == {"web": ()}


def test_links_lead_to_the_ports_of_every_release_and_to_none_where_one_has_datagrams() -> None:
    old = (stack(web={"expose": [80]}), StackImages({"web": Image("x", ())}, "door"))
    new = (stack(web={"expose": [8080]}), StackImages({"web": Image("y", (), (22,))}, "door"))
    spoken = (stack(web={}), StackImages({"web": Image("z", (), (), True)}, "door"))
    assert ports_of([old, new]) == {"web": (22, 80, 8080)}
    assert ports_of([old, spoken]) == ports_of([spoken, old]) == {"web": ()}


def test_what_a_replica_keeps_are_the_volumes_without_a_name_of_every_release_and_image() -> None:
    anonymous, named = {"type": "volume", "target": "/a"}, {"type": "volume", "target": "/b", "source": "data"}
    old = (
        stack(web={"volumes": [anonymous, named]}, cache={}),
        StackImages({n: Image(n, ()) for n in ("web", "cache")}, ""),
    )
    new = (stack(web={}, cache={}), StackImages({"web": Image("w", (), volumes=("/c",)), "cache": Image("c", ())}, ""))
    assert kept_paths([old, new]) == {"web": ("/a", "/c")}


def test_another_proxys_image_is_required_where_the_stack_names_one() -> None:
    images = FakeImages()
    made = stack(cache={"image": "redis:7"}).model_copy(update={"harness": XHarness(proxy={"image": "toxiproxy:2"})})
    assert ensure_images(cast(Engine, SimpleNamespace(images=images)), made).proxy == "toxiproxy:2"
    assert images.required[1:] == [("toxiproxy:2", "x-harness.proxy", "/made/compose.yaml")]

from __future__ import annotations

import gzip
import io
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.engine import archive, base
from harness.engine.context import BuildSpec
from harness.engine.engine import Engine
from harness.engine.images import Images, _facts, _split
from harness.errors import ImageError, ImageMissing, NoSpace, UsageError


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("debian", ("debian", "latest")),
        ("debian:12", ("debian", "12")),
        ("box:5000/debian", ("box:5000/debian", "latest")),
        ("box:5000/debian:12", ("box:5000/debian", "12")),
        ("debian@sha256:abc", ("debian@sha256:abc", None)),
    ],
)
def test_a_reference_is_split_at_its_tag(reference: str, expected: tuple[str, str | None]) -> None:
    assert _split(reference) == expected


def test_the_ports_of_an_image_are_its_tcp_ports() -> None:
    raw = {"Id": "i", "Config": {"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "22": {}}, "Env": ["A=b=c"], "Cmd": None}}
    facts = _facts(raw)
    assert facts.ports == (22, 80)
    assert facts.environment == {"A": "b=c"}


@pytest.mark.parametrize("reference", ["debian:12", "docker.io/library/debian:bookworm-slim", "library/debian:12-slim"])
def test_debians_own_names_can_be_stood_in_for(reference: str) -> None:
    assert base.can_stand_in_for(reference)


@pytest.mark.parametrize("reference", ["debian", "debian:11", "debian:bookworm-2024", "my/debian:12", "ubuntu:24.04"])
def test_no_other_name_is_stood_in_for(reference: str) -> None:
    assert not base.can_stand_in_for(reference)


def test_a_base_image_that_was_made_is_used_without_asking_a_registry_again(monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images(None, {})  # type: ignore[arg-type]
    monkeypatch.setattr(images, "find", lambda reference: object() if reference == base.TAG else None)
    assert images.require("debian:bookworm-slim") == base.TAG  # a pull would trip over the engine that is not there


def test_the_base_image_is_not_made_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert base.cannot_be_made({}) == "making it needs root (debootstrap)"


def test_the_base_image_is_not_made_where_nothing_may_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _: None)
    reason = base.cannot_be_made({"HARNESS_INSTALL": "never"})
    assert reason is not None
    assert "HARNESS_INSTALL=never" in reason


def test_trimming_leaves_what_apt_needs_and_no_more(tmp_path: Path) -> None:
    for directory in (
        "etc/apt/apt.conf.d",
        "etc/dpkg/dpkg.cfg.d",
        "usr/sbin",
        "usr/share/doc/x",
        "var/lib/apt/lists/y",
    ):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "var/cache/apt/archives").mkdir(parents=True)
    (tmp_path / "var/cache/apt/archives/x.deb").touch()
    base._trim(tmp_path, base.MIRROR)
    assert not list((tmp_path / "usr/share/doc").iterdir())
    assert (tmp_path / "var/lib/apt/lists").is_dir()
    assert not (tmp_path / "var/cache/apt/archives/x.deb").exists()
    assert "bookworm-security" in (tmp_path / "etc/apt/sources.list").read_text()
    assert (tmp_path / "usr/sbin/policy-rc.d").stat().st_mode & 0o111


def test_a_save_that_runs_out_of_space_leaves_no_half_file(tmp_path: Path) -> None:
    def save() -> None:
        with archive._whole(tmp_path / "images.tar") as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(NoSpace):
        save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["images.tar", "images.tar.gz"])
def test_a_saved_file_is_whole_and_zipped_by_its_name(tmp_path: Path, name: str) -> None:
    with archive._whole(tmp_path / "below" / name) as file:
        file.write(b"all of it")
    raw = (tmp_path / "below" / name).read_bytes()
    assert (gzip.decompress(raw) if name.endswith("gz") else raw) == b"all of it"
    assert [path.name for path in (tmp_path / "below").iterdir()] == [name]


@pytest.fixture
def spec(engine: Engine, tmp_path: Path, image: str) -> Iterator[BuildSpec]:
    name = f"engine-test-{uuid.uuid4().hex[:8]}"
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nCOPY file /file\nEXPOSE 8080\n")
    (tmp_path / "file").write_text(name)
    yield BuildSpec(name, tmp_path, service="web")
    for facts in engine.images.list():
        for tag in facts.tags:
            if f"/{name}:" in tag:
                engine.images.remove(tag)


@pytest.mark.containers
def test_an_image_is_built_once_and_again_when_a_file_has_changed(engine: Engine, spec: BuildSpec) -> None:
    assert engine.images.missing([spec]) == (spec,)
    lines: list[tuple[str, str]] = []
    first = engine.images.build([spec], lambda name, line: lines.append((name, line)))[spec.name]
    assert first.built
    assert any("COPY file /file" in line for name, line in lines if name == spec.name)
    facts = engine.images.find(first.tag)
    assert facts is not None
    assert facts.ports == (8080,)
    assert engine.images.missing([spec]) == ()
    assert not engine.images.build([spec])[spec.name].built
    (spec.context / "file").write_text("changed")
    assert engine.images.build([spec])[spec.name].tag != first.tag


@pytest.mark.containers
def test_identical_images_are_built_once_though_several_ask_at_once(engine: Engine, spec: BuildSpec) -> None:
    (spec.context / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN sleep 0.5\n")
    elsewhere = Images(engine.api, engine.environ)  # as another process: it shares no lock but the file's
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda images: images.build([spec])[spec.name], [engine.images, elsewhere] * 2))
    assert sum(one.built for one in built) == 1
    assert len({one.id for one in built}) == 1


@pytest.mark.containers
def test_several_images_are_built_at_the_same_time(engine: Engine, spec: BuildSpec, tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=20)
    (spec.context / "Dockerfile").write_text("FROM debian:bookworm-slim\nARG N\nRUN echo start $N\nRUN echo end\n")

    def meet(_: str, line: str) -> None:
        if line.startswith("start"):
            both.wait()  # breaks, and the build with it, if the other one has not begun

    specs = [BuildSpec(f"{spec.name}", spec.context, args={"N": str(n)}, service=str(n)) for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: engine.images.build([one], meet), specs))


@pytest.mark.containers
def test_a_failed_build_names_the_step_and_shows_its_output(engine: Engine, spec: BuildSpec) -> None:
    (spec.context / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN seq 1 40; echo reason; exit 3\n")
    with pytest.raises(ImageError, match="service `web` cannot be built") as caught:
        engine.images.build([spec])
    assert caught.value.where is not None
    assert "Step 2/" in caught.value.where
    detail = str(caught.value.detail).splitlines()
    assert "reason" in detail
    assert len(detail) <= 21


@pytest.mark.containers
def test_a_missing_base_names_image_service_and_line(
    engine: Engine, spec: BuildSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_PULL", "never")
    (spec.context / "Dockerfile").write_text("# a comment\nFROM no-such/image:1\n")
    with pytest.raises(ImageMissing, match="no-such/image:1 is missing") as caught:
        engine.images.build([spec])
    text = str(caught.value)
    for part in ("service `web`", f"{spec.dockerfile_path}, line 2", "HARNESS_PULL=never", "harness images load"):
        assert part in text
    assert caught.value.exit_code == 4


@pytest.mark.containers
def test_a_base_that_was_replaced_makes_the_image_be_built_again(engine: Engine, spec: BuildSpec, image: str) -> None:
    mine = f"{spec.name}-base:1"
    engine.api.tag(image, f"{spec.name}-base", "1")
    (spec.context / "Dockerfile").write_text(f"FROM {mine}\nCOPY file /file\n")
    try:
        assert engine.images.build([spec])[spec.name].built
        assert not engine.images.build([spec])[spec.name].built
        output = engine.api.build(fileobj=io.BytesIO(f"FROM {image}\nLABEL x=y\n".encode()), tag=mine, rm=True)
        assert b"Successfully tagged" in b"".join(output)
        assert engine.images.build([spec])[spec.name].built
    finally:
        engine.images.remove(mine)


@pytest.mark.containers
@pytest.mark.parametrize("name", ["images.tar", "images.tar.gz"])
def test_saved_images_come_back_with_their_tags(
    engine: Engine, spec: BuildSpec, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    (spec.context / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    built = engine.images.build([spec])[spec.name]
    path = tmp_path_factory.mktemp("out") / name
    assert engine.images.save(path, [built.tag]) == path.stat().st_size
    engine.images.remove(built.tag)
    assert engine.images.find(built.tag) is None
    assert engine.images.load(path) == (built.tag,)
    assert not engine.images.build([spec])[spec.name].built


@pytest.mark.containers
def test_an_image_that_is_not_there_cannot_be_saved(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ImageMissing, match="does not have them all"):
        engine.images.save(tmp_path / "x.tar", ["no-such/image:1"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.containers
def test_a_file_without_images_cannot_be_loaded(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_text("no tar")
    with pytest.raises(ImageError, match="holds no images"):
        engine.images.load(tmp_path / "x.tar")
    with pytest.raises(ImageMissing, match="There is no such image file"):
        engine.images.load(tmp_path / "gone.tar")


def test_a_number_of_builds_that_is_none_is_refused() -> None:
    images = Images(None, {"HARNESS_BUILDS": "many"})  # type: ignore[arg-type]
    with pytest.raises(UsageError) as caught:
        images._parallel()
    assert caught.value.where == "HARNESS_BUILDS"


@pytest.mark.containers
def test_a_pull_that_is_refused_is_told_in_the_daemons_words_and_tried_once(engine: Engine) -> None:
    asked: list[str] = []
    images = Images(engine.api, {})
    for _ in range(2):
        with pytest.raises(ImageMissing, match="cannot be pulled") as caught:
            images.require("127.0.0.1:1/no/such:1", who="service web", progress=lambda _, line: asked.append(line))
        assert "refused" in str(caught.value.got)
    assert asked == ["Pulling 127.0.0.1:1/no/such:1"]

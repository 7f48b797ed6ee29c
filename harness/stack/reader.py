"""From a path to a stack."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from harness.errors import StackError
from harness.stack import accepted, compose, crosscheck, deprecated, files, keys, merge, paths, plainwords, secrets
from harness.stack.base import screen
from harness.stack.files import Project
from harness.stack.mistakes import StackFindings, mistake, refuse_zero_bytes, written, wrong_value
from harness.stack.nodes import Scalar, SourceMapping, find
from harness.stack.stack import Stack, Variant
from harness.stack.validate import validate
from harness.stack.xharness import NAME, XHarness

LONGEST_NAME = 100  # characters of a stack's name; an image's may have 255, with the service's


def load(
    path: str | os.PathLike[str],
    overrides: Sequence[str | os.PathLike[str]] = (),
    *,
    environ: Mapping[str, str] = os.environ,
) -> Stack:
    """The stack that a Compose file declares, with every release checked.

    Args:
        path: the Compose file.
        overrides: more Compose files, merged in order as `docker compose -f path -f override` does; their relative
            paths count from the first file's directory.
        environ: values of variables; those of the `.env` file beside the Compose file stand below them.

    Raises:
        StackError: the file, or one that it needs, has a mistake; the first in the file's order is named with file,
            line, key, what was found and what was expected.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100  (symbolic links stay: paths are relative to the name)
    project = files.project(file, str(path), dict(environ))
    base = project.load(file, str(path))
    for override in overrides:
        base = merge.fields(base, project.load(Path(os.path.abspath(override)), str(override)))  # noqa: PTH100
    size = project.room.most - project.room.left
    stack = _stack(base, project)
    plain = Variant(services=stack.services, harness=stack.harness, warnings=stack.warnings)
    variants = {
        name: _at_release(base, name, overrides, project, size) if overrides else plain
        for name, overrides in stack.harness.releases.items()
    }
    hidden, said = secrets.collect(base, project, stack.name, [plain, *variants.values()])
    merged = tuple(Path(os.path.abspath(override)) for override in overrides)  # noqa: PTH100
    stack = stack.model_copy(update={"secrets": hidden, "warnings": (*stack.warnings, *said), "overrides": merged})
    return stack.with_variants(variants)


def _stack(base: SourceMapping, project: Project) -> Stack:
    root = merge.clean_fields(base)
    variant = _variant(root, project)
    name = variant.harness.name or _compose_name(root) or _directory_name(project.directory)
    if not accepted.image_part(name) or len(name) > LONGEST_NAME:
        place = find(root, "x-harness", "name") if variant.harness.name else find(root, "name")
        raise mistake(
            "The project's name cannot be used",
            place,
            got=plainwords.short(name),
            expected=f"{LONGEST_NAME} or fewer lower-case letters and digits, with one or two _ or any - between",
            hint="set another with `name:` at the top of the file",
        )
    return Stack(name=name, file=project.file, **dict(variant))


def _variant(root: SourceMapping, project: Project) -> Variant:
    """A merged tree as services and their block. Raises the first mistake in it."""
    findings = project.findings
    refused = keys.ROOT_REFUSED
    screen(root, keys.ROOT, findings, ignored=keys.ROOT_IGNORED, refused=refused)
    _top_volumes(root, findings)
    tree, services = compose.services(root, project)
    root = deprecated.rewrite(root, findings)
    harness = _block(root, findings)
    findings.stop_if_any()
    assert harness is not None
    crosscheck.check(root.having(services=tree), services, harness, findings)
    _override_files(root, harness, project)
    findings.stop_if_any()
    return Variant(services=services, harness=harness, warnings=findings.warnings())


def _block(root: SourceMapping, findings: StackFindings) -> XHarness | None:
    block = root.get("x-harness")
    if block is None:
        for key in get_close_matches("x-harness", root.fields, cutoff=0.8):  # an extension of this name is a slip
            place = root.fields[key].place
            findings.wrong(place, mistake("A key is not known", place, got=key, expected="x-harness"))
        return XHarness()
    if not isinstance(block, SourceMapping):
        findings.wrong(block.place, wrong_value(block, "a mapping with releases, deployer, ..."))
        return None
    for key, child in block.fields.items():
        if key != "workload":  # what is sent may hold anything
            refuse_zero_bytes(child)
    return validate(XHarness, block, findings)


def _top_volumes(root: SourceMapping, findings: StackFindings) -> None:
    """Named volumes belong to the environment; what lives elsewhere cannot be made afresh for each test."""
    volumes = root.get("volumes")
    if volumes is None:
        return
    if not isinstance(volumes, SourceMapping):
        findings.wrong(volumes.place, wrong_value(volumes, "a mapping of volumes by name"))
        return
    hint = "every environment has volumes of its own; remove the key, or mount a directory"
    for name, node in volumes.fields.items():
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,200}", name):
            what = "A volume's name cannot be used"
            error = mistake(what, node.place, got=name, expected="letters, digits, dots, _ and -")
            findings.wrong(node.place, error)
        if isinstance(node, SourceMapping):
            refused = {"external": hint, "driver_opts": hint}
            plain = node.get("driver")
            if isinstance(plain, Scalar) and plain.value not in ("local", "default"):
                refused["driver"] = hint
            screen(node, frozenset({"driver", "name", "labels"} - set(refused)), findings, refused=refused)
        elif not isinstance(node, Scalar) or node.value is not None:
            findings.wrong(node.place, wrong_value(node, "a mapping, or nothing"))


def _compose_name(root: SourceMapping) -> str | None:
    node = root.get("name")
    if node is None:
        return None
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not re.match(NAME, node.value):
        raise mistake(
            "The project's name cannot be used",
            node.place,
            got=written(node),
            expected="lower-case letters, digits, _ and -, a letter or digit first",
        )
    return node.value


def _directory_name(directory: Path) -> str:
    """As Compose makes it: lower case, without what may not stand in a name; nor in an image's."""
    kept = re.sub(r"[^a-z0-9_-]", "", directory.resolve().name.lower())
    return re.sub(r"_+-[_-]*|-+_[_-]*|_{3,}", "-", kept)[:LONGEST_NAME].strip("_-") or "stack"


def _override_files(root: SourceMapping, harness: XHarness, project: Project) -> None:
    for release, overrides in harness.releases.items():
        for index, override in enumerate(overrides):
            if not paths.is_file(project.directory / override):
                place = find(root, "x-harness", "releases", release, index)
                error = mistake(
                    "The override of a release does not exist",
                    place,
                    got=str(override),
                    expected="a Compose file, its path relative to this one",
                    hint="create the file, or write {} for a release that is the file as it stands",
                )
                project.findings.wrong(place, error)


def _at_release(base: SourceMapping, release: str, overrides: tuple[Path, ...], project: Project, size: int) -> Variant:
    """The stack of one release, with findings of its own. The base, of this size, is looked at once more for it."""
    project.room.take(size, find(base, "x-harness", "releases", release))
    shared = project.findings
    own = StackFindings(
        shared.main, ignored=dict(shared.ignored), unset=dict(shared.unset), deprecated=dict(shared.deprecated)
    )
    of_release = replace(project, findings=own)
    root = base
    for override in overrides:
        file = project.directory / override
        root = merge.fields(root, of_release.load(file, project.show(file)))
    try:
        return _variant(merge.clean_fields(root), of_release)
    except StackError as error:
        error.what = f"{error.what} (in release {release})"
        raise

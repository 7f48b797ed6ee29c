"""`harness images`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import override_option, stack_argument
from harness.commands.running import hiding, hiding_errors
from harness.commands.say import say
from harness.engine import Engine
from harness.environment import ensure_images
from harness.redaction import Redactor
from harness.stack import Stack, load


@click.group()
def images() -> None:
    """Build, save and load the images of a stack; for machines without a registry, save and load are enough."""


@images.command()
@stack_argument
@override_option
def build(stack: Path, overrides: tuple[Path, ...]) -> None:
    """Build what is not there yet of the images of all releases, and print their tags."""
    found = load(stack, overrides)
    with Engine.connect() as engine:
        for tag in _all(engine, found):
            say(tag)
        say(f"{found.name}: all images are there", err=True)


@images.command()
@stack_argument
@override_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="FILE.tar or FILE.tar.gz")
def save(stack: Path, overrides: tuple[Path, ...], output: Path) -> None:
    """Build what is missing, and write all images of a stack into one file."""
    found = load(stack, overrides)
    with Engine.connect() as engine:
        tags = _all(engine, found)
        size = engine.images.save(output, tags)
        say(f"{len(tags)} images, {size / 1e6:.0f} MB: {output}")


@images.command("load")
@click.argument("file", type=click.Path(path_type=Path))
def load_(file: Path) -> None:
    """Bring in the images of a file that `save` (or `docker save`) wrote."""
    with Engine.connect() as engine:
        for tag in engine.images.load(file):
            say(tag)


def _all(engine: Engine, stack: Stack) -> list[str]:
    """The tags of all images of all releases of a stack, built where they were missing."""
    variants = [stack, *(stack.at(release) for release in stack.harness.releases)]
    tags: set[str] = set()
    redactor = Redactor(stack.secrets)
    with hiding_errors(redactor):
        for variant in variants:
            found = ensure_images(engine, variant, hiding(redactor, _say))
            tags |= {found.door, *(image.reference for image in found.services.values())}
    return sorted(tags)


def _say(image: str, line: str) -> None:
    say(f"{image}: {line}", err=True, dim=True)

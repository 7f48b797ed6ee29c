"""`harness schema`."""

import json

import click

from harness.commands.say import say
from harness.stack import schema as x_harness


@click.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the x-harness block, for editors and linters."""
    say(json.dumps(x_harness(), indent=2))

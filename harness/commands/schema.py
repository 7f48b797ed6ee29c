"""`harness schema`."""

import json

import click

from harness.commands.say import say
from harness.stack import schema as x_harness


@click.command()
@click.argument("what", type=click.Choice(["stack", "plan"]), default="stack")
def schema(what: str) -> None:
    """Print the JSON Schema (draft 2020-12) of the x-harness block, or of a plan's file, for editors and linters."""
    if what == "stack":
        made = x_harness()
    else:
        from harness.plan.plan import schema as of_plan

        made = of_plan()
    say(json.dumps(made, indent=2))

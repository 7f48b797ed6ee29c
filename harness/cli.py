"""The `harness` command: parses, calls, and turns every ending into a message and an exit code.

0 pass, 1 fail, 2 unknown, 3 the harness's own fault, 4 usage; 130 and 143 when a signal ended it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from importlib import import_module

import click

from harness import __version__, signals
from harness.commands.say import say
from harness.errors import INTERNAL, INTERRUPTED, PASS, USAGE, HarnessError

# Command to the module that holds it: imported only when it is called, so that --help and errors are instant.
COMMANDS = {
    "gate": ("harness.commands.gate", "Gate a release: deploy it, take it back, and judge both."),
    "plan": ("harness.commands.plan", "Show and run plans: what is done to an environment, step by step."),
    "chaos": ("harness.commands.chaos", "Run campaigns of random plans, and report what they found."),
    "replay": ("harness.commands.replay", "Run the plan of a saved run again, and say how often it fails."),
    "incident": ("harness.commands.incident", "Replay the outage of April 2012 on the reference stack."),
    "judge": ("harness.commands.judge", "Judge a saved run again with today's checks, also one that was killed."),
    "report": ("harness.commands.report", "Write the reports of a saved run again, also of one that was killed."),
    "checklist": ("harness.commands.checklist", "The pre-release checklist: make, tick, sign and verify it."),
    "up": ("harness.commands.by_hand", "Bring a stack up and leave it up."),
    "ps": ("harness.commands.by_hand", "List the environments that are up and their replicas."),
    "logs": ("harness.commands.by_hand", "Print what a replica wrote."),
    "exec": ("harness.commands.by_hand", "Run a command in a replica."),
    "links": ("harness.commands.links", "Show what passes through the links of an environment."),
    "fault": ("harness.commands.fault", "Explain faults, and inject them into an environment."),
    "down": ("harness.commands.by_hand", "Take environments down."),
    "sweep": ("harness.commands.by_hand", "Remove what runs left behind that were killed."),
    "doctor": ("harness.commands.engine", "Check everything that a run needs, and say what to do."),
    "engine": ("harness.commands.engine", "Provide a container engine, or end the one that was provided."),
    "images": ("harness.commands.images", "Build, save and load the images of a stack."),
    "selftest": ("harness.commands.selftest", "Test the harness itself on gates whose right verdict is known."),
    "schema": ("harness.commands.schema", "Print the JSON Schema of the x-harness block."),
}


class Late(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All of them, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, with -v added to those that run something."""
        if cmd_name not in COMMANDS:
            close = [name for name in COMMANDS if name.startswith(cmd_name[:2])]
            ctx.fail(f"no such command: {cmd_name}" + (f"; did you mean {' or '.join(close)}?" if close else ""))
        module, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), cmd_name.replace("exec", "exec_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Their one-line helps, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Late, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="harness")
@click.option("-v", "--verbose", is_flag=True, envvar="HARNESS_VERBOSE", help="Show the traceback of an error.")
def group(verbose: bool) -> None:
    """Verifies that a release can be deployed and taken back."""


def main() -> None:
    """Entry point of the `harness` command."""
    signals.install()
    try:
        code = run(sys.argv[1:])
    except (KeyboardInterrupt, signals.Terminated) as late:  # a second one, while the first was told
        code = signals.exit_code_of(late)
    signals.over(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code; every error ends as a message on stderr."""
    arguments, verbose = _verbose(arguments)
    try:
        code = group.main(args=arguments, prog_name="harness", standalone_mode=False)
        return code if isinstance(code, int) else PASS
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            say(_usage(error), err=True)
        return USAGE
    except HarnessError as error:
        _say(f"error: {error}", verbose)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted", verbose=False)
        return INTERRUPTED
    except signals.Terminated as error:
        _say("terminated", verbose=False)
        return error.exit_code
    except BrokenPipeError:  # `harness logs | head`; a run's verdict is not lost in this way, see `commands.running`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PASS
    except Exception as error:
        _say(
            f"error: the harness itself failed: {type(error).__name__}: {error}\n  do:       run it again with -v",
            verbose,
        )
        return INTERNAL


def _verbose(arguments: list[str]) -> tuple[list[str], bool]:
    """The arguments without -v, and whether it was there. It may stand anywhere, because people add it to the end of
    the line that failed; but not in a command that is run in a replica, whose -v is its own.
    """
    ours = arguments
    if "exec" in arguments:
        ours = arguments[: arguments.index("exec")]
    elif "--" in arguments:
        ours = arguments[: arguments.index("--")]
    flags = ("-v", "--verbose")
    asked = bool(os.environ.get("HARNESS_VERBOSE")) or any(word in flags for word in ours)
    return [word for word in ours if word not in flags] + arguments[len(ours) :], asked


def _usage(error: click.ClickException) -> str:
    """What click has to say about the call, as it says it."""
    context: click.Context | None = getattr(error, "ctx", None)
    usage = ""
    if context is not None:
        option = context.help_option_names[0]
        usage = f"{context.get_usage()}\nTry '{context.command_path} {option}' for help.\n\n"
    return f"{usage}Error: {error.format_message()}"


def _say(message: str, verbose: bool) -> None:
    with contextlib.suppress(OSError):  # there may be no reader left; the exit code says it too
        if verbose:
            say(traceback.format_exc().rstrip(), err=True)
        say(message, err=True, fg="red" if message.startswith("error") else "yellow")


if __name__ == "__main__":
    main()

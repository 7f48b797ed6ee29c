"""`harness up`, `ps`, `logs`, `exec`, `down` and `sweep`: a stack by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.commands.options import override_option, stack_argument
from harness.commands.running import hiding, hiding_errors, show_kept
from harness.commands.say import say
from harness.engine import Container, Engine
from harness.engine.process import ExecProcess
from harness.engine.sweep import sweep as remove
from harness.engine.terminal import interactive
from harness.environment import Environment
from harness.environment.found import environments, pick, replica
from harness.errors import EngineError, EngineGone, UsageError
from harness.events import EnvironmentUp
from harness.history import Event, History
from harness.plan.run_id import new_run_id
from harness.redaction import Redactor
from harness.signals import cleaning_up_after
from harness.stack import load

environment_option = click.option("-e", "--environment", metavar="ID", help="Which; not needed if one is up.")


@click.command()
@stack_argument
@override_option
@click.option("--release", help="The release to bring it up on; by default the stack's first.")
def up(stack: Path, overrides: tuple[Path, ...], release: str | None) -> None:
    """Bring a stack up and leave it up; `harness down` ends it."""
    found = load(stack, overrides)
    for warning in found.warnings:
        say(f"warning: {warning}", err=True, fg="yellow")
    if not found.harness.releases and release is None:
        raise UsageError("The stack declares no release", where=f"{found.file}: x-harness.releases", hint='"1.0": {}')
    redactor = Redactor(found.secrets)
    history = History(redactor=redactor)
    history.listen(_say)
    with Engine.connect() as engine, hiding_errors(redactor):
        environment = Environment(
            engine,
            found,
            release or next(iter(found.harness.releases)),
            history,
            run=new_run_id(),
            test="by hand",
            progress=hiding(redactor, lambda image, line: say(f"{image}: {line}", err=True, dim=True)),
            keep="always",
        )
        try:
            environment.up()
            environment.leave_up()
            environment.check_whole()
        except BaseException as error:
            with cleaning_up_after(error):
                environment.down()
            raise
        for warning in environment.warnings:
            say(f"warning: {warning}", err=True, fg="yellow")
        show_kept(environment)
        if found.harness.entrypoint:
            host, port = environment.address()
            say(f"{found.harness.entrypoint} answers on http://{host}:{port}")


def _say(event: Event) -> None:
    if isinstance(event.body, EnvironmentUp):
        say(f"up in {event.body.seconds or 0.0:.1f} s", err=True, dim=True)


@click.command()
def ps() -> None:
    """List the environments that are up and their replicas."""
    with Engine.connect() as engine:
        known = environments(engine)
        if not known:
            say("no environment is up")
        for one in known:
            say(f"{one.id}  {one.test or '-'}  ({one.lease}, run {one.run})", bold=True)
            for name, container in one.containers.items():
                say(f"  {name:<16} {_state(container):<12} {container.name}")


def _state(container: Container) -> str:
    """Running, or how it ended; an environment may be on its way down while it is listed."""
    try:
        state = container.state()
    except EngineGone:
        raise
    except EngineError:
        return "gone"
    return state.status if state.exit_code is None else f"{state.status} ({state.exit_code})"


@click.command()
@environment_option
@click.option("--tail", type=int, help="Only the last so many lines.")
@click.argument("name", metavar="REPLICA")
def logs(environment: str | None, tail: int | None, name: str) -> None:
    """Print what a replica wrote to its standard output and error."""
    with Engine.connect() as engine:
        click.echo(replica(pick(engine, environment), name).logs(tail=tail), nl=False)


@click.command("exec", context_settings={"ignore_unknown_options": True})
@environment_option
@click.argument("name", metavar="REPLICA")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def exec_(environment: str | None, name: str, command: tuple[str, ...]) -> int:
    """Run a command in a replica, with a terminal where there is one; its exit code is ours."""
    words = [word for word in command if word != "--"] if command[:1] == ("--",) else list(command)
    with Engine.connect() as engine:
        container = replica(pick(engine, environment), name)
        if sys.stdin.isatty() and sys.stdout.isatty():
            return interactive(engine.api, container.id, words)
        with ExecProcess.start(engine.api, container.id, words, name=name) as process:
            while (frame := process.read(86400.0)) is not None:
                stream = sys.stdout if frame[0] == 1 else sys.stderr
                stream.buffer.write(frame[1])
                stream.flush()
            return process.exit_code()


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every environment on this engine, whoever started it.")
@click.argument("names", nargs=-1, metavar="[ID]...")
def down(everything: bool, names: tuple[str, ...]) -> None:
    """Take environments down: those named, or the only one."""
    with Engine.connect() as engine:
        known = [one.id for one in environments(engine)]
        chosen = known if everything else [pick(engine, name).id for name in names or (None,)]
        for name in chosen:
            swept = remove(engine, environment=name, everything=True)
            _complain(swept.problems)
            say("; ".join((f"{name}: down", *swept.notes)))
        if not chosen:
            say("no environment is up")


@click.command()
@click.option("--kept", is_flag=True, help="Also environments that were kept on purpose.")
def sweep(kept: bool) -> None:
    """Remove what runs left behind that were killed."""
    with Engine.connect() as engine:
        swept = remove(engine, kept=kept)
        _complain(swept.problems)
        say(str(swept))


def _complain(problems: tuple[str, ...]) -> None:
    if problems:
        raise EngineError("Not everything could be removed", detail="\n".join(problems), hint="try it again")

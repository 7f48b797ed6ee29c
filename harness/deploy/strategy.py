"""What every built-in strategy is made of: a deployer that replaces replicas itself, in a thread that can be stopped
between any two steps. A strategy is a function that carries it out; see `recreate` and `rolling`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from harness.deploy.deployer import Deployment, Running
from harness.deploy.rollout import Rollout
from harness.errors import DeployerError, EngineGone, HarnessError
from harness.events import DeployerEnd, DeployerStart
from harness.history import History
from harness.signals import wait_for
from harness.stack import Deployer as Declared
from harness.stalls import Patience

if TYPE_CHECKING:
    from harness.environment import Environment

ENDS_WITHIN = 5.0  # s for the step under way, once the harness itself is to end
FAILED, REFUSED = 1, 3  # exit codes: replicas failed; the release is declared to be one that cannot be taken back
PLACE = "the harness"

CarryOut = Callable[[Rollout], bool]  # carries it out; False where the deployment or the rollback failed


@dataclass
class Strategy:
    """A built-in strategy as a deployer.

    Args:
        environment: whose replicas are replaced.
        declared: the timeout, and which releases cannot be taken back.
        history: where its steps are recorded, as a command's output is.
        name: of the strategy.
        carry_out: carries it out.
    """

    environment: Environment
    declared: Declared
    history: History
    name: str
    carry_out: CarryOut
    _now: str = field(init=False)  # the release that was asked for last

    def __post_init__(self) -> None:
        self._now = self.environment.release

    @property
    def timeout(self) -> float:
        """Seconds after which it is ended where it stands."""
        return self.declared.timeout

    def deploy(self, release: str) -> Deployment:
        """Deploy and wait for the end. Its outcome is in the result, never an exception."""
        return self.start("deploy", release).wait()

    def rollback(self) -> Deployment:
        """Go back to the release that the environment was brought up on, and wait for the end; likewise."""
        return self.start("rollback").wait()

    def start(self, verb: str, release: str | None = None) -> Running:
        """Begin to deploy or roll back and return at once.

        Raises:
            UsageError: the environment was not prepared for this release.
        """
        target = release if verb == "deploy" and release is not None else self.environment.release
        self.environment.prepared.stack(target)
        before, self._now = self._now, target
        because = self.declared.one_way.get(before) if verb == "rollback" and before != target else None
        if because is not None:
            self._now = before
        started = self.history.record(DeployerStart(verb, target, [self.name, verb, target], PLACE))
        return RunningStrategy(self, Rollout(self.environment, self.history, verb, target, before, started.id), because)


class RunningStrategy:
    """A strategy under way, in a thread.

    Args:
        rollout: what is to be done.
        refused: why it is not done at all; None where it is.
    """

    def __init__(self, strategy: Strategy, rollout: Rollout, refused: str | None) -> None:
        self._strategy, self._rollout, self._refused = strategy, rollout, refused
        self._began = rollout.history.clock.monotonic()
        self._patience = Patience(strategy.timeout, clock=rollout.history.clock.monotonic)
        self._stop, self._over = threading.Event(), threading.Event()
        self._result: Deployment | None = None
        self._error: BaseException | None = None
        rollout.halt = self._halted
        threading.Thread(target=self._run, name=f"{strategy.name}-{rollout.verb}", daemon=True).start()

    @property
    def ended(self) -> bool:
        """It is over, for whatever reason."""
        return self._over.is_set()

    def wait(self) -> Deployment:
        """Wait for its end, or for its timeout, which ends it. Ctrl-C while waiting stops it first."""
        try:
            self._over.wait()
        except BaseException:
            self._stop.set()
            wait_for(self._over, ending=ENDS_WITHIN)
            raise
        return self._outcome()

    def stop(self) -> Deployment:
        """End it where it stands, as a crash of the deployer would: what it did stays, nothing more is done.

        Raises:
            DeployerError: it did not end while the harness itself was asked to.
        """
        self._stop.set()
        if not wait_for(self._over, ending=ENDS_WITHIN):
            raise DeployerError(
                "The deployer could not be ended", where=self._rollout.verb, hint="it ends with the run"
            )
        return self._outcome()

    def _halted(self) -> bool:
        return self._stop.is_set() or self._patience.left <= 0.0

    def _outcome(self) -> Deployment:
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _run(self) -> None:
        try:
            if self._refused is not None:
                self._rollout.say(f"refused: {self._rollout.before} cannot be taken back: {self._refused}", "err")
                self._result = self._end("exit", REFUSED)
                return
            well = self._carried_out()
            if self._halted() and not well:
                self._result = self._end("stopped" if self._stop.is_set() else "timeout", None)
            else:
                self._result = self._end("exit", 0 if well else FAILED)
        except BaseException as error:  # handed to whoever waits
            self._error = error
            self._end("lost", None, str(error))
        finally:
            self._over.set()

    def _carried_out(self) -> bool:
        try:
            return self._strategy.carry_out(self._rollout)
        except EngineGone:
            raise
        except HarnessError as error:
            if not self._halted():
                self._rollout.say(error.what + (f": {error.got}" if error.got else ""), "err")
            return False

    def _end(self, ended: str, exit_code: int | None, error: str | None = None) -> Deployment:
        rollout = self._rollout
        seconds = round(rollout.history.clock.monotonic() - self._began, 3)
        event = rollout.history.record(
            DeployerEnd(rollout.started, rollout.verb, rollout.release, exit_code, ended, seconds, error)
        )
        return Deployment(rollout.verb, rollout.release, ended, exit_code, seconds, event.id, tuple(rollout.tail))


def made(name: str, carry_out: CarryOut) -> Callable[[Environment, Declared, History], Strategy]:
    """What makes the deployer of a strategy: the function `deployer` of its module."""
    return partial(Strategy, name=name, carry_out=carry_out)

"""Looking at everything that a stack declares, once: what the checks of a phase rest on."""

from __future__ import annotations

from harness.checks.logs import ExpectedLog
from harness.environment import Replica
from harness.environment.readiness import command_of
from harness.history import History
from harness.plan.subject import Subject
from harness.probes import configuration as configuration_probe
from harness.probes import containers as containers_probe
from harness.probes import health as health_probe
from harness.probes import queue as queue_probe
from harness.probes import registry as registry_probe
from harness.probes import schema as schema_probe
from harness.servers import ServerAdapter, queue_of
from harness.stack import PlacedProbe, QueueProbe

HEALTH_ASKED = 3  # times at most, where the health check's own `retries` allow it
HEALTH_PAUSE = 1.0  # s between two of them at most


def look(environment: Subject, history: History) -> None:
    """Ask everything, and record the answers: releases, health, registry, configuration, schema, queue, containers."""
    environment.releases()
    declared = environment.stack.harness.probes
    for service in environment.stack.services:
        look_at_health(environment, history, service)
    if declared.registry is not None:
        registry_probe.probe(history, place(environment, declared.registry), declared.registry.command)
    for service, asked in declared.configuration.items():
        configuration_probe.probe(history, environment[service], asked.command, asked.field)
    if declared.database_schema is not None:
        schema_probe.probe(history, place(environment, declared.database_schema), declared.database_schema.command)
    if (queue := queue_of(environment.stack.harness)) is not None:
        queue_probe.probe(history, place(environment, queue), queue)

    def container(name: str) -> containers_probe.ContainerState:
        state = environment.replica(name).state()
        return containers_probe.ContainerState(state.status, state.started_at, state.exit_code, state.oom_killed)

    containers_probe.probe(history, tuple(replica.name for replica in environment.replicas), container)


def place(environment: Subject, probe: PlacedProbe | QueueProbe | ServerAdapter) -> Replica:
    """The replica in which a probe is asked."""
    return environment[probe.service][0]


def look_at_health(environment: Subject, history: History, service: str) -> None:
    """Ask the replicas of a service by the declared probe, else by the health checks of their own."""
    replicas = environment[service]
    declared = environment.stack.harness.probes.health.get(service)
    if declared is not None:
        health_probe.probe(history, replicas, declared.command)
        return
    for replica in replicas:
        command = command_of(replica.health)
        if replica.health is not None and command is not None:
            attempts = max(1, min(replica.health.retries, HEALTH_ASKED))
            pause = min(replica.health.interval, HEALTH_PAUSE)
            health_probe.probe(history, [replica], command, replica.health.timeout, attempts=attempts, pause=pause)


def watched_for_health(environment: Subject) -> tuple[str, ...]:
    """The names of the replicas that have a health check of any kind."""
    declared = environment.stack.harness.probes.health
    return tuple(r.name for r in environment.replicas if r.service in declared or command_of(r.health))


def expected_logs(environment: Subject) -> tuple[ExpectedLog, ...]:
    """Every log that every replica should write."""
    return tuple(
        ExpectedLog(
            replica.name,
            log.path,
            log.max_silence,
            carries_release=log.release is not None,
            carries_time=log.time is not None,
            carries_number=log.sequence is not None,
            canary_within=None if log.canary is None else log.canary_within,
        )
        for service, logs in environment.stack.harness.logs.items()
        for replica in environment[service]
        for log in logs
    )

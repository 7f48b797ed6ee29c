"""Compose's keys beyond those that the models name: what does not matter to the harness, and what it refuses.

A key is ignored only where a service does the same without it. One that changes how a service behaves, and
that the harness cannot give it, is refused: a gate on another system than the one declared proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

_REMOVE = "remove the key, or move it to a Compose override that only the real deployment uses"

_SECRET = "mount the file with `volumes`, read-only, at /run/secrets/NAME, and name it in x-harness.secrets.files"

ROOT = frozenset({"name", "services", "volumes", "x-harness"})
ROOT_IGNORED = frozenset({"version", "networks"})
ROOT_REFUSED: Mapping[str, str] = {
    "include": "extend the other file's services (extends), or merge the files: docker compose config > compose.yaml",
    "configs": "mount the file with `volumes`, read-only",
    "secrets": _SECRET,
    "models": _REMOVE,
}

SERVICE_IGNORED = frozenset({
    "annotations", "attach", "blkio_config", "container_name", "cpu_shares", "develop", "domainname", "label_file",
    "logging", "mem_reservation", "mem_swappiness", "networks", "oom_score_adj", "platform", "pull_policy", "restart",
    "stdin_open", "tty",
})  # fmt: skip

_NETWORK = "remove the key: every service is on one network of the environment's own, by its service's name"
_LIMIT = "use cpus and mem_limit, or deploy.resources.limits"
_FILE = "mount the file with `volumes`, read-only"
SERVICE_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "cgroup", "cgroup_parent", "credential_spec", "device_cgroup_rules", "devices", "gpus", "group_add", "ipc",
            "isolation", "models", "oom_kill_disable", "pid", "post_start", "pre_stop", "privileged", "provider",
            "read_only", "runtime", "security_opt", "storage_opt", "use_api_socket", "userns_mode", "uts",
        ),
        _REMOVE,
    ),
    **dict.fromkeys(
        ("cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpuset"), _LIMIT
    ),
    **dict.fromkeys(("memswap_limit", "pids_limit"), _LIMIT),
    **dict.fromkeys(("dns", "dns_opt", "dns_search", "mac_address", "network_mode"), _NETWORK),
    "configs": _FILE,
    "secrets": _SECRET,
    "external_links": "declare the other container as a service; an environment reaches nothing outside itself",
    "links": "use depends_on; every service is reached by its name",
    "volumes_from": "name the same volumes in both services",
}  # fmt: skip

NETWORK_REFUSED = frozenset({
    "aliases", "ipv4_address", "ipv6_address", "link_local_ips", "mac_address", "driver_opts", "gw_priority",
})  # fmt: skip
NETWORK_HINT = _NETWORK

BUILD_IGNORED = frozenset({
    "cache_from", "cache_to", "labels", "no_cache", "network", "platforms", "provenance", "pull", "sbom", "shm_size",
    "tags",
})  # fmt: skip
BUILD_REFUSED: Mapping[str, str] = {
    "dockerfile_inline": "write the lines to a Dockerfile and name it with `dockerfile`",
    **dict.fromkeys(
        ("additional_contexts", "entitlements", "extra_hosts", "isolation", "privileged", "secrets", "ssh", "ulimits"),
        "build the image beforehand and name it with `image`",
    ),
}

DEPLOY = frozenset({"mode", "replicas", "resources", "rollback_config", "update_config"})
DEPLOY_IGNORED = frozenset({"endpoint_mode", "labels", "placement", "restart_policy"})
RESOURCES = frozenset({"limits"})
RESOURCES_IGNORED = frozenset({"reservations"})
LIMITS = frozenset({"cpus", "memory"})
LIMITS_REFUSED: Mapping[str, str] = {"pids": _REMOVE}

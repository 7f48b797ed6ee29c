"""Named volumes, labelled, so that the sweep finds them (a volume that a container's create makes has no labels)."""

from __future__ import annotations

from collections.abc import Iterable

import docker

from harness.engine.labels import OURS, Owner
from harness.engine.translate import SDK_ERRORS, as_ours, status, translate


class Volumes:
    """The volumes of an engine that are ours."""

    def __init__(self, api: docker.APIClient) -> None:
        self._api = api

    def create(self, name: str, owner: Owner) -> str:
        """Make an empty volume; returns its name."""
        with translate(f"The volume {name} cannot be made"):
            self._api.create_volume(name=name, labels=owner.labels("volume"))
        return name

    def remove(self, name: str) -> bool:
        """Remove a volume. False if it was gone already."""
        try:
            self._api.remove_volume(name)
        except SDK_ERRORS as error:
            if status(error) == 404:
                return False
            raise as_ours(error, f"The volume {name} cannot be removed") from error
        return True

    def list(self, labels: Iterable[str] = (OURS,)) -> dict[str, dict[str, str]]:
        """Name to labels of every volume that has all these labels (`key` or `key=value`)."""
        with translate("The engine's volumes cannot be listed"):
            found = self._api.volumes(filters={"label": list(labels)}).get("Volumes") or []
        return {str(volume["Name"]): dict(volume.get("Labels") or {}) for volume in found}

"""Imports the reference stack's programs by path: they run in containers and are no packages of this project."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtures.reference import ROOT

DEPLOYCTL = ROOT / "images/control/deployctl"


def package(directory: Path, name: str) -> Any:
    """Import a directory as a package under a name of its own; its modules are imported by `module`."""
    spec = importlib.util.spec_from_file_location(
        name, directory / "__init__.py", submodule_search_locations=[str(directory)]
    )
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def module(path: Path, name: str) -> Any:
    """Import one file that needs no neighbours."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found  # dataclasses look their module up
    spec.loader.exec_module(found)
    return found


def deployctl(defect: str | None = None, into: Path | None = None) -> Callable[[str], Any]:
    """What imports deployctl's modules: as it stands, or a copy (in `into`) with a defect laid over it."""
    for missing in ("psycopg", "redis"):  # only there in the images; nothing here calls them
        if missing not in sys.modules and importlib.util.find_spec(missing) is None:
            stub = types.ModuleType(missing)
            vars(stub).update(Error=type("Error", (Exception,), {}), OperationalError=type("Error", (Exception,), {}))
            sys.modules[missing] = stub
    name, directory = f"deployctl_{(defect or 'stock').replace('-', '_')}", DEPLOYCTL
    if defect is not None:
        assert into is not None
        directory = into / "deployctl"
        shutil.copytree(DEPLOYCTL, directory, ignore=shutil.ignore_patterns("__pycache__"))
        overlay = ROOT / "defects" / defect / "control/usr/local/lib/deployctl/deployctl"
        if overlay.is_dir():
            shutil.copytree(overlay, directory, dirs_exist_ok=True)
    for known in [known for known in sys.modules if known.split(".")[0] == name]:
        del sys.modules[known]
    package(directory, name)
    return lambda part: importlib.import_module(f"{name}.{part}")

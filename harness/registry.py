"""What can be added by a file, or from outside: found by name, among the modules of a package of ours and among the
entry points of what else is installed.

A module with a name of its own in the package `harness.<kind>` is built in. A distribution adds one by an entry point
of the group `rollback_harness.<kind>`, whose name is the module's with `-` for `_`; see docs/extending.md.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from harness.errors import UsageError

T = TypeVar("T")
GROUP = "rollback_harness."


class Registry(Generic[T]):
    """One kind of thing that can be added.

    Args:
        what: what one is called in messages, e.g. `check`; the entry points' group is that of its plural.
        package: where the built-in ones are, a module each.
        take: gets it out of its module. AttributeError, TypeError or ValueError say that the module has none.
        besides: modules of the package that do not count; those whose name begins with `_` never do.
        plural: of `what`, where that is not made with an `s`.
        families: packages within the package are families of them: `cache.stale` is the module `stale` of `cache`.
    """

    def __init__(
        self,
        what: str,
        package: ModuleType,
        take: Callable[[ModuleType], T],
        besides: Collection[str] = (),
        *,
        plural: str = "",
        families: bool = False,
    ) -> None:
        self._families = families
        self.what, self._package, self._take, self._besides = what, package, take, frozenset(besides)
        self._plural = plural or f"{what}s"
        self._found: dict[str, T] = {}

    @cached_property
    def _own(self) -> frozenset[str]:
        named = (name for name in _modules(self._package.__path__, self._families) if name not in self._besides)
        return frozenset(map(spelt, named))

    @cached_property
    def _others(self) -> dict[str, EntryPoint]:
        """By name.

        Raises:
            UsageError: one has the name of another.
        """
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=f"{GROUP}{self._plural}"):
            name = spelt(point.name)
            if name in self._own or (name in found and found[name].value != point.value):
                other = _whose(found[name]) if name in found else "the harness itself"
                raise UsageError(
                    f"Two {self._plural} have the same name",
                    where=f"{_whose(point)}, entry point {point.name} = {point.value}",
                    got=f"{name}, as in {other}",
                    expected="a name of its own",
                    hint=f"rename the entry point and its module, or uninstall {_whose(point)}",
                )
            found[name] = point
        return found

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._own, *self._others}))

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return self._names

    def own(self) -> tuple[str, ...]:
        """The names of those that are built in, sorted."""
        return tuple(sorted(self._own))

    def added(self) -> tuple[str, ...]:
        """The names of those that other distributions add, sorted."""
        return tuple(sorted(self._others))

    def find(self, name: str) -> T:
        """The one of this name, with `-` or `_`.

        Raises:
            UsageError: there is none, or what is installed under this name cannot be used.
        """
        wanted = spelt(name)
        if wanted not in self._found:
            if wanted in self._own:
                module = import_module(f"{self._package.__name__}.{wanted.replace('-', '_')}")
                self._found[wanted] = self._take(module)
            elif wanted in self._others:
                self._found[wanted] = self._load(self._others[wanted])
            else:
                raise UsageError(
                    f"There is no such {self.what}", got=name, expected="one of " + ", ".join(self.names())
                )
        return self._found[wanted]

    def _load(self, point: EntryPoint) -> T:
        where = f"{_whose(point)}, entry point {point.name} = {point.value}"
        hint = "docs/extending.md shows one that works"
        try:
            module = point.load()
        except Exception as error:  # whatever somebody else's module does when it is imported
            got = f"{type(error).__name__}: {error}"
            raise UsageError(f"A {self.what} cannot be imported", where=where, got=got, hint=hint) from error
        if not isinstance(module, ModuleType) or spelt(module.__name__.rpartition(".")[2]) != spelt(point.name):
            expected = f"a module whose name ends in {point.name.replace('-', '_')}"
            raise UsageError(
                f"This is not a module of a {self.what}", where=where, got=repr(module), expected=expected, hint=hint
            )
        try:
            return self._take(module)
        except (AttributeError, TypeError, ValueError) as error:
            raise UsageError(f"This module has no {self.what}", where=where, got=str(error), hint=hint) from error


def _modules(path: Iterable[str], families: bool) -> Iterator[str]:
    """The modules of a package that have a name of their own; with families those of the packages in it, too."""
    for found in pkgutil.iter_modules(path):
        if found.name.startswith("_"):
            continue
        if not found.ispkg or not families:
            yield found.name
            continue
        inner = [str(Path(one) / found.name) for one in path]
        yield from (f"{found.name}.{name}" for name in _modules(inner, families=False))


def spelt(name: str) -> str:
    """A name as it is told: `slow-connect` for `slow_connect`."""
    return name.replace("_", "-")


def the_class(base: type[T]) -> Callable[[ModuleType], type[T]]:
    """Takes the one subclass of `base` that a module defines; those that cannot be made are no such.

    Raises (what it returns):
        ValueError: there is none, or there are several.
    """

    def take(module: ModuleType) -> type[T]:
        found = [
            one
            for one in vars(module).values()
            if inspect.isclass(one)
            and issubclass(one, base)
            and one.__module__ == module.__name__
            and not inspect.isabstract(one)
        ]
        if len(found) != 1:
            names = ", ".join(one.__name__ for one in found) or "none"
            raise ValueError(f"{module.__name__} defines {names}; it should define one {base.__name__}")
        return found[0]

    return take


def _whose(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "a distribution"

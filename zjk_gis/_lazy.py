"""Packages whose names are loaded when first used, so that importing them costs next to nothing."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["lazily"]


def lazily(
    package: str, homes: Mapping[str, Iterable[str]], modules: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package that loads its names when they are asked for.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to iterable of str
        The modules below it, and the names that each gives. None may be called as one of these modules:
        loading the module would put it in the place of the name.
    modules : iterable of str
        The modules below it that are given as they are.

    Examples
    --------
    >>> load, _ = lazily("zjk_gis", {"words": ["tr"]}, ["words"])
    >>> load("tr")("yes", lang="en"), load("words").__name__
    ('yes', 'zjk_gis.words')
    >>> load("tell")
    Traceback (most recent call last):
    AttributeError: module 'zjk_gis' has no attribute 'tell'
    """
    home_of = {name: home for home, names in homes.items() for name in names}
    given = frozenset(modules)

    def load(name: str) -> Any:
        if name in given:
            return import_module(f"{package}.{name}")
        if name not in home_of:
            raise AttributeError(
                tr("module {package!r} has no attribute {name!r}", package=package, name=name)
            )
        value = getattr(import_module(f"{package}.{home_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home_of, *given})

    return load, names

"""The one way to ask for an optional package.

A bureau's machine without pyarrow imports the library and reads its GeoPackage in peace; only the call
that truly needs the package says what is missing, and how to get it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from zjk_gis.errors import MissingExtraError
from zjk_gis.words import tr

__all__ = ["has", "need"]


def need(module: str, *, extra: str, purpose: str) -> Any:
    """Import an optional module or say how to install it.

    Parameters
    ----------
    module : str
        The module's import name.
    extra : str
        The extra of zjk_gis that brings it.
    purpose : str
        What it is needed for, to finish the sentence "... is needed to".

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        If it is not installed.

    Examples
    --------
    >>> need("no_such_module", extra="excel", purpose="write a workbook")
    Traceback (most recent call last):
    zjk_gis.errors.MissingExtraError: no_such_module is needed to write a workbook and is not installed;
    run: pip install "zjk_gis[excel]"
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".", maxsplit=1)[0]:
            raise
        raise MissingExtraError(
            tr(
                '{module} is needed to {purpose} and is not installed; run: pip install "zjk_gis[{extra}]"',
                module=module,
                purpose=tr(purpose),
                extra=extra,
            )
        ) from None


def has(module: str) -> bool:
    """Tell whether an optional module is installed; it is not imported for it.

    Examples
    --------
    >>> has("json"), has("no_such_module")
    (True, False)
    """
    return find_spec(module) is not None

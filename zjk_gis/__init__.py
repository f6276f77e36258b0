"""GIS for the fine-grained management of a Chinese city (城市精细化管理).

GeoDataFrames in, GeoDataFrames out. The names below are loaded when first used, so that importing the
package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zjk_gis._version import __version__

if TYPE_CHECKING:
    from zjk_gis.assign import assign_incidents as assign_incidents

__all__ = [
    "__version__",
    "assign_incidents",
]

# Where each public name lives.
_HOME = {
    "assign_incidents": "zjk_gis.assign",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the room it lives in."""
    if name not in _HOME:
        message = f"module 'zjk_gis' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

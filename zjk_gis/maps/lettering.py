"""Names on the map: what is written, where it stands, and how much room there is."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.maps.packing import AREA, kinds_of, pack_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["pack_labels", "short"]

_LONGEST_LABEL = 24
_EXACT_LABELS = 2_000
_MICRODEGREES = 1e6


def pack_labels(shapes: NDArray[Any], texts: list[Any], look: Mapping[str, Any]) -> str:
    """Pack the texts drawn on the map with where they stand and how much room there is."""
    said = [short(text) for text in texts]
    named = np.array([bool(text) for text in said], dtype=bool)
    shapes, said = shapes[named], [text for text in said if text]
    areas = kinds_of(shapes) == AREA
    places = shapely.point_on_surface(shapes)
    if len(shapes) <= _EXACT_LABELS and areas.any():
        places[areas] = _middles(shapes[areas])
    bounds = shapely.bounds(shapes)
    weight = bounds[:, 2] - bounds[:, 0] if len(shapes) else np.array([])
    room = np.where(areas & (not look.get("free")), weight, 0.0)
    at = np.round(shapely.get_coordinates(places) * _MICRODEGREES).astype(np.int64)
    steps = np.diff(at, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    content = {
        "lon": steps[:, 0].tolist(),
        "lat": steps[:, 1].tolist(),
        "room": np.round(room * _MICRODEGREES).astype(np.int64).tolist(),
        "weight": np.round(weight * _MICRODEGREES).astype(np.int64).tolist(),
        "of": np.flatnonzero(named).tolist(),
        "text": said,
        "look": dict(look),
    }
    return pack_text(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def _middles(areas: NDArray[Any]) -> NDArray[Any]:
    """Return the middle of the largest circle inside each area, which looks better than any point inside."""
    # In degrees that are as long one way as the other, as on the map.
    squeeze = np.cos(np.radians(np.clip(shapely.bounds(areas)[:, 1].mean(), -80, 80)))
    even = shapely.transform(areas, lambda xy: xy * [squeeze, 1.0])
    try:
        middles = shapely.get_point(shapely.maximum_inscribed_circle(even, tolerance=1e-6), 0)
    except shapely.GEOSException:  # an area without any ground
        return np.asarray(shapely.point_on_surface(areas), dtype=object)
    return np.asarray(shapely.transform(middles, lambda xy: xy / [squeeze, 1.0]), dtype=object)


def short(text: Any) -> str:
    """Cut a text to what can be read on a map; marks that turn its direction would turn its neighbours'."""
    if text is None or text is pd.NA or text is pd.NaT or (isinstance(text, float) and np.isnan(text)):
        return ""
    lines = [
        "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp", "Cs")).strip()
        for line in str(text).split("\n")[:2]
    ]
    return "\n".join(
        line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…" for line in lines if line
    )

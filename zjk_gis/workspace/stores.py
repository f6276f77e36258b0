"""What a workspace asks of the place where it keeps its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    from zjk_gis.workspace.conditions import Condition
    from zjk_gis.workspace.versions import Version

__all__ = ["Store", "Writing"]


class Writing(Protocol):
    """One change of a store, while nobody else changes the same."""

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""

    def create(self, frame: gpd.GeoDataFrame, version: Version, before: Version | None) -> None:
        """Make the table of a version and fill it; the one before is put away."""

    def extend(self, frame: gpd.GeoDataFrame, before: Version, after: Version) -> None:
        """Add rows behind those that are there."""

    def archive(self, version: Version) -> None:
        """Put a table away under another name."""

    def drop(self, version: Version) -> None:
        """Remove a table for good."""

    def guard(self, version: Version) -> None:
        """Let nobody else change the rows of a table."""

    def record(self, version: Version) -> None:
        """Enter a version into the catalogue."""

    def forget(self, layer: str) -> None:
        """Remove a layer's versions from the catalogue."""


class Store(Protocol):
    """Where a workspace keeps its layers."""

    name: str

    def versions(self) -> list[Version]:
        """Return every version that the catalogue knows, oldest first."""

    def found(self) -> list[Version]:
        """Return the layers that are there but were not written by a workspace."""

    def rows(
        self,
        version: Version,
        columns: Sequence[str],
        conditions: Sequence[Condition],
        bbox: tuple[float, float, float, float] | None,
    ) -> tuple[list[Sequence[Any]], NDArray[np.object_]]:
        """Return the values of columns, one sequence each, and the shapes, in the order of the rows."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Hold the store alone; everything done is kept at the end, or nothing of it."""

    def close(self) -> None:
        """Let go of what is held open."""

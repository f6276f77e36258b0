"""What hangs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import compiled, lean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Ints32, Whole

__all__ = ["components"]


def components(size: int, first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int32]:
    """Label the parts of a graph that hang together.

    Parameters
    ----------
    size : int
        How many nodes there are.
    first, second : ndarray of int32
        The nodes that each edge joins.

    Returns
    -------
    ndarray of int32, shape (size,)
        The part of each node, from 0, in the order of the first node of each.

    Examples
    --------
    >>> components(5, np.array([3, 1], np.int32), np.array([1, 4], np.int32)).tolist()
    [0, 1, 2, 1, 1]
    """
    return _numbered(size, np.asarray(first, np.int32), np.asarray(second, np.int32))


@lean
def _root(parent: Ints32, node: Whole) -> Whole:
    """Return what stands for a node's part; every other node on the way is moved nearer to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def _numbered(size: Whole, first: Ints32, second: Ints32) -> Ints32:
    parent = np.arange(size).astype(np.int32)
    for edge in range(len(first)):
        a, b = _root(parent, first[edge]), _root(parent, second[edge])
        # The smaller number stands for both, so that the order of edges makes no difference.
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    label = np.empty(size, np.int32)
    found = 0
    for node in range(size):
        root = _root(parent, node)
        if root == node:  # the first of its part, as the smallest stands for it
            label[node] = found
            found += 1
        else:
            label[node] = label[root]
    return label

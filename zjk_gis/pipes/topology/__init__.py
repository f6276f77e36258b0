"""From survey points and lines to a network (管网拓扑)."""

from zjk_gis.pipes.topology.building import pipe_network
from zjk_gis.pipes.topology.network import PipeNetwork

__all__ = ["PipeNetwork", "pipe_network"]

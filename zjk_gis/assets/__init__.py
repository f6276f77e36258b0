"""What stands in the city: manholes and pipes, pipes under historic blocks, parking within reach."""

from zjk_gis.assets.heritage import pipelines_in_core
from zjk_gis.assets.manholes import manholes_outside_zones, orphan_manholes
from zjk_gis.assets.parking import parking_gaps
from zjk_gis.assets.pipelines import sewage_into_rain

__all__ = [
    "manholes_outside_zones",
    "orphan_manholes",
    "parking_gaps",
    "pipelines_in_core",
    "sewage_into_rain",
]

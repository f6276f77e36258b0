"""What these numbers are: coordinate readings, inference, datum by source, doubtful positions."""

from zjk_gis.coordinates.datums import convert_datum
from zjk_gis.coordinates.inference import infer_coordinates
from zjk_gis.coordinates.position_fixes import fix_positions
from zjk_gis.coordinates.positions import check_positions

__all__ = ["check_positions", "convert_datum", "fix_positions", "infer_coordinates"]

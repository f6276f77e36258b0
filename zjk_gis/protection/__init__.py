"""What may not be where: historic blocks and what crosses them (历史文化街区保护)."""

from zjk_gis.protection.heritage import pipelines_in_core

__all__ = ["pipelines_in_core"]

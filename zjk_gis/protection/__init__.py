"""What may not be where: protected scopes, what lies in them, and what is not known (历史文化保护)."""

from zjk_gis.protection.archives import archive_completeness, archive_totals
from zjk_gis.protection.conformity import block_conformity
from zjk_gis.protection.corridors import view_corridor_conflicts
from zjk_gis.protection.heights import height_conflicts
from zjk_gis.protection.heritage import pipelines_in_core
from zjk_gis.protection.judgement import affected_features, protected_scope

__all__ = [
    "affected_features",
    "archive_completeness",
    "archive_totals",
    "block_conformity",
    "height_conflicts",
    "pipelines_in_core",
    "protected_scope",
    "view_corridor_conflicts",
]

"""What may not be where: protected scopes, what lies in them, and what is not known (历史文化保护)."""

from zjk_gis.protection.heritage import pipelines_in_core
from zjk_gis.protection.judgement import affected_features, protected_scope

__all__ = ["affected_features", "pipelines_in_core", "protected_scope"]

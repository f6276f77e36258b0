"""Codes and rules of the field, as tables that ship with the package.

Every row of a table carries its source and how sure it is (`S` found in a public source, `M` well known in
the field but not checked against the standard's own text, `U` unsure).
"""

from zjk_gis.standards.rules import rules_table

__all__ = ["rules_table"]

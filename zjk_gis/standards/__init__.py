"""Codes and rules of the field, as tables that ship with the package.

Every row of a table carries its source and how sure it is (`S` found in a public source, `M` well known in
the field but not checked against the standard's own text, `U` unsure).
"""

from zjk_gis.standards.codes import check_codes, next_codes, parse_codes
from zjk_gis.standards.explaining import explain_code
from zjk_gis.standards.rules import rules_table
from zjk_gis.standards.schemes import SCHEMES

__all__ = ["SCHEMES", "check_codes", "explain_code", "next_codes", "parse_codes", "rules_table"]

"""What is told to people, on pages and in workbooks: surveys, audits, changes, assignments, indicators."""

from zjk_gis.reports.audit import audit_city, write_audit
from zjk_gis.reports.bulletin import (
    Bulletin,
    monthly_bulletin,
    write_bulletin,
    write_bulletin_book,
    write_bulletin_page,
    write_bulletin_sheets,
)
from zjk_gis.reports.changes import compare_city, write_changes
from zjk_gis.reports.city import survey_city, write_survey
from zjk_gis.reports.headlines import assignment_figures
from zjk_gis.reports.indicators import assignment_summary, busiest_chiefs
from zjk_gis.reports.page import write_page
from zjk_gis.reports.report import write_assignment_report, write_table_report
from zjk_gis.reports.workbook.writing import write_workbook

__all__ = [
    "Bulletin",
    "assignment_figures",
    "assignment_summary",
    "audit_city",
    "busiest_chiefs",
    "compare_city",
    "monthly_bulletin",
    "survey_city",
    "write_assignment_report",
    "write_audit",
    "write_bulletin",
    "write_bulletin_book",
    "write_bulletin_page",
    "write_bulletin_sheets",
    "write_changes",
    "write_page",
    "write_survey",
    "write_table_report",
    "write_workbook",
]

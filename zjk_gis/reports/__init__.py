"""What is told to people: a survey of the whole city, its key figures, and the workbook that holds them."""

from zjk_gis.reports.city import survey_city
from zjk_gis.reports.headlines import assignment_figures
from zjk_gis.reports.indicators import assignment_summary, busiest_chiefs
from zjk_gis.reports.page import write_page
from zjk_gis.reports.workbook.writing import write_workbook

__all__ = [
    "assignment_figures",
    "assignment_summary",
    "busiest_chiefs",
    "survey_city",
    "write_page",
    "write_workbook",
]

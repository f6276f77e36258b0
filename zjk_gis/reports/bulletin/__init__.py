"""The monthly bulletin (考核通报): figures that can be added up again, ranking, notice, workbook, folder."""

from zjk_gis.reports.bulletin.charting import bulletin_charts
from zjk_gis.reports.bulletin.folder import write_bulletin, write_bulletin_book
from zjk_gis.reports.bulletin.monthly import monthly_bulletin
from zjk_gis.reports.bulletin.paging import write_bulletin_page
from zjk_gis.reports.bulletin.result import Bulletin
from zjk_gis.reports.bulletin.sheets import write_bulletin_sheets

__all__ = [
    "Bulletin",
    "bulletin_charts",
    "monthly_bulletin",
    "write_bulletin",
    "write_bulletin_book",
    "write_bulletin_page",
    "write_bulletin_sheets",
]

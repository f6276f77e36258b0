"""The monthly bulletin (考核通报): figures that can be added up again, ranking, notice, workbook, folder."""

from zjk_gis.reports.bulletin.monthly import monthly_bulletin
from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["Bulletin", "monthly_bulletin"]

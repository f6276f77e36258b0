"""Files in and out: any format a bureau sends, read with a report of what had to be found out."""

from zjk_gis.io.files import list_layers, read_layer, read_table
from zjk_gis.io.folders import FolderReading, read_folder
from zjk_gis.io.paths import check_writable
from zjk_gis.io.problem_files import write_problems
from zjk_gis.io.writing import write_layer, write_table
from zjk_gis.read_report import ReadReport

__all__ = [
    "FolderReading",
    "ReadReport",
    "check_writable",
    "list_layers",
    "read_folder",
    "read_layer",
    "read_table",
    "write_layer",
    "write_problems",
    "write_table",
]

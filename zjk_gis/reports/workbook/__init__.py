"""The workbook: a cover, a sheet a question, charts."""

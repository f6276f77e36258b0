"""Tables: text, workbooks, their headings and layout, and the geometry in their cells."""

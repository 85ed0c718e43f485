"""A comparison as a page, a table, CSV and Markdown."""

"""Measures of generated replies. Each file is one measure, or one family of them; see docs/metrics.md."""

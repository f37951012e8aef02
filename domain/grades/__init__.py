"""Grading: levels of risk under a region's own colours, filed by people or reckoned from income; never edited."""

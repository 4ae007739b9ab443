"""Headless reading, analysis, quantification and export of chest CT. Needs no Qt."""

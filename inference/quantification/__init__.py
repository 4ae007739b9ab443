"""Figures from masks: percentages, grades, scores, components. NumPy and SciPy only."""

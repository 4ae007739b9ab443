"""Figures of trained systems on patients who were left out, in the papers' own form."""

"""Data files: presets, label names, styles, icons, model cards."""

"""Windowing and resampling, each with the inverse that returns to source geometry."""

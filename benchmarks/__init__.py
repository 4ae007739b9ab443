"""Measurements beside what people use instead. ``python -m benchmarks [NAME ...]`` runs them."""

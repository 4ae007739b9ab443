"""Observable state without Qt."""

"""Threads, the worker process, and their events brought to the GUI thread."""

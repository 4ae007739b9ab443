"""Readers and writers. Importing this package imports none of them."""

"""The second opinions behind one protocol."""

"""One module per command of ``groundglass``; :mod:`inference.cli` parses and imports the one that is asked for."""

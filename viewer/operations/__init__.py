"""One function for each thing that a reader does."""

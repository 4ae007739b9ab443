"""Paper 1: recognition, manifestations, and one segmenting stream for each manifestation."""

"""Paper 5: recognise, explain, and segment what was recognised."""

"""The default: the best network for each task, Hounsfield units as veto and splitter, densitometry as a check."""

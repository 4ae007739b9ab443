"""Running a system: events, cancellation, the isolated worker."""

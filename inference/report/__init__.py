"""Pictures and pages for people: the annotated key image, the one-page report, and the furniture they share."""

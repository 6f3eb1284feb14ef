"""Tables of an explanation study, one file per question."""

"""Errors that are the user's to mend; each message says what, where, and what to do."""


class AnalysisError(Exception):
    """A dataset that cannot be read, or a question that cannot be asked of it."""


class MissingDataError(AnalysisError):
    """A table that this dataset has nothing for; the message is the reason, fit to print in its place."""

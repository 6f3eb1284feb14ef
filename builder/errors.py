"""What can go wrong and is the user's to mend.

Each message says what, where, and what to do; the command line prints it without a traceback.
"""


class LandsBetweenError(Exception):
    """Base of every error that a user can act on."""


class StudyError(LandsBetweenError):
    """A study file that cannot be read or holds what is not allowed."""


class AssetError(LandsBetweenError):
    """Weights that are absent, cannot be fetched, or are not what they should be."""


class FolderError(LandsBetweenError):
    """A study folder that cannot be used: taken, damaged, foreign, full."""


class BuildError(LandsBetweenError):
    """A batch that cannot be built: a model or a generator that does not deliver."""


class RatingsError(LandsBetweenError):
    """An export of a survey tool, or a mapping for one, that cannot be read as it is."""


class SurveyError(LandsBetweenError):
    """A survey that cannot start or go on."""


class PublishError(LandsBetweenError):
    """A dataset that cannot be published, withdrawn or verified as asked."""


def printable(text: str) -> str:
    """Text from files as it can be shown: control characters, which could steer a terminal, escaped."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)

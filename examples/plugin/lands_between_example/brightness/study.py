"""`BrightnessStudy`: what the study file of a brightness study may hold beside what every study has."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from builder.ratings.settings import RatingsSettings
from builder.study import Study
from builder.survey.settings import survey_settings
from lands_between_example.brightness.tasks import ASKS


class BrightnessRatings(RatingsSettings):
    """`[ratings]`, which has no keys of its own."""

    question_names: ClassVar[tuple[str, ...]] = ASKS.names


BrightnessSurvey = survey_settings(ASKS.questions, ASKS.item)


class BrightnessStudy(Study):
    """A batch has a control for each side, and `close` items that differ by 1 to `most` gray levels."""

    study: Literal["brightness"] = "brightness"
    close: Annotated[int, Field(ge=1, le=1000)] = 6
    most: Annotated[int, Field(ge=1, le=50)] = 8
    survey: BrightnessSurvey = BrightnessSurvey()  # type: ignore[valid-type]
    ratings: BrightnessRatings = BrightnessRatings()

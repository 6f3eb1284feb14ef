"""What a verification study asks, for tests of what every study shares."""

from builder.studies.verification.tasks import questionnaire
from builder.survey.database import tables_of
from builder.survey.messages import rating_message, texts_message
from builder.survey.store import Store

ASKS = questionnaire(attention_similarity=50.0)

STORE, TABLES = Store(ASKS), tables_of(ASKS)
Rating, Strategies = rating_message(ASKS), texts_message(ASKS)

"""All manipulations that a study file can name."""

from builder.studies.explanation import input_methods, model_methods, table_methods
from builder.studies.explanation.methods import Method
from builder.studies.explanation.table_methods import TableMethod

PICTURE_METHODS = input_methods.METHODS | model_methods.METHODS
"""Manipulations of a classifier of pictures, by name."""

METHODS: dict[str, Method | TableMethod] = {**PICTURE_METHODS, **table_methods.METHODS}

"""All manipulations that a study file can name."""

from builder.studies.explanation import input_methods, model_methods

METHODS = input_methods.METHODS | model_methods.METHODS

"""Kinds of study: what the report says of one kind alone, one folder each; see `analysis.registry`."""

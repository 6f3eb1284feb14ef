"""Ratings by people, simulated raters or models: the tables `ratings` and `participants`."""

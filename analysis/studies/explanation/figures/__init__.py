"""Figures of an explanation study, one file per figure."""

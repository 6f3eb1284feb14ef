"""Figures of a counterfeits study: one file per figure."""

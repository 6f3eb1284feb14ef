"""The report's own part: the difference, held against the answers of people."""

from analysis.registry import Analysis

ANALYSIS = Analysis("brightness", measures=lambda published: {"difference": "difference"})

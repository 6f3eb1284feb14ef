"""What the report has beside what any report has: the difference, held against the answers of people."""

from analysis.registry import Analysis

ANALYSIS = Analysis("brightness", measures=lambda published: {"difference": "difference"})

"""Verification: pairs of images, what recognizers and people say of them, and where they part ways."""

from analysis.registry import Analysis

ANALYSIS = Analysis(name="verification")

"""Exports of survey tools, one file per format."""

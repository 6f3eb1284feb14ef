"""Readers of datasets that may be anyone's, within bounds; for `builder` and `analysis` alike."""

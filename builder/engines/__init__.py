"""Engines: where batches run. One file per engine."""

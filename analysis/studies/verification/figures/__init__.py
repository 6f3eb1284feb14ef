"""The figures of a verification study: one file per figure, a matplotlib Figure out; see `analysis.figures`."""

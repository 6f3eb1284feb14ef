"""The figures of a classification study: one file per figure, a matplotlib Figure out; see `analysis.figures`."""

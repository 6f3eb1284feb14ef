"""One file per figure of an expression study: a function from tables to a matplotlib Figure of no window."""

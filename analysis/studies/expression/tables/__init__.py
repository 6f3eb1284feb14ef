"""Each file answers one question about an expression study: the study in, one table out."""

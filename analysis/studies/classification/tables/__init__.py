"""Each file answers one question about mistakes: a study in, one table out."""

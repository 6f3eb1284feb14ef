"""Each file answers one question: tables in, one table out."""

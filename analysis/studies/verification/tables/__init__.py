"""Each file answers one question about pairs: tables in, one table out."""

"""Tables of a counterfeits study: one file per question."""

"""What people, simulated raters or models say of the pairs: the tables `ratings` and `participants`."""

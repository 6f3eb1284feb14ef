"""A generator and a recognizer that Lands Between finds through the entry points in pyproject.toml."""

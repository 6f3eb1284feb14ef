"""The toolkit that builds a study: `python -m builder COMMAND`."""

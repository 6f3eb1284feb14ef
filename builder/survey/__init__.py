"""The rating task as a web page, and the store behind it."""

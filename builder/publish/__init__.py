"""From a study folder to a versioned Hugging Face dataset."""

"""The dataset's own definition: every schema, used by shards, imports and publishing alike."""

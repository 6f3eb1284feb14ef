"""The way from a study folder to a versioned Hugging Face dataset.

A published folder, on a disk or on the Hub:

    README.md                               the card; its YAML has configs, features, sizes
    data/<table>/<split>-<batch>.parquet    a file a batch; data/participants/<split>.parquet
    pictures/                               the card's
    provenance.json                         study, models, seeds, and the hash of every file above and below
    VERSION, CITATION.cff
    versions.json, CHANGELOG.md             what was published and withdrawn so far; goes on after this version

`prepare` writes it, `folder` and `hub` make a folder or a dataset on the Hub it, `verify` checks it. The content of a
version is its tables and what the study file says for the card: that decides whether something changed, and which step
it needs. A new text of `dataset_card.md`, or another Pillow that draws the same picture in other bytes, is no change.
"""

"""From a published dataset to tables, figures and one report; uses nothing of `builder`."""

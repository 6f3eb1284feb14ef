"""Readers of what others wrote, given files that nobody should have written.

`test_fuzz` tries the same few in every run of the tests; `python -m tests.fuzz --minutes 60 [TARGET...]` tries others
for as long as it is let, and keeps the smallest file of each finding. A finding is mended in the reader, and its file
becomes a test beside the reader's other tests.
"""

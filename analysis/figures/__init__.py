"""One file per figure: each a function from tables to a matplotlib Figure that belongs to no window.

Where a function takes `pairs`, it is the published table as a DataFrame with `kind` as a name; a figure that shows
ratings other than people's says so in its heading.
"""

"""The way from a published dataset to tables, figures and one report; it uses nothing of `builder`.

    from analysis import load, results
    tables = results(load("user/name", "v1.0.0"))

Every table is also a function of `analysis.tables.<file>`, from DataFrames or `datasets.Dataset`s to a DataFrame.
"""

from analysis.dataset import Pictures, Published, load
from analysis.errors import AnalysisError, MissingDataError
from analysis.results import results

__all__ = ["AnalysisError", "MissingDataError", "Pictures", "Published", "load", "results"]

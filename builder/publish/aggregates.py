"""The last columns of published `pairs`: what the ratings of one source say of each pair."""

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from loading_script.lands_between import AGGREGATES

Source = Literal["human", "simulated"]


def source_of(ratings: pa.Table) -> Source | None:
    """Whose ratings are aggregated: those of people where there are any, else simulated ones; never both."""
    sources = set(ratings["source"].to_pylist())
    return "human" if "human" in sources else "simulated" if "simulated" in sources else None


def counted(ratings: pa.Table, participants: pa.Table, source: Source, *, flagged_excluded: bool) -> pa.Table:
    """The ratings that are aggregated: of one source, without those of flagged participants where that is asked."""
    ours = ratings.filter(pc.equal(ratings["source"], source))
    if not flagged_excluded:
        return ours
    flagged = participants.filter(pc.greater(pc.list_value_length(participants["flags"]), 0))["participant_id"]
    return ours.filter(pc.invert(pc.is_in(ours["participant_id"], value_set=flagged.combine_chunks())))


def rated(pairs: pa.Table, ratings: pa.Table, source: Source) -> pa.Table:
    """`pairs` with the columns AGGREGATES over `ratings`, the result of `counted`.

    Means and standard deviations (ddof 1, null for one rating) of the similarity 0 to 100 and of the identity as
    0 or 1; `n_ratings` is 0 and the others are null where a pair has none.
    """
    numbers = pa.table(
        {
            "pair_id": ratings["pair_id"],
            "similarity": ratings["similarity"],
            "identity": ratings["identity"].cast(pa.int8()).cast(pa.float64()),
        }
    )
    sample = pc.VarianceOptions(ddof=1)
    grouped = numbers.group_by("pair_id", use_threads=False).aggregate(
        [(name, function, options) for name in ("similarity", "identity") for function, options in _spread(sample)]
        + [([], "count_all")]
    )
    rows = pc.index_in(pairs["pair_id"], value_set=grouped["pair_id"].combine_chunks())
    of_pair = grouped.take(rows.combine_chunks())
    counts = of_pair["count_all"].fill_null(0).cast(pa.int32())
    columns = [of_pair["similarity_mean"], of_pair["similarity_stddev"], of_pair["identity_mean"]]
    columns += [of_pair["identity_stddev"], counts, pc.if_else(pc.greater(counts, 0), source, None)]
    for name, column in zip(AGGREGATES, columns, strict=True):
        pairs = pairs.append_column(name, column)
    return pairs


def _spread(sample: pc.VarianceOptions) -> list[tuple[str, pc.FunctionOptions | None]]:
    return [("mean", None), ("stddev", sample)]

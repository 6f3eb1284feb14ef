import numpy as np
import pyarrow as pa

from builder.publish.aggregates import with_aggregates
from builder.publish.tables import ByItem
from tests.asks import ASKS


def ratings_of(pairs):
    draw = np.random.default_rng(0)
    count = len(pairs)
    return pa.table(
        {
            "rating_id": [f"r{number}" for number in range(count)],
            "pair_id": pairs,
            "similarity": draw.random(count) * 100,
            "identity": draw.random(count) > 0.5,
        }
    )


def ids(pairs):
    return pa.chunked_array([pairs], pa.string())


def test_ratings_are_found_by_pair_in_their_order_and_once():
    by_pair = ByItem(ratings_of(["b", "a", "c", "a", "b", "d"]), "pair_id")
    assert by_pair.take(ids(["a", "b", "nobody rated it"]))["rating_id"].to_pylist() == ["r0", "r1", "r3", "r4"]
    assert by_pair.left() == ["c", "d"]
    assert by_pair.take(ids(["a", "d"]))["rating_id"].to_pylist() == ["r5"]


def test_there_may_be_no_ratings():
    none = ByItem(ratings_of(["a"]).slice(0, 0), "pair_id")
    assert none.take(ids(["a"])).num_rows == 0
    assert none.left() == []


def test_a_pair_has_the_same_aggregates_whoever_rates_other_pairs():
    """To the last bit: a batch's file is to stay as it is when others are rated."""
    crowd = [f"p{number}" for number in range(5_000)] * 10
    together = ratings_of(crowd)
    pairs = pa.table({"pair_id": ids([f"p{number}" for number in range(2_000, 2_112)])})
    alone = together.filter(pa.compute.is_in(together["pair_id"], value_set=pairs["pair_id"].combine_chunks()))
    taken = ByItem(together, "pair_id").take(pairs["pair_id"])
    assert with_aggregates(pairs, "pair_id", taken, ASKS.questions, "human").equals(
        with_aggregates(pairs, "pair_id", alone, ASKS.questions, "human")
    )

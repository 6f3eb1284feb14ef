import cma
import numpy as np
import pytest

from builder.generators.space import EuclideanSpace
from builder.recognizers import Faces
from builder.studies.verification.samples import Bases, Evaluation, Picture, View, base_name, optimized, randomness
from builder.studies.verification.samples.search import WORST_SCORE, Search

DIM = 10
SPACE = EuclideanSpace(DIM)
LATENTS = np.random.default_rng(3).standard_normal((3, DIM)).astype(np.float32)


class Landscape:
    """A known function in place of models: half the distance to the base's latent; nothing is found where the
    first coordinate is above `lost_above`."""

    def __init__(self, lost_above=np.inf):
        self.lost_above = lost_above
        self.calls, self.evaluated = 0, []

    def __call__(self, latents, bases):
        self.calls += 1
        assert latents.dtype == np.float32
        distances = (np.linalg.norm(latents - LATENTS[bases], axis=1) / 2).astype(np.float32)
        distances[latents[:, 0] > self.lost_above] = np.nan
        self.evaluated += list(zip(bases.tolist(), latents.copy(), distances.tolist(), strict=True))
        count = len(latents)
        faces = Faces(
            np.zeros((count, 1, 1, 3), np.uint8),
            ~np.isnan(distances),
            np.zeros((count, 4), np.float32),
            np.zeros((count, 0, 2), np.float32),
        )
        return Evaluation(
            View(np.zeros((count, 1, 1, 3), np.uint8), faces, np.zeros((count, 1), np.float32)), distances
        )


def refuses(*_):
    raise AssertionError("only the target is asked")


def draw(landscape, bases=2, **settings):
    pictures = tuple(Picture(base_name(i), latent) for i, latent in enumerate(LATENTS[:bases]))
    drawn = optimized.draw(
        Bases(pictures, SPACE, landscape, (), refuses), optimized.Settings(**settings), randomness(0, 0, "optimized")
    )
    return drawn.samples, drawn.rounds


def of_search(landscape, base):
    """What one search evaluated, in order, where every search was alive to the end."""
    return [entry for entry in landscape.evaluated if entry[0] == base]


def test_the_first_candidate_at_or_below_each_level_is_kept():
    landscape = Landscape()
    samples, _ = draw(landscape, levels=(1.2, 0.8, 0.4))
    for base in (0, 1):  # with two bases there is one search for each, and evaluations come in its order
        evaluated = of_search(landscape, base)
        for sample in (s for s in samples if s.base == base):
            first = next(n for n, (_, _, distance) in enumerate(evaluated) if distance <= sample.level)
            assert sample.reached
            assert sample.evaluations == first + 1
            np.testing.assert_array_equal(sample.picture.latent, evaluated[first][1])


def test_a_level_that_was_not_reached_has_the_best_candidate():
    landscape = Landscape()
    samples, rounds = draw(landscape, levels=(1e-6,), max_iterations=5)
    for sample in samples:
        evaluated = of_search(landscape, sample.base)
        best = int(np.argmin([distance for _, _, distance in evaluated]))
        assert sample.reached is False
        assert sample.evaluations == best + 1
        np.testing.assert_array_equal(sample.picture.latent, evaluated[best][1])
    assert {round.stop for round in rounds if round.iteration == 5} == {"maxiter"}


def test_where_nothing_was_ever_found_the_start_is_shown():
    samples, rounds = draw(Landscape(lost_above=-np.inf), levels=(0.5, 0.3), max_iterations=3)
    assert [(s.picture.name, s.reached, s.evaluations) for s in samples] == [
        ("base1", False, 0),
        ("base1", False, 0),
        ("base0", False, 0),
        ("base0", False, 0),
    ]
    assert all(round.best_distance is None for round in rounds)


def test_what_was_not_found_is_told_as_the_worst_score(monkeypatch):
    told = []
    tell = cma.CMAEvolutionStrategy.tell
    monkeypatch.setattr(
        cma.CMAEvolutionStrategy, "tell", lambda self, x, f, **rest: (told.extend(f), tell(self, x, f, **rest))[1]
    )
    landscape = Landscape(lost_above=0.0)
    draw(landscape, levels=(0.1,), max_iterations=3)
    lost = [np.isnan(distance) for _, _, distance in landscape.evaluated]
    assert any(lost)
    assert not all(lost)
    assert [score == WORST_SCORE for score in told] == lost


def test_all_searches_of_a_round_are_evaluated_in_one_call():
    landscape = Landscape()
    _, rounds = draw(landscape, bases=3, levels=(0.4,), max_iterations=40)
    assert landscape.calls == max(round.iteration for round in rounds)
    assert len(landscape.evaluated) == sum(round.evaluations for round in rounds if round.stop)


def test_rounds_record_the_best_so_far_and_why_a_search_stopped():
    landscape = Landscape()
    _, rounds = draw(landscape, levels=(0.4,))
    for base in (0, 1):
        own = [round for round in rounds if round.base == base]
        distances = [distance for _, _, distance in of_search(landscape, base)]
        assert [round.iteration for round in own] == list(range(1, len(own) + 1))
        for round in own:
            assert round.best_distance == min(distances[: round.evaluations])
        assert [round.stop for round in own[:-1]] == [None] * (len(own) - 1)
        assert own[-1].stop == "ftarget"


def test_cmas_own_rules_stop_a_search_and_are_recorded():
    def flat(latents, bases):
        evaluation = Landscape()(latents, bases)
        return evaluation._replace(scores=np.full(len(latents), 0.7, np.float32))

    samples, rounds = draw(flat, levels=(0.4,), max_iterations=1000)
    assert [sample.evaluations for sample in samples] == [1, 1]  # of equals the first is the best
    last = [round for round in rounds if round.stop]
    assert len(last) == 2
    assert all("tolflatfitness" in round.stop or "tolfun" in round.stop for round in last)


def test_a_search_is_what_cma_does_alone():
    """The same random numbers through cma's own loop give the same candidates."""
    landscape = Landscape()
    draw(landscape, levels=(0.4,), max_iterations=8)
    rng = randomness(0, 0, "optimized")(0, 1)
    alone = cma.CMAEvolutionStrategy(
        LATENTS[1].astype(float),
        1.0,
        {"randn": lambda *shape: rng.standard_normal(shape), "seed": np.nan, "verbose": -9, "maxiter": 8},
    )
    wanted = []
    while not alone.stop():
        asked = [x.astype(np.float32) for x in alone.ask()]
        wanted += asked
        alone.tell(
            [x.astype(float) for x in asked],
            [float(np.float32(np.linalg.norm(x - LATENTS[0]) / 2)) for x in asked],
            check_points=False,
        )
    np.testing.assert_array_equal([x for _, x, _ in of_search(landscape, 0)], wanted)


def test_searches_leave_numpys_global_generator_alone():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    draw(Landscape(), levels=(0.4,), max_iterations=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_file_in_the_working_folder_steers_nothing(tmp_path, monkeypatch):
    (tmp_path / "cma_signals.in").write_text("{'maxiter': 1}")
    monkeypatch.chdir(tmp_path)
    _, rounds = draw(Landscape(), levels=(1e-6,), max_iterations=3)
    assert max(round.iteration for round in rounds) == 3


def test_no_candidate_is_longer_than_max_norm_and_what_is_told_is_what_was_rendered(monkeypatch):
    told = []
    tell = cma.CMAEvolutionStrategy.tell
    monkeypatch.setattr(
        cma.CMAEvolutionStrategy, "tell", lambda self, x, f, **rest: (told.extend(x), tell(self, x, f, **rest))[1]
    )
    landscape = Landscape()
    draw(landscape, levels=(0.01,), max_iterations=6, sigma=3.0, max_norm=1.1)
    rendered = np.array([latent for _, latent, _ in landscape.evaluated])
    norms = np.linalg.norm(rendered, axis=1)
    assert norms.max() == pytest.approx(1.1 * np.sqrt(DIM), rel=1e-6)
    np.testing.assert_array_equal(np.array(told), rendered)


def test_cma_uses_what_it_is_told_even_where_it_would_not_have_asked_for_it(monkeypatch):
    """By default it pulls back candidates that are unusually far out and that it does not recognize."""

    def repair_genotype(self, *_, **__):
        raise AssertionError("a candidate was altered after it was rendered")

    monkeypatch.setattr(cma.CMAEvolutionStrategy, "repair_genotype", repair_genotype)
    _, rounds = draw(Landscape(), levels=(1e-6,), max_iterations=5)
    assert len(rounds) == 10


def test_popsize_null_is_cmas_own():
    for dim, popsize in ((100, 17), (512, 22)):
        search = Search(
            name="s",
            base=0,
            anchor=1,
            start=np.zeros(dim, np.float32),
            settings=optimized.Settings(),
            scores={},
            stop=0.0,
            space=EuclideanSpace(dim),
            rng=np.random.default_rng(0),
        )
        assert search.ask().shape == (popsize, dim)


def test_no_levels_run_no_search():
    assert draw(Landscape(), levels=()) == ([], [])


def test_full_is_the_default_and_changes_no_study():
    assert optimized.Settings(strategy="full") == optimized.Settings()
    with pytest.raises(ValueError, match="strategy"):
        optimized.Settings(strategy="half")


SCALES = np.logspace(0, 3, DIM)


def ellipsoid(latents):
    """Along the axes, a thousand times as steep along the last as along the first."""
    return (SCALES * (latents - 1) ** 2).sum(axis=1).astype(np.float32)


def asked_for(strategy, rounds):
    """What a search of 12 candidates a round asks for on the ellipsoid, and cma's own object."""
    search = Search(
        name="s",
        base=0,
        anchor=1,
        start=np.zeros(DIM, np.float32),
        settings=optimized.Settings(strategy=strategy, max_iterations=rounds + 1, popsize=12),
        scores={},
        stop=-np.inf,
        space=SPACE,
        rng=np.random.default_rng(0),
    )
    asked = []
    for _ in range(rounds):
        asked.append(search.ask())
        view = Landscape()(asked[-1], np.zeros(12, np.intp)).view
        search.tell(asked[-1], Evaluation(view, ellipsoid(asked[-1])))
    return np.array(asked), search._strategy


def test_the_diagonal_strategy_is_that_of_cma():
    asked, _ = asked_for("diagonal", 40)
    rng = np.random.default_rng(0)
    options = {"randn": lambda *shape: rng.standard_normal(shape), "seed": np.nan, "verbose": -9, "popsize": 12}
    alone = cma.CMAEvolutionStrategy(np.zeros(DIM), 1.0, options | {"CMA_diagonal": True, "maxiter": 41})
    for round in range(40):
        latents = np.array(alone.ask()).astype(np.float32)
        np.testing.assert_array_equal(asked[round], latents)
        alone.tell(list(latents.astype(float)), ellipsoid(latents).astype(float).tolist(), check_points=False)


def test_the_diagonal_strategy_learns_a_variance_for_each_number_and_no_covariance():
    """Where scores are an ellipsoid, standard deviations go as one over the root of its scales: sqrt(1000) apart."""
    asked, diagonal = asked_for("diagonal", 120)
    spread = asked[100:].reshape(-1, DIM).std(axis=0)
    assert spread[0] / spread[-1] == pytest.approx(np.sqrt(1000), rel=0.5)
    _, full = asked_for("full", 3)
    assert np.shape(full.sm.C) == (DIM, DIM)
    assert np.ndim(getattr(diagonal.sm, "C", 0)) < 2

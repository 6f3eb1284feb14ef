import itertools

from builder.survey.limits import Allowance, network


def test_a_burst_is_allowed_and_then_so_many_a_second():
    now = 0.0
    allowance = Allowance(burst=3, per_second=2, clock=lambda: now)
    assert [allowance.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert allowance.take("b")
    now = 1.0
    assert [allowance.take("a") for _ in range(3)] == [True, True, False]
    now = 100.0
    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]


def test_asking_whether_it_is_spent_costs_nothing():
    now = 0.0
    allowance = Allowance(burst=2, per_second=0.1, clock=lambda: now)
    assert [allowance.spent("a") for _ in range(5)] == [False] * 5
    assert (len(allowance), allowance.take("a"), allowance.take("a")) == (0, True, True)
    assert (allowance.spent("a"), allowance.spent("b")) == (True, False)
    now = 9.0
    assert allowance.spent("a")
    now = 10.0
    assert not allowance.spent("a")


def test_addresses_are_forgotten_before_they_fill_the_memory():
    ticks = itertools.count()
    allowance = Allowance(burst=1, per_second=0, most_addresses=100, clock=lambda: float(next(ticks)))
    for number in range(1000):
        assert allowance.take(str(number))
    assert len(allowance) == 100
    assert not allowance.take("999")
    assert allowance.take("0")


def test_an_ipv6_subscriber_is_one_address():
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") != network("2001:db8:1:3::1")
    assert network("::ffff:10.0.0.1") != network("::ffff:10.0.0.2")
    assert network("10.0.0.1") == "10.0.0.1"
    assert network("") == ""

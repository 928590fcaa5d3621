"""Who gets the room of one pool."""

from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.share import Claim, allot, nodes_for


def test_all_get_what_they_want_where_there_is_room():
    assert allot([Claim("a", 0, 1, 4, 4), Claim("b", 0, 1, 6, 4)], 5, 8) == {"a": 4, "b": 6}


def test_the_higher_priority_goes_first_and_nobody_starves_below_its_floor():
    claims = [Claim("low", 0, 2, 8, 4), Claim("high", 5, 1, 9, 4)]
    assert allot(claims, 5, 8) == {"low": 2, "high": 8}


def test_within_a_priority_the_greatest_missing_share_goes_first():
    assert allot([Claim("a", 0, 0, 6, 4), Claim("b", 0, 0, 2, 4)], 2, 8) == {"a": 3, "b": 1}


def test_where_even_the_floors_find_no_room_the_ceiling_wins():
    given_ = allot([Claim("a", 1, 4, 4, 8), Claim("b", 0, 4, 4, 8)], 6, 8)
    assert given_ == {"a": 4, "b": 2}


def test_three_gpus_of_eight_waste_two():
    assert nodes_for([(4, 3, 1)], 8) == 2
    assert nodes_for([(5, 3, 1)], 8) == 3


def test_small_ones_fill_what_large_ones_leave():
    assert nodes_for([(2, 5, 1), (2, 3, 1)], 8) == 2


def test_a_server_of_two_nodes_takes_whole_nodes():
    assert nodes_for([(3, 8, 2), (2, 4, 1)], 8) == 7


claims = st.lists(
    st.builds(
        lambda p, f, w, g: (p, min(f, w), w, g),
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(0, 12),
        st.sampled_from([1, 2, 3, 4, 5, 8]),
    ),
    min_size=1,
    max_size=5,
).map(lambda rows: [Claim(f"w{i}", *row) for i, row in enumerate(rows)])


@given(claims, st.integers(0, 12))
def test_a_share_never_exceeds_the_pool_nor_the_want(some, nodes):
    shares = allot(some, nodes, 8)
    assert nodes_for([(shares[c.name], c.gpus, c.nodes) for c in some], 8) <= nodes
    assert all(0 <= shares[c.name] <= c.want for c in some)


@given(claims, st.integers(0, 11))
def test_one_more_node_takes_nothing_from_the_first(some, nodes):
    first = max(some, key=lambda c: c.priority)
    if all(c.priority < first.priority for c in some if c is not first):
        small, large = allot(some, nodes, 8), allot(some, nodes + 1, 8)
        assert large[first.name] >= min(small[first.name], large[first.name])
        assert sum(large.values()) >= 0

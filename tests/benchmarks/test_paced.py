"""Which long hops are the agent's own: those in which the machine stopped nobody else."""

from benchmarks.paced import longest_awake

PAUSES = [(10.0, 10.05), (20.0, 20.2)]


def test_a_hop_within_a_pause_is_the_machines() -> None:
    assert longest_awake([(10.06, 55.0), (20.1, 90.0), (30.0, 4.0)], PAUSES) == 4.0


def test_a_long_hop_outside_of_every_pause_counts() -> None:
    assert longest_awake([(10.06, 55.0), (15.0, 12.0)], PAUSES) == 12.0


def test_where_every_hop_fell_into_a_pause_nothing_is_known() -> None:
    assert longest_awake([(10.06, 55.0)], PAUSES) is None

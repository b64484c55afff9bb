"""Muon: directions of equal size, and a network that it can fit."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="torch is part of the [export] extra")

from export.optimiser import Masters, orthogonal  # noqa: E402


@pytest.mark.parametrize("shape", [(2, 24, 24), (3, 16, 40), (1, 40, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonal(matrices))
    assert values.min() > 0.3
    assert values.max() < 1.3


def test_it_fits_and_a_saved_state_goes_on_alike() -> None:
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 1)).bfloat16()
    masters = Masters(net, [net[0].weight], weight_decay=0.0)
    x = torch.randn(64, 8).bfloat16()
    target = x.float() @ torch.randn(8, 1)

    def step() -> float:
        loss = ((net(x).float() - target) ** 2).mean()
        loss.backward()
        masters.step(masters.take_gradient().float(), 1e-2)
        return float(loss.detach())

    first = step()
    for _ in range(150):
        step()
    saved = copy.deepcopy(masters.state())
    last = step()
    assert last < 0.1 * first
    other = Masters(net, [net[0].weight], weight_decay=0.0)
    other.load(saved)
    assert other.steps == masters.steps - 1
    assert step() == pytest.approx(last, rel=1e-3)


def test_a_gradient_that_is_no_number_changes_nothing() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(4, 4)).bfloat16()
    masters = Masters(net, [], weight_decay=0.0)
    before = masters.flat.clone()
    masters.step(torch.full_like(before, torch.nan), 1e-2)
    torch.testing.assert_close(masters.flat, before)

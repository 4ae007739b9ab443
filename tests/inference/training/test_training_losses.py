"""Losses against their formulas, worked out by hand or in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as nnf

from inference.models.outputs import MANIFESTATIONS, MASK, RECOGNITION, RECONSTRUCTION, Head, exclusive_map
from inference.training import losses
from inference.training.activation import mapping
from inference.training.batches import DEVIATION, MEAN, Batch
from inference.training.losses import Objective
from inference.training.planes import EFFUSION, GROUND_GLASS, LESION, LUNG, PLANES

SIDE = 6


def _maps(seed: int, count: int = 3, labels: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, labels, SIDE, SIDE, generator=generator)
    return logits, (torch.rand(count, labels, SIDE, SIDE, generator=generator) > 0.6).float()


def _batch(seed: int = 0, count: int = 3) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    planes = (torch.rand(count, len(PLANES), SIDE, SIDE, generator=generator) > 0.5).float()
    return Batch(
        torch.randn(count, 1, SIDE, SIDE, generator=generator), planes, torch.ones(count, len(PLANES)),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])[:count],
    )  # fmt: skip


def test_dice_of_two_squares_is_two_overlaps_over_both() -> None:
    first, second = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    first[..., :2, :], second[..., 1:3, :] = 1.0, 1.0  # 8 pixels each, 4 shared
    weight = torch.ones(1, 1, 1, 1)
    assert losses.dice(first, second, weight, smooth=0.0).item() == pytest.approx(8 / 16)
    assert losses.dice(first, second, weight, smooth=0.0, factor=1.0).item() == pytest.approx(4 / 16)


def test_dice_leaves_out_pixels_without_weight() -> None:
    said, true = torch.ones(1, 1, 2, 2), torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    weight = torch.tensor([[[[1.0, 0.0], [1.0, 1.0]]]])
    assert losses.dice(said, true, weight, smooth=0.0).item() == pytest.approx(2 * 2 / (3 + 2))


def test_bce_dice_is_paper_5_equation_6_with_dices_factor() -> None:
    logits, target = _maps(1, labels=1)
    p, g = 1 / (1 + np.exp(-logits.numpy().astype(float))), target.numpy().astype(float)
    bce = -(g * np.log(p) + (1 - g) * np.log(1 - p)).mean()
    overlap = (2 * (p * g).sum() + losses.SMOOTH) / (p.sum() + g.sum() + losses.SMOOTH)
    found = losses.bce_dice(logits, target, torch.ones(3, 1, 1, 1))
    assert found.item() == pytest.approx(bce + 1 - overlap, abs=1e-5)


def test_minus_dice_is_paper_3_equation_5() -> None:
    logits, target = _maps(2)
    weight = torch.ones(3, 2, 1, 1)
    assert losses.minus_dice(logits, target, weight).item() == pytest.approx(
        losses.dice_loss(logits, target, weight).item() - 1.0, abs=1e-6
    )


def test_exclusive_cross_entropy_is_paper_4_equation_1() -> None:
    logits, target = _maps(3, labels=2)
    target = target[:, :1]
    p = torch.softmax(logits, dim=1).numpy()
    y = target.numpy()[:, 0]
    expected = -(y * np.log(p[:, 1]) + (1 - y) * np.log(p[:, 0])).mean()
    assert losses.exclusive_cross_entropy(logits, target, torch.ones(3, 1, 1, 1)).item() == pytest.approx(
        float(expected), abs=1e-5
    )


def test_later_label_covers_an_earlier_one_where_labels_exclude_one_another() -> None:
    target = torch.ones(1, 2, 1, 1)
    sure_of_last = torch.tensor([[[[-9.0]], [[-9.0]], [[9.0]]]])
    weight = torch.ones(1, 2, 1, 1)
    assert losses.exclusive_cross_entropy(sure_of_last, target, weight).item() < 1e-4
    assert losses.exclusive_cross_entropy(sure_of_last.flip(1), target, weight).item() > 5


def test_activation_loss_is_paper_5_equation_4() -> None:
    activation, lesion = torch.zeros(2, 4, 5), torch.zeros(2, 4, 5)
    lesion[0, :2, :2], lesion[1] = 1.0, 1.0
    known = torch.tensor([1.0, 0.0])
    assert losses.activation_loss(activation, lesion, known).item() == pytest.approx(np.sqrt(4) / 20)


@pytest.mark.parametrize("loss", [losses.bce_dice, losses.dice_loss, losses.minus_dice, losses.binary_cross_entropy])
def test_label_that_is_unknown_changes_no_loss_and_gets_no_gradient(loss: object) -> None:
    logits, target = _maps(4)
    weight = torch.ones(3, 2, 1, 1)
    weight[1, 1] = 0.0
    other = target.clone()
    other[1, 1] = 1 - other[1, 1]
    logits.requires_grad_()
    value = loss(logits, target, weight)  # type: ignore[operator]
    value.backward()
    assert value.item() == pytest.approx(loss(logits, other, weight).item())  # type: ignore[operator]
    assert logits.grad is not None
    assert logits.grad[1, 1].abs().max() == 0
    assert logits.grad[1, 0].abs().max() > 0


def test_batch_in_which_nothing_is_known_costs_nothing() -> None:
    logits, target = _maps(5)
    weight = torch.zeros(3, 2, 1, 1)
    for loss in (losses.bce_dice, losses.dice_loss, losses.minus_dice):
        assert loss(logits, target, weight).item() == 0.0


def test_effusion_inside_a_lesion_mask_counts_neither_way() -> None:
    batch = _batch()
    weights = losses.pixel_weights(batch, [LUNG, LESION])
    assert torch.equal(weights[:, 0], torch.ones(3, SIDE, SIDE))
    assert torch.equal(weights[:, 1], 1 - batch.planes[:, EFFUSION])
    batch.known[:, EFFUSION] = 0
    assert torch.equal(losses.pixel_weights(batch, [LESION]), torch.ones(3, 1, SIDE, SIDE))


def test_objective_of_paper_3_is_mse_less_dice_plus_bce() -> None:
    batch = _batch(1)
    heads = (
        Head(RECONSTRUCTION, "map", ("image",), "linear"), Head(MASK, "map", ("lesion",), "sigmoid"),
        Head(RECOGNITION, "vector", ("covid", "normal"), "sigmoid"),
    )  # fmt: skip
    batch.known[:, EFFUSION] = 0
    outputs = {
        RECONSTRUCTION: torch.randn(3, 1, SIDE, SIDE), MASK: torch.randn(3, 1, SIDE, SIDE),
        RECOGNITION: torch.randn(3, 2),
    }  # fmt: skip
    total, terms = Objective(heads, ("covid", "normal"), "minus-dice")(outputs, batch)
    mse = ((outputs[RECONSTRUCTION] - (batch.images * DEVIATION + MEAN)) ** 2).mean()
    dice = losses.dice(outputs[MASK].sigmoid(), batch.planes[:, LESION, None], torch.ones(3, 1, 1, 1))
    bce = nnf.binary_cross_entropy(outputs[RECOGNITION][:2].sigmoid(), batch.labels[:2])  # the third has no class
    assert total.item() == pytest.approx((mse - dice[0] + bce).item(), abs=1e-5)
    assert set(terms) == {RECONSTRUCTION, MASK, RECOGNITION}


def test_deep_supervision_sums_the_loss_of_every_output() -> None:
    batch = _batch(2)
    heads = (Head(MASK, "map", ("lesion",), "sigmoid"), Head("mask_2", "map", ("lesion",), "sigmoid", auxiliary=True))
    outputs = {MASK: torch.randn(3, 1, SIDE, SIDE), "mask_2": torch.randn(3, 1, SIDE, SIDE)}
    total, terms = Objective(heads, ())(outputs, batch)
    assert total.item() == pytest.approx(sum(term.item() for term in terms.values()), abs=1e-5)
    assert len(terms) == 2


def test_recognition_takes_mixed_labels_and_skips_pictures_without_one() -> None:
    batch = _batch(3)
    batch.labels[0] = torch.tensor([0.3, 0.7])
    head = Head(RECOGNITION, "vector", ("normal", "covid"), "softmax")
    logits = torch.randn(3, 2)
    total, _ = Objective((head,), ("normal", "covid"))({RECOGNITION: logits}, batch)
    log = torch.log_softmax(logits, dim=1)
    assert total.item() == pytest.approx(-(0.3 * log[0, 0] + 0.7 * log[0, 1] + log[1, 1]).item() / 2, abs=1e-5)


def test_recognition_follows_the_heads_order_of_labels() -> None:
    batch = _batch(3)
    sure = torch.tensor([[9.0, -9.0], [-9.0, 9.0], [0.0, 0.0]])
    straight, turned = (
        Objective((Head(RECOGNITION, "vector", labels, "softmax"),), ("normal", "covid"))({RECOGNITION: sure}, batch)[0]
        for labels in (("normal", "covid"), ("covid", "normal"))
    )
    assert straight.item() < 1e-3 < 5 < turned.item()


def test_manifestations_are_what_is_drawn_anywhere_in_the_picture() -> None:
    batch = _batch(4)
    batch.planes[0, GROUND_GLASS] = 0
    batch.known[2, GROUND_GLASS] = 0
    head = Head(MANIFESTATIONS, "vector", ("ground_glass",), "sigmoid")
    logits = torch.tensor([[0.4], [-0.2], [3.0]])
    total, _ = Objective((head,), ())({MANIFESTATIONS: logits}, batch)
    expected = nnf.binary_cross_entropy_with_logits(logits[:2], torch.tensor([[0.0], [1.0]]))
    assert total.item() == pytest.approx(expected.item(), abs=1e-6)


def test_softmax_map_learns_from_its_planes() -> None:
    batch = _batch(5)
    head = exclusive_map(("lung",))
    index = batch.planes[:, LUNG].long()
    right = nnf.one_hot(index, 2).permute(0, 3, 1, 2).float() * 20
    assert Objective((head,), ())({MASK: right}, batch)[0].item() < 1e-4


def test_softmax_map_that_marks_nothing_pays_for_it_by_dice_and_not_in_the_papers_own_loss() -> None:
    batch = _batch(8)
    head = exclusive_map(("lung",))
    batch.planes[:, LUNG] = 0.0
    batch.planes[:, LUNG, 0, 0] = 1.0
    nothing = torch.zeros(3, 2, SIDE, SIDE)
    nothing[:, 0] = 6.0
    own = Objective((head,), (), "cross-entropy")({MASK: nothing}, batch)[0].item()
    ours = Objective((head,), (), "bce-dice")({MASK: nothing}, batch)[0].item()
    assert own == pytest.approx(6.0 / SIDE**2, abs=0.01)
    assert ours - own > 0.7


def test_weights_scale_terms() -> None:
    batch = _batch(6)
    head = Head(MASK, "map", ("lung",), "sigmoid")
    outputs = {MASK: torch.randn(3, 1, SIDE, SIDE)}
    once, twice = (Objective((head,), (), weights=((MASK, w),))(outputs, batch)[0] for w in (1.0, 2.0))
    assert twice.item() == pytest.approx(2 * once.item())


def test_mapping_in_closed_form_is_the_gradient_of_the_probability() -> None:
    generator = torch.Generator().manual_seed(7)
    features = torch.rand(2, 5, 3, 4, generator=generator, requires_grad=True)
    weight = torch.randn(2, 5, generator=generator)
    logits = features.mean((2, 3)) @ weight.T
    probability = logits.softmax(dim=1)[:, 1].sum()
    gradient = torch.autograd.grad(probability, features, retain_graph=True)[0].mean((2, 3))
    expected = torch.relu(gradient[:, :, None, None] * features).sum(1)
    expected = expected / expected.flatten(1).amax(1)[:, None, None]
    assert torch.allclose(mapping(features, weight, logits, 1), expected, atol=1e-5)

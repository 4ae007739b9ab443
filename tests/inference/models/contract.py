"""What every network owes. A test class joins by naming its configuration."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO
from typing import ClassVar

import pytest
import torch

from inference.errors import InputShapeError
from inference.models.config import NetworkConfig
from inference.models.network import Network
from inference.models.registry import build, from_record, to_record

torch.set_num_threads(1)


def images(config: NetworkConfig, count: int = 2, height: int = 48, width: int = 75, seed: int = 3) -> torch.Tensor:
    """Random images in 0..1, taller or wider than square."""
    return torch.rand(count, config.in_channels, height, width, generator=torch.Generator().manual_seed(seed))


class NetworkContract:
    """Inherit, name the class ``Test...`` and set ``name`` and ``config``."""

    name: ClassVar[str]
    config: ClassVar[NetworkConfig]

    @pytest.fixture(scope="class")
    @classmethod
    def network(cls) -> Network:
        """In evaluation, with the statistics of a few batches, as after training."""
        torch.manual_seed(7)
        network = build(cls.config)
        with torch.no_grad():
            for _ in range(4):
                network(images(cls.config))
        return network.eval()

    @pytest.mark.parametrize(("height", "width"), [(64, 64), (33, 50), (90, 21)])
    def test_maps_have_the_size_of_an_image_of_any_size(self, network: Network, height: int, width: int) -> None:
        with torch.inference_mode():
            outputs = network(images(self.config, 2, height, width))
        assert list(outputs) == [head.name for head in network.heads]
        for head in network.heads:
            tail = (height, width) if head.kind == "map" else ()
            assert outputs[head.name].shape == (2, len(head.labels), *tail)
            assert outputs[head.name].isfinite().all()

    def test_one_channel_stands_for_all(self, network: Network) -> None:
        grey = images(self.config)[:, :1]
        with torch.inference_mode():
            once, repeated = network(grey), network(grey.repeat(1, self.config.in_channels, 1, 1))
        assert all(torch.equal(once[name], repeated[name]) for name in once)

    @pytest.mark.parametrize("shape", [(2, 5, 48, 48), (48, 48), (1, 48, 48)])
    def test_images_of_another_shape_are_refused(self, network: Network, shape: tuple[int, ...]) -> None:
        with pytest.raises(InputShapeError, match="takes images"):
            network(torch.zeros(shape))

    def test_probabilities_follow_each_heads_scale(self, network: Network) -> None:
        with torch.inference_mode():
            outputs = network(images(self.config))
            answers = network.probabilities(outputs)
        for head in network.heads:
            values = answers[head.name]
            if head.activation == "linear":
                assert torch.equal(values, outputs[head.name])
                continue
            assert values.min() >= 0
            assert values.max() <= 1
            if head.activation == "softmax":
                assert torch.allclose(values.sum(dim=1), torch.ones(()), atol=1e-5)
            else:
                assert torch.equal(values > 0.5, outputs[head.name] > 0)

    def test_gradient_reaches_every_parameter(self) -> None:
        torch.manual_seed(11)
        network = build(self.config).train()
        outputs = network(images(self.config))
        noise = torch.Generator().manual_seed(5)
        sum((o * torch.randn(o.shape, generator=noise)).sum() for o in outputs.values()).backward()
        without = [key for key, p in network.named_parameters() if p.grad is None or not p.grad.any()]
        assert without == []

    def test_step_in_bfloat16_and_channels_last_is_finite(self) -> None:
        torch.manual_seed(14)
        network = build(self.config).train().to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(images(self.config).to(memory_format=torch.channels_last))
        sum(output.float().mean() for output in outputs.values()).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())

    def test_weights_saved_and_loaded_give_the_same_answer(self, network: Network) -> None:
        stored = BytesIO()
        torch.save(network.state_dict(), stored)
        stored.seek(0)
        torch.manual_seed(12)
        other = build(from_record(self.name, to_record(self.config))).eval()
        with torch.inference_mode():
            fresh = other(images(self.config))
            other.load_state_dict(torch.load(stored, weights_only=True))
            loaded, original = other(images(self.config)), network(images(self.config))
        assert any(not torch.allclose(fresh[name], original[name]) for name in original)
        assert all(torch.equal(loaded[name], original[name]) for name in original)

    def test_seed_decides_weights_and_answers_repeat(self, network: Network) -> None:
        states = []
        for _ in range(2):
            torch.manual_seed(13)
            states.append(build(self.config).state_dict())
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
        with torch.inference_mode():
            first, second = network(images(self.config)), network(images(self.config))
        assert all(torch.equal(first[name], second[name]) for name in first)

    def test_answer_does_not_depend_on_the_rest_of_the_batch(self, network: Network) -> None:
        exact = deepcopy(network).double()
        batch = images(self.config, 3).double()
        with torch.inference_mode():
            together, alone = exact(batch), exact(batch[1:2])
        for name in together:
            assert torch.allclose(together[name][1:2], alone[name], rtol=1e-9, atol=1e-9 * float(alone[name].std()))
            assert not torch.allclose(together[name][:1], alone[name], rtol=1e-3)

    def test_deepest_layer_answers_a_feature_map(self, network: Network) -> None:
        seen: list[torch.Tensor] = []
        handle = network.deepest.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
        with torch.inference_mode():
            network(images(self.config))
        handle.remove()
        assert len(seen) == 1
        assert seen[0].ndim == 4
        assert len(seen[0]) == 2

    def test_no_tensor_is_bound_to_a_device(self) -> None:
        with torch.device("meta"):
            network = build(self.config)
        outputs = network.eval()(torch.empty(2, self.config.in_channels, 64, 64, device="meta"))
        assert {value.device.type for value in outputs.values()} == {"meta"}

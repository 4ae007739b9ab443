"""Every network keeps the contract, in its compact configuration and at a small size."""

from __future__ import annotations

from dataclasses import replace

from inference.models import config as configs
from inference.models.registry import cards
from tests.inference.models.contract import NetworkContract


class TestInceptionRecogniser(NetworkContract):
    name = "specialised-streams/recogniser"
    config = configs.InceptionConfig.compact()


class TestManifestations(NetworkContract):
    name = "specialised-streams/manifestations"
    config = replace(configs.ManifestationConfig.compact(), image_size=64, in_channels=3)


class TestStream(NetworkContract):
    name = "specialised-streams/stream"
    config = configs.StreamConfig.compact()


class TestAllClassStream(NetworkContract):
    name = "specialised-streams/stream"
    config = replace(configs.StreamConfig.compact(), labels=("ground_glass", "consolidation", "effusion"))


class TestRecurrentRecogniser(NetworkContract):
    name = "covid-mtnet/recogniser"
    config = configs.RecurrentConfig.compact()


class TestNabla(NetworkContract):
    name = "covid-mtnet/segmenter"
    config = configs.NablaConfig.compact()


class TestMultitask(NetworkContract):
    name = "multitask/network"
    config = replace(configs.MultitaskConfig.compact(), image_size=64)


class TestCascadeLungs(NetworkContract):
    name = "cascade-severity/lungs"
    config = configs.DenseUnetConfig.compact()


class TestCascadeLesions(NetworkContract):
    name = "cascade-severity/lesions"
    config = configs.DenseFpnConfig.compact()


class TestRes2NetRecogniser(NetworkContract):
    name = "jcs/recogniser"
    config = configs.Res2NetConfig.compact()


class TestJcs(NetworkContract):
    name = "jcs/segmenter"
    config = configs.JcsConfig.compact()


class TestJcsWithoutRecogniser(NetworkContract):
    name = "jcs/segmenter"
    config = replace(configs.JcsConfig.compact(), recogniser=None)


class TestBaseline(NetworkContract):
    name = "baseline/unet"
    config = replace(configs.BaselineConfig.compact(), in_channels=3)


def test_every_network_has_joined() -> None:
    assert {joined.name for joined in NetworkContract.__subclasses__()} == {card.name for card in cards()}

"""Every network by name: its configuration, and how to build it. Imports no torch until one is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from inference.errors import SeriesError
from inference.models import config as configs
from inference.models.config import NetworkConfig

if TYPE_CHECKING:
    from inference.models.network import Network

Variant = Literal["paper", "compact"]

_NETWORKS = "inference.models.networks"


@dataclass(frozen=True)
class NetworkCard:
    """A network's name (``system/part``), its configuration class and its factory as ``module:class``."""

    name: str
    title: str
    config: type[NetworkConfig]
    factory: str

    def configure(self, variant: Variant) -> NetworkConfig:
        """The ``paper`` or the ``compact`` configuration."""
        return self.config.paper() if variant == "paper" else self.config.compact()


_CARDS = tuple(
    NetworkCard(name, title, config, f"{_NETWORKS}.{factory}")
    for name, title, config, factory in (
        ("specialised-streams/recogniser", "Inception-v3", configs.InceptionConfig, "inception:InceptionRecogniser"),
        ("specialised-streams/manifestations", "Multi-label CNN", configs.ManifestationConfig,
         "manifestations:ManifestationNetwork"),
        ("specialised-streams/stream", "DeepLabv3+ on Xception-65", configs.StreamConfig, "stream:StreamNetwork"),
        ("covid-mtnet/recogniser", "IRRCNN", configs.RecurrentConfig, "recurrent:RecurrentRecogniser"),
        ("covid-mtnet/segmenter", "NABLA-3", configs.NablaConfig, "nabla:NablaNetwork"),
        ("multitask/network", "Encoder with three tasks", configs.MultitaskConfig, "multitask:MultitaskNetwork"),
        ("cascade-severity/lungs", "U-Net on DenseNet-161", configs.DenseUnetConfig, "cascade:DenseUnet"),
        ("cascade-severity/lesions", "FPN on DenseNet-201", configs.DenseFpnConfig, "cascade:DenseFpn"),
        ("jcs/recogniser", "Res2Net", configs.Res2NetConfig, "jcs:Res2NetRecogniser"),
        ("jcs/segmenter", "VGG-16 with EFM and AFF", configs.JcsConfig, "jcs:JcsSegmenter"),
        ("baseline/unet", "U-Net on ResNet-18", configs.BaselineConfig, "baseline:BaselineUnet"),
    )
)  # fmt: skip


def cards() -> tuple[NetworkCard, ...]:
    """Every network, in the order of the papers; the plain baseline last."""
    return _CARDS


def card(name: str) -> NetworkCard:
    """The network of that name. Raises SeriesError, naming them all, if there is none."""
    for found in _CARDS:
        if found.name == name:
            return found
    raise SeriesError(f"There is no network named {name}. There are: {', '.join(known.name for known in _CARDS)}.")


def build(config: NetworkConfig) -> Network:
    """The network that ``config`` describes, with fresh weights. Raises SeriesError if no network has such one."""
    for found in _CARDS:
        if found.config is type(config):
            module, name = found.factory.split(":")
            factory: Callable[[NetworkConfig], Network] = getattr(import_module(module), name)
            return factory(config)
    raise SeriesError(f"No network is configured by {type(config).__name__}.")


def to_record(config: NetworkConfig) -> dict[str, Any]:
    """``config`` as plain values for a checkpoint or a model card; :func:`from_record` reads it back."""
    return asdict(config)


def from_record(name: str, record: dict[str, Any]) -> NetworkConfig:
    """The configuration of the network ``name`` from plain values, as JSON gives them (lists for tuples).

    Raises SeriesError for a name or a field that does not exist, and for a field without default that is missing.
    """
    try:
        restored: NetworkConfig = _restore(card(name).config, record)
    except TypeError as error:
        raise SeriesError(f"These settings do not describe the network {name}: {error}.") from error
    return restored


def _restore(kind: type[Any], record: dict[str, Any]) -> Any:
    hints = get_type_hints(kind)
    unknown = set(record) - {field.name for field in fields(kind)}
    if unknown:
        raise TypeError(f"unknown {', '.join(sorted(unknown))}")
    return kind(**{name: _value(hints[name], value) for name, value in record.items()})


def _value(hint: Any, value: Any) -> Any:
    if isinstance(value, dict):
        nested: Any = next(option for option in get_args(hint) if is_dataclass(option))
        return _restore(nested, value)
    return tuple(value) if isinstance(value, list) else value

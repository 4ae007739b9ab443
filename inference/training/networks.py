"""Builds the network that a recipe names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inference.models.config import NetworkConfig
from inference.models.network import Network
from inference.models.networks.joint import JointConfig, JointUnet
from inference.training.recipes import Recipe

JOINT = "consensus/joint"


def configure(recipe: Recipe) -> NetworkConfig:
    """The configuration of a recipe's network. Raises SeriesError for a name that no network has."""
    from inference.models.registry import card

    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in recipe.settings.items()
    }
    plain = JointConfig.paper() if recipe.network == JOINT else card(recipe.network).configure(recipe.variant)
    return replace(plain, **settings)


def build(recipe: Recipe) -> Network:
    """Fresh weights, drawn from torch's own generator. Raises SeriesError for a name that no network has."""
    from inference.models.registry import build as registered

    config = configure(recipe)
    return JointUnet(config) if isinstance(config, JointConfig) else registered(config)

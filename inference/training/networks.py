"""Builds the network that a recipe names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inference.models.config import NetworkConfig
from inference.models.network import Network
from inference.models.networks.joint import JointConfig, JointUnet
from inference.training.recipes import Recipe

JOINT = "consensus/joint"


def build(recipe: Recipe) -> Network:
    """Fresh weights, drawn from torch's own generator. Raises SeriesError for a name that no network has."""
    from inference.models.registry import build as registered
    from inference.models.registry import card

    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in recipe.settings.items()
    }
    if recipe.network == JOINT:
        return JointUnet(replace(JointConfig.paper(), **settings))
    config: NetworkConfig = card(recipe.network).configure(recipe.variant)
    return registered(replace(config, **settings))

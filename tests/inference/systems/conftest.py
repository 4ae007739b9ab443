"""Folders of weights that the tests of learned systems share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.learned import CASCADE, ship_tiny, weights_in


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every tiny network, which no test may alter."""
    folder = tmp_path_factory.mktemp("weights")
    ship_tiny(folder)
    return folder


@pytest.fixture
def tiny(shipped: Path) -> Iterator[Path]:
    """Every tiny network is installed."""
    with weights_in(shipped):
        yield shipped


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The cascade and one more system are installed, in a folder that a test may alter."""
    ship_tiny(tmp_path, *CASCADE, "multitask-network-compact")
    with weights_in(tmp_path):
        yield tmp_path

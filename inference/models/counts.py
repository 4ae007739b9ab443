"""How many parameters each network has, beside what its paper says. ``python -m inference.models.counts`` prints it."""

from __future__ import annotations

import sys
from functools import cache

import torch

from inference.models import registry
from inference.models.config import NetworkConfig

PUBLISHED_MILLIONS = {"covid-mtnet/recogniser": 34.0, "covid-mtnet/segmenter": 18.98}
"""Every count that one of the five papers states, in millions (paper 2, architecture details)."""


@cache
def parameters(config: NetworkConfig) -> int:
    """The parameters of the network that ``config`` describes, counted without allocating them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in registry.build(config).parameters())


def table() -> str:
    """Markdown rows: network, the paper's count, ours, the gap between the two, and the compact count, in millions."""
    rows = [
        "| Network | Built as | Paper states | Paper configuration | Gap | Compact |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for card in registry.cards():
        ours = parameters(card.configure("paper")) / 1e6
        narrow = parameters(card.configure("compact")) / 1e6
        stated = PUBLISHED_MILLIONS.get(card.name)
        said, gap = ("no count", "") if stated is None else (f"{stated:.2f} M", f"{ours - stated:+.2f} M")
        rows.append(f"| {card.name} | {card.title} | {said} | {ours:.3f} M | {gap} | {narrow:.3f} M |")
    return "\n".join(rows)


def main() -> None:
    """Print the table."""
    sys.stdout.write(table() + "\n")


if __name__ == "__main__":
    main()

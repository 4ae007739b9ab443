"""The colours of the agreement map in a line of words."""

from __future__ import annotations

from viewer.state.layers import AGREEMENT_COLOURS


def agreement_legend(systems: int) -> str:
    """Rich text: a square for one system, two systems and so on; empty without any."""
    if not systems:
        return ""
    numbered = enumerate(AGREEMENT_COLOURS[:systems], start=1)
    squares = (f'<span style="color: rgb{colour}">■</span>&nbsp;{number}' for number, colour in numbered)
    return f"{'&nbsp;&nbsp; '.join(squares)}&nbsp; {'system' if systems == 1 else 'systems'}"

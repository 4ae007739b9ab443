"""Flips and quarter turns as the reader sees them: each acts on the screen, whatever was done before."""

from __future__ import annotations

from dataclasses import replace

from viewer.state.session import ViewTransform


def flipped_horizontally(transform: ViewTransform) -> ViewTransform:
    """The transform with left and right of the screen exchanged."""
    return replace(transform, flip_horizontal=not transform.flip_horizontal)


def flipped_vertically(transform: ViewTransform) -> ViewTransform:
    """The transform with top and bottom of the screen exchanged."""
    return replace(transform, flip_vertical=not transform.flip_vertical)


def turned(transform: ViewTransform, quarters: int = 1) -> ViewTransform:
    """The transform with the screen turned clockwise by ``quarters`` of 90 degrees.

    :class:`ViewTransform` turns first and flips afterwards; behind a single flip a turn therefore counts backwards.
    """
    mirrored = transform.flip_horizontal != transform.flip_vertical
    return replace(transform, quarter_turns=(transform.quarter_turns + (-quarters if mirrored else quarters)) % 4)

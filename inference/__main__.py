"""``python -m inference`` is the ``groundglass`` command."""

from __future__ import annotations

import sys

from inference.cli import main

if __name__ == "__main__":
    sys.exit(main())

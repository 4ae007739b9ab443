"""``groundglass demo``: writes the made-up study and its truth."""

from __future__ import annotations

import argparse

from inference.commands.console import Console, say
from inference.commands.stopping import stoppable
from inference.io.export import check_folder


def run(options: argparse.Namespace) -> int:
    """Generate and write; says where."""
    check_folder(options.out)
    from inference.demo.files import write
    from inference.demo.parameters import DemoParameters

    parameters = DemoParameters.small() if options.small else DemoParameters()
    console = Console()
    with stoppable() as cancel:
        try:
            files = write(
                options.out, parameters, on_progress=lambda share: console.progress("demo study", share), cancel=cancel
            )
        finally:
            console.clear()
    say(f"{files.study}: a made-up chest CT to open; {files.truth.parent}: what is true of it")
    return 0

"""Set up and run every check and test: ``python packaging/test.py [pytest arguments]``."""

from __future__ import annotations

import subprocess
import sys

from environment import ROOT, SetupError, on_a_display, prepare

_CHECKS = (
    ("style", ["-m", "ruff", "check", "."]),
    ("format", ["-m", "ruff", "format", "--check", "."]),
    ("types", ["-m", "mypy"]),
    ("contracts between packages", ["-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"]),
)


def main(arguments: list[str]) -> int:
    """Run the checks (unless pytest arguments narrow the run), then the tests; the first failure decides."""
    try:
        python = str(prepare("dev"))
        for name, command in () if arguments else _CHECKS:
            print(f"== {name}", flush=True)
            if code := subprocess.run([python, *command], cwd=ROOT).returncode:
                return code
        print("== tests", flush=True)
        tests = on_a_display([python, "-m", "pytest", *(arguments or ["-q"])])
        return subprocess.run(tests, cwd=ROOT).returncode
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The ``groundglass`` command: parses arguments and hands over. The contract is docs/command-line.md.

Nothing heavy is imported here: ``groundglass --version`` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from inference.errors import Cancelled, ExportError, InferenceError
from inference.software import NOTICE, version

INTERNAL_ERROR = 1
_EXIT_CODES = (
    "exit codes: 0 done; 2 bad input or usage; 3 refused by the geometry verdict; 4 weights missing or altered; "
    "1 internal error; 130 cancelled"
)
_COMMANDS = {
    "info": "list the series of a study, their geometry and verdict, without the patient",
    "analyse": "find lungs and opacities, measure them, write masks, figures and a report",
    "predict-images": "find lungs and opacities in a folder of PNG or JPEG slices or X-rays",
    "systems": "list the systems that can analyse, and their weights",
    "train": "train a learned system on labelled data, or go on with its training",
    "evaluate": "score a trained system on patients it was not trained on",
    "quantise": "ship trained networks, in 8 bits where that costs next to nothing on patients left out",
    "demo": "write a made-up chest CT as a DICOM series, with its truth",
    "bench": "measure speed beside other programs (in a checkout only)",
}


class UsageError(InferenceError):
    """The arguments cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    own_process = argv is None
    return guarded(lambda: _dispatch(list(sys.argv[1:] if argv is None else argv), own_process))


def guarded(work: Callable[[], int]) -> int:
    """Run ``work`` and turn whatever it raises into one line on standard error and an exit code."""
    try:
        code = work()
        sys.stdout.flush()
        return code
    except InferenceError as error:
        if isinstance(error, ExportError):  # perhaps standard output itself could not be written
            _detach_output()
        return _fail(str(error), error.exit_code)
    except (Cancelled, KeyboardInterrupt):
        return _fail("cancelled", Cancelled.exit_code)
    except BrokenPipeError:  # whoever read the output (head, a pager) has seen enough
        _detach_output()
        return 0
    except MemoryError as error:
        return _internal(error, "not enough memory; close other programs or choose a smaller series")
    except Exception as error:  # noqa: BLE001 - the last guard before the user, who must never see a traceback
        return _internal(error, f"internal error ({type(error).__name__})")


def _dispatch(arguments: list[str], own_process: bool) -> int:
    if not arguments or arguments[0] not in _COMMANDS:
        _settle_streams()
        return _open_viewer(arguments)
    from inference.commands.stopping import ignore_repetitions, stoppable

    with stoppable():
        code = guarded(lambda: _run(arguments[0], arguments[1:]))
        if own_process and code == Cancelled.exit_code:
            ignore_repetitions()
    return code


def _run(command: str, arguments: list[str]) -> int:
    _settle_streams()
    try:
        options = _parser_of(command).parse_args(arguments)
    except SystemExit as leaving:  # --help
        return int(leaving.code or 0)
    from inference.quiet import quiet_libraries

    with quiet_libraries():
        module = import_module(f"inference.commands.{command.replace('-', '_')}")
        run: Callable[[argparse.Namespace], int] = module.run
        return run(options)


def _settle_streams() -> None:
    from inference.commands.streams import settle_streams

    settle_streams()


def _open_viewer(arguments: list[str]) -> int:
    commands = "\n".join(f"  {name:<14} {text}" for name, text in _COMMANDS.items())
    parser = _Parser(
        prog="groundglass",
        usage="groundglass [STUDY] [--unattended OUT]\n       groundglass COMMAND ...",
        description=f"Opens a chest CT in the viewer. {NOTICE}.",
        epilog=f"commands:\n{commands}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"groundglass {version()}")
    parser.add_argument("study", nargs="?", metavar="STUDY", help="folder, DICOM file, DICOMDIR, zip, NIfTI, NRRD, "
                        "MHA, PNG or JPEG")  # fmt: skip
    parser.add_argument("--unattended", type=_path, metavar="OUT", help="analyse STUDY, leave pictures of the window "
                        "and the report in OUT, close")  # fmt: skip
    parser.add_argument("--quit-when-usable", action="store_true", help="close as soon as the window is usable")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as leaving:  # --help, --version
        return int(leaving.code or 0)
    except UsageError as error:
        meant = "" if Path(arguments[0]).exists() else _near_command(arguments[0])
        raise UsageError(f"{error}.{meant}" if meant else str(error)) from error
    study = options.study
    if options.unattended is not None and study is None:
        raise UsageError("--unattended needs a STUDY (see groundglass --help)")
    if study is not None and not (study.strip() and Path(study).exists()):
        raise UsageError(f"There is no file or folder {study or 'without a name'}.{_near_command(study)}")
    try:
        viewer = import_module("viewer.__main__")
    except ModuleNotFoundError as error:
        raise UsageError(f"The viewer cannot start: the module {error.name} is not installed.") from error
    opened: Callable[[list[str]], int] = viewer.main
    asked = [] if options.unattended is None else ["--unattended", str(options.unattended)]
    asked += ["--quit-when-usable"] if options.quit_when_usable else []
    return opened([*asked, *([study] if study is not None else [])])


def _near_command(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, _COMMANDS, n=1)
    return f" Did you mean the command {near[0]}?" if near else ""


def _parser_of(command: str) -> _Parser:
    parser = _Parser(
        prog=f"groundglass {command}", description=f"{_COMMANDS[command].capitalize()}.", epilog=_EXIT_CODES
    )
    {"info": _info, "analyse": _analyse, "predict-images": _predict_images, "systems": _systems,
     "train": _train, "evaluate": _evaluate, "quantise": _quantise, "demo": _demo,
     "bench": _bench}[command](parser)  # fmt: skip
    return parser


def _path(text: str) -> Path:
    """A path; an empty one, as an unset variable of a script leaves it, does not stand for the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _up_to(part: str) -> Callable[[str], float]:
    """A number that a detection floor can have."""

    def number(text: str) -> float:
        from inference.findings import HIGHEST_FLOOR

        highest: float = getattr(HIGHEST_FLOOR, part)
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= highest:
            raise argparse.ArgumentTypeError(f"{text} is no number from 0 to {highest:g}")
        return value

    return number


def _info(parser: _Parser) -> None:
    parser.add_argument("study", type=_path, metavar="STUDY")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _analyse(parser: _Parser) -> None:
    parser.add_argument("study", type=_path, metavar="STUDY")
    parser.add_argument("--out", type=_path, metavar="DIR", required=True, help="folder for the results")
    parser.add_argument("--system", metavar="NAME", help="default: the best whose weights are present")
    parser.add_argument("--config", choices=("paper", "compact"), help="size of a learned system")
    parser.add_argument("--series", metavar="UID", help="series UID or number, as info lists them")
    parser.add_argument("--modality", choices=("auto", "ct", "xray"), default="auto", help="what a single picture is; "
                        "auto decides by look")  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--agreement", action="store_true", help="run every learned system, and map where they agree")
    parser.add_argument("--segment-anyway", action="store_true", help="segment what was not recognised as diseased too")
    parser.add_argument("--lobes", type=_path, metavar="FILE", help="lobe map on the same grid, for the lobe scores")
    parser.add_argument("--floor-percent", type=_up_to("percent"), metavar="P", help="CT-0 is below that share of the "
                        "lung, 0 to 25; default: 0.5")  # fmt: skip
    parser.add_argument("--floor-ml", type=_up_to("ml"), metavar="ML", help="CT-0 is below that volume, 0 to 1000; "
                        "default: 3")  # fmt: skip
    parser.add_argument("--with-identity", action="store_true", help="write who the patient is into the results")


def _predict_images(parser: _Parser) -> None:
    parser.add_argument("folder", type=_path, metavar="DIR", help="folder with PNG or JPEG pictures")
    parser.add_argument("--out", type=_path, metavar="DIR", required=True, help="folder for masks and predictions.csv")
    parser.add_argument("--system", metavar="NAME", help="default: the best whose weights are present")
    parser.add_argument("--modality", choices=("auto", "ct", "xray"), default="auto", help="auto decides by look")
    parser.add_argument("--steps", type=_path, metavar="DIR", help="folder for every step of covid-mtnet as a picture")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")


def _systems(parser: _Parser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _train(parser: _Parser) -> None:
    _learned(parser)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoints that are there")
    parser.add_argument("--minutes", type=float, metavar="N", help="stop, saved, after that many minutes")
    parser.add_argument("--export", type=_path, metavar="DIR", help="write the weights and their card there at the end")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes that prepare pictures")


def _evaluate(parser: _Parser) -> None:
    _learned(parser)
    parser.add_argument("--unseen", action="store_true", help="leave out patients that the weights know")
    parser.add_argument(
        "--table",
        choices=("ablation", "adaptive", "effusion", "scans", "threshold", "mosmed"),
        help="a table of its paper, or of whole scans",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def _quantise(parser: _Parser) -> None:
    parser.add_argument("system", metavar="SYSTEM")
    parser.add_argument("--data", type=_path, metavar="DIR", required=True, help="folder with the data sets")
    parser.add_argument("--out", type=_path, metavar="DIR", required=True, help="folder of weights to ship to")
    parser.add_argument("--runs", type=_path, metavar="DIR", help="folder of the checkpoints; default: DATA/training")
    parser.add_argument("--cache", type=_path, metavar="DIR", help="folder for prepared pictures; default: RUNS/cache")
    parser.add_argument("--config", choices=("paper", "compact"), default="compact", help="size of the networks")
    parser.add_argument("--part", metavar="NAME", help="one part of the system only")
    parser.add_argument("--fold", choices=tuple("01234"), default="0", help="the fold left out, to judge on; default 0")
    parser.add_argument("--form", choices=("int8", "kernels"), default="int8", help="compute in 8 bits by OpenVINO, or "
                        "only store kernels in 8 bits")  # fmt: skip
    parser.add_argument("--pictures", type=int, default=0, metavar="N", help="judge on so many only, evenly drawn")


def _learned(parser: _Parser) -> None:
    parser.add_argument("system", metavar="SYSTEM")
    parser.add_argument("--data", type=_path, metavar="DIR", required=True, help="folder with the data sets")
    parser.add_argument("--config", choices=("paper", "compact"), default="compact", help="size of the networks")
    parser.add_argument("--part", metavar="NAME", help="one part of the system only")
    parser.add_argument("--fold", choices=tuple("01234"), help="the fold of patients that is left out")
    parser.add_argument("--out", type=_path, metavar="DIR", help="folder of the checkpoints; default: DATA/training")
    parser.add_argument("--cache", type=_path, metavar="DIR", help="folder for prepared pictures; default: OUT/cache")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")


def _demo(parser: _Parser) -> None:
    parser.add_argument("--out", type=_path, metavar="DIR", default=Path("groundglass-demo"))
    parser.add_argument("--small", action="store_true", help="128 x 128 pixels, made in a few seconds")


def _bench(parser: _Parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run; default: all")


def _detach_output() -> None:
    """Let what is still in the buffer go nowhere, or the interpreter complains at its end."""
    import os

    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    from inference.commands.console import one_line

    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
        print(f"groundglass: {one_line(message)}", file=sys.stderr)
    return code


def _internal(error: BaseException, what: str) -> int:
    from inference.commands.log import write_log

    log = write_log(error)
    where = f"the log, free of patient data, is {log}" if log else "no log could be written"
    return _fail(f"{what}; {where}", INTERNAL_ERROR)

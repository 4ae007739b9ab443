"""Writing results: masks, tables, JSON, the report. Each is a job, and says where it wrote or why it could not.

A job that is cancelled leaves what was there before: single files and sets of files appear whole, at the very end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from inference.errors import ExportError
from inference.findings import Findings
from inference.io.study import LoadedSeries
from inference.pipeline.cancellation import CancellationToken
from inference.verdict import Verdict
from viewer.jobs.runner import Jobs, Report
from viewer.state.session import Notice, Session

MASK_FILES = ("lungs.nii.gz", "lesions.nii.gz")
AGREEMENT_FILE = "agreement.nii.gz"
TABLE_FILES = ("severity.csv", "slices.csv", "lesions.csv")


@dataclass(frozen=True, eq=False)
class Result:
    """A finished analysis with what it belongs to."""

    findings: Findings
    loaded: LoadedSeries
    verdict: Verdict
    co_rads: int | None = None


Write = Callable[[Result, Report, CancellationToken], None]


def result(session: Session) -> Result | None:
    """What can be exported now."""
    findings, loaded, verdict = session.findings.value, session.loaded.value, session.verdict.value
    return (
        None
        if findings is None or loaded is None or verdict is None
        else Result(findings, loaded, verdict, session.co_rads.value)
    )


def mask_files(session: Session) -> tuple[str, ...]:
    """The files that an export of masks writes now: both masks, and the agreement map where there is one."""
    findings = session.findings.value
    compared = findings is not None and findings.output.agreement is not None
    return (*MASK_FILES, AGREEMENT_FILE) if compared else MASK_FILES


def export_masks(session: Session, jobs: Jobs, folder: Path) -> None:
    """Write the masks in the geometry of the files; each is read back and compared before success is told."""
    names = mask_files(session)

    def write(it: Result, report: Report, token: CancellationToken) -> None:
        from inference.io.export import write_label_map

        output = it.findings.output
        masks = [output.lungs, output.lesions, *([output.agreement.marks] if output.agreement is not None else [])]
        with all_at_once(folder, names, token) as stage:
            for number, (name, labels) in enumerate(zip(names, masks, strict=True)):
                report(number / len(names))
                write_label_map(stage / name, it.loaded.to_source(labels), cancel=token)

    _start(session, jobs, "Exporting masks", write, f"Masks written and read back: {', '.join(names)}.")


def export_tables(session: Session, jobs: Jobs, folder: Path) -> None:
    """Write the severity table, the figures per slice and the lesions as CSV."""

    def write(it: Result, report: Report, token: CancellationToken) -> None:
        from inference.io.export import write_lesions, write_severity, write_slices

        with all_at_once(folder, TABLE_FILES, token) as stage:
            for name, one in zip(TABLE_FILES, (write_severity, write_slices, write_lesions), strict=True):
                token.check()
                one(stage / name, it.findings)

    _start(session, jobs, "Exporting tables", write, f"Tables written: {', '.join(TABLE_FILES)}.")


def export_json(session: Session, jobs: Jobs, file: Path, with_identity: bool) -> None:
    """Write findings.json, schema version 1."""

    def write(it: Result, report: Report, token: CancellationToken) -> None:
        from inference.io.export import findings_json, write_json

        document = findings_json(it.findings, it.loaded, it.verdict, with_identity=with_identity)
        token.check()
        write_json(file, document)

    _start(session, jobs, "Exporting figures", write, f"Figures written: {file.name}.")


def export_report(session: Session, jobs: Jobs, file: Path, with_identity: bool) -> None:
    """Write the one-page report as PDF."""

    def write(it: Result, report: Report, token: CancellationToken) -> None:
        from inference.report.pdf import write_report

        identity = it.loaded.info.identity if with_identity else None
        write_report(file, it.findings, it.loaded, it.verdict, identity=identity, co_rads=it.co_rads, cancel=token)

    _start(session, jobs, "Writing the report", write, f"Report written: {file.name}.")


@contextmanager
def all_at_once(folder: Path, names: Iterable[str], token: CancellationToken) -> Iterator[Path]:
    """A temporary folder for a set of files, which appears in ``folder`` whole, or not at all when cancelled.

    Raises
    ------
    ExportError
        If ``folder`` is not there any more, or cannot be written to.
    Cancelled
        If the token was set; ``folder`` is as it was before.
    """
    from inference.io.export import staged

    if not folder.is_dir():
        raise ExportError("The folder for the export is not there any more; choose another one.")
    with staged(folder, names) as stage:
        yield stage
        token.check()


def _start(session: Session, jobs: Jobs, title: str, write: Write, told: str) -> None:
    it = result(session)
    if it is None:
        session.notice.emit(Notice("There is nothing to export yet. Press Analyse first.", "warning"))
        return

    def work(report: Report, token: CancellationToken) -> str:
        write(_as_analysed(it), report, token)
        return told

    run(session, jobs, title, work)


def run(session: Session, jobs: Jobs, title: str, work: Callable[[Report, CancellationToken], str]) -> None:
    """Start an export. What ``work`` returns is told as soon as it is written, also where a cancel came too late."""
    written: list[str] = []

    def whole(report: Report, token: CancellationToken) -> None:
        written.append(work(report, token))

    def tell(_: object) -> None:
        for text in written:
            session.notice.emit(Notice(text))

    jobs.run(title, whole, tell, on_stopped=tell)


def _as_analysed(it: Result) -> Result:
    """The result with the picture that was judged: an X-ray as 8-bit grey, whatever the file holds."""
    if not it.loaded.info.is_xray:
        return it
    from inference.pipeline.xray import grey_picture

    return replace(it, loaded=replace(it.loaded, volume=grey_picture(it.loaded)))

"""The command line's contract: exit codes, whole results or none, one line for a failure, and never the patient."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.cli import main
from inference.errors import GeometryRefused
from inference.findings import Findings
from inference.io.export import OUTPUT_NAMES
from inference.systems import registry
from inference.systems.registry import DENSITOMETRY, WeightFile
from inference.verdict import Colour, Reason, Verdict
from inference.volume import LabelMap, Volume
from tests.helpers.analysed import findings_of
from tests.helpers.phantoms import Chest, chest, write_dicom

UID = "1.2.826.0.1.3680043.8.498.77"
PATIENT = {
    "PatientName": "Quillfeather^Ottoline",
    "PatientID": "PX-4471-QQ",
    "PatientBirthDate": "19511204",
    "AccessionNumber": "ACC90177",
    "StudyDate": "20200412",
    "SeriesDescription": "Chest Quillfeather",
}
SECRETS = ("quillfeather", "ottoline", "px-4471", "19511204", "acc90177", "20200412", "case-4471", "px4471-")


@pytest.fixture(scope="module")
def case() -> Chest:
    return chest(disease="right", effusion="left", shape=(40, 72, 96), spacing_mm=(7.5, 4.2, 4.0))


@pytest.fixture(scope="module")
def study(case: Chest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose headers, folder and file names all tell who the patient is."""
    folder = tmp_path_factory.mktemp("studies") / "case-4471"
    for path in write_dicom(case.volume, folder, series_uid=UID, tags=dict(PATIENT)):
        path.rename(path.with_name(f"px4471-{path.name}"))
    return folder


@pytest.fixture
def truth(case: Chest, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The analysis replaced by the phantom's truth; ``calls`` records what it was asked."""
    said = SimpleNamespace(calls=[])

    def analyse(system: str, volume: Volume, verdict: Verdict, **options: Any) -> tuple[Findings, Verdict]:
        said.calls.append((system, options))
        assert np.array_equal(volume.array, case.volume.array)
        moved = replace(case, volume=volume)
        return findings_of(moved, lungs=LabelMap(case.lungs, volume.geometry)), verdict

    monkeypatch.setattr("inference.pipeline.analyse.analyse", analyse)
    return said


def run(*arguments: object) -> int:
    return main([str(one) for one in arguments])


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Standard error, proven to be a single line with nothing on standard output."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("groundglass: ")
    assert "Traceback" not in captured.err
    return captured.err


def everything_in(folder: Path) -> str:
    """The text of every file, unpacked where it is packed."""
    parts = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        parts.append(gzip.decompress(data) if path.suffix == ".gz" else data)
        if path.suffix == ".pdf" and shutil.which("pdftotext"):
            parts.append(subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout)
    return b"\n".join(parts).decode("latin-1").lower()


def test_analysis_writes_what_the_contract_names(
    study: Path, case: Chest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("analyse", study, "--out", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(OUTPUT_NAMES)
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert document["system"]["name"] == "densitometry"
    assert document["geometry"]["verdict"] == "amber"
    assert document["severity"]["grade"] in {"CT-0", "CT-1", "CT-2", "CT-3", "CT-4"}
    assert document["timing_s"]["read"] > 0
    per_lung = document["severity"]["per_lung"]
    assert per_lung["right"]["percentage"] > 2 * per_lung["left"]["percentage"]
    image = nibabel.load(tmp_path / "out" / "lesions.nii.gz")
    assert image.shape == case.volume.array.T.shape
    opacity = np.argwhere(np.isin(np.asanyarray(image.dataobj), (1, 2, 4)))
    ras = opacity @ image.affine[:3, :3].T + image.affine[:3, 3]
    assert np.median(ras[:, 0]) > 0, "RAS x grows to the patient's right where x is below the midline in LPS"
    captured = capsys.readouterr()
    assert captured.out.startswith(("CT-", "at least", "grade withheld"))
    assert "series 0" in captured.err
    for secret in SECRETS:
        assert secret not in everything_in(tmp_path / "out"), secret
        assert secret not in captured.out.lower()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("truth")
def test_identity_is_written_only_when_asked(study: Path, tmp_path: Path) -> None:
    assert run("analyse", study, "--out", tmp_path / "silent") == 0
    assert run("analyse", study, "--out", tmp_path / "named", "--with-identity") == 0
    silent, named = everything_in(tmp_path / "silent"), everything_in(tmp_path / "named")
    for secret in SECRETS:
        assert secret not in silent, secret
    for secret in SECRETS[:6]:
        assert secret in named, secret
    assert "px4471-" not in named
    assert UID not in silent
    pictures = [(tmp_path / name / "key-image.png").read_bytes() for name in ("silent", "named")]
    assert pictures[0] != pictures[1]


@pytest.mark.usefixtures("truth")
def test_same_study_gives_the_same_bytes_apart_from_timings(study: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        assert run("analyse", study, "--out", tmp_path / name) == 0
    for name in OUTPUT_NAMES:
        one, other = ((tmp_path / folder / name).read_bytes() for folder in ("one", "other"))
        if name == "findings.json":
            one, other = (json.dumps({**json.loads(data), "timing_s": 0}).encode() for data in (one, other))
        assert one == other, name


def test_refused_study_gives_reasons_and_takes_older_masks_away(
    case: Chest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = replace(case.volume, array=case.volume.array[:12], geometry=replace(case.volume.geometry, shape=(12, 72, 96)))
    write_dicom(few, tmp_path / "few", tags=dict(PATIENT))
    out = tmp_path / "out"
    out.mkdir()
    for name in (*OUTPUT_NAMES, "notes.txt"):
        (out / name).write_text("older")
    assert run("analyse", tmp_path / "few", "--out", out) == 3
    assert sorted(path.name for path in out.iterdir()) == ["findings.json", "notes.txt"]
    document = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert document["geometry"]["verdict"] == "red"
    assert [reason for reason in document["geometry"]["reasons"] if reason["colour"] == "red"]
    assert document["severity"]["percentage_of_infection"] is None
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "red" in captured.err
    assert not any(secret in everything_in(out) for secret in SECRETS)


def test_study_refused_once_its_lungs_are_known_has_no_masks(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = Verdict((Reason("gap_in_lung", Colour.RED, "3 slices are missing inside the lung"),))

    def refuse(*args: Any, **options: Any) -> None:
        raise GeometryRefused("Not measured.", red)

    monkeypatch.setattr("inference.pipeline.analyse.analyse", refuse)
    assert run("analyse", study, "--out", tmp_path / "out") == 3
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["findings.json"]
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert document["geometry"]["reasons"][0]["code"] == "gap_in_lung"


def bad_studies(folder: Path) -> dict[str, Path]:
    (folder / "empty").mkdir()
    (folder / "text").mkdir()
    (folder / "text" / "a.dcm").write_text("this is no image\n" * 50)
    (folder / "cut.nii.gz").write_bytes(b"\x1f\x8b\x08\x00 cut short")
    return {
        "absent": folder / "absent",
        "empty": folder / "empty",
        "text": folder / "text",
        "cut": folder / "cut.nii.gz",
    }


@pytest.mark.parametrize("kind", ["absent", "empty", "text", "cut"])
@pytest.mark.parametrize("command", ["info", "analyse"])
def test_bad_input_is_one_line_and_code_2(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--out", tmp_path / "out"] if command == "analyse" else []
    assert run(command, bad_studies(tmp_path)[kind], *options) == 2
    one_line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyse",),
        ("analyse", "STUDY"),
        ("analyse", "STUDY", "--out", "OUT", "--device", "tpu"),
        ("analyse", "STUDY", "--out", "OUT", "--nonsense"),
        ("analyse", "STUDY", "--out", "OUT", "--system", "densitomtery"),
        ("analyse", "STUDY", "--out", "OUT", "--series", "9.9.9"),
        ("analyse", "STUDY", "--out", "OUT", "--lobes", "no-such-file.nii.gz"),
        ("analyse", "STUDY", "--out", "FILE"),
        ("info", "STUDY", "STUDY"),
        ("systems", "extra"),
        ("no-such-study",),
        ("analize",),
        ("--nonsense",),
    ],
)
def test_bad_usage_is_one_line_and_code_2(
    arguments: tuple[str, ...], study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    places = {"STUDY": str(study), "OUT": str(tmp_path / "out"), "FILE": str(tmp_path / "file")}
    assert run(*(places.get(word, word) for word in arguments)) == 2
    said = one_line(capsys)
    assert not (tmp_path / "out").exists()
    if "densitomtery" in arguments:
        assert "Did you mean densitometry?" in said
    if "analize" in arguments:
        assert "Did you mean the command analyse?" in said


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    command=st.sampled_from(["info", "analyse", "systems", "demo", "bench"]),
    words=st.lists(st.sampled_from(["--frobnicate", "--device=tpu", "--config=huge", "--jsn"]), min_size=1, max_size=4),
)
def test_unknown_options_never_start_any_work(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, *words) == 2
    one_line(capsys)


def test_missing_weights_are_code_4(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    learned = replace(DENSITOMETRY, name="learned", kind="learned", weights=(WeightFile("none.safetensors", "0" * 64),))
    monkeypatch.setattr(registry, "_CARDS", {"learned": learned})
    assert run("analyse", study, "--out", tmp_path / "out", "--system", "learned") == 4
    assert "none.safetensors is missing" in one_line(capsys)
    assert run("analyse", study, "--out", tmp_path / "out") == 4
    assert not (tmp_path / "out").exists()


def test_falling_back_to_another_system_is_written_down(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, truth: SimpleNamespace
) -> None:
    learned = replace(DENSITOMETRY, name="learned", kind="learned", weights=(WeightFile("none.safetensors", "0" * 64),))
    monkeypatch.setattr(registry, "_CARDS", {"learned": learned, "densitometry": DENSITOMETRY})
    assert run("analyse", study, "--out", tmp_path / "out") == 0
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert truth.calls[0][0] == "densitometry"
    assert "none.safetensors is missing" in document["system"]["fallback_reason"]


def test_internal_error_is_one_line_and_a_log_without_the_patient(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise ValueError("Quillfeather in px4471-I00001.dcm")

    monkeypatch.setattr("inference.pipeline.analyse.analyse", fail)
    monkeypatch.setattr("platformdirs.user_log_dir", lambda *args, **options: str(tmp_path / "log"))
    assert run("analyse", study, "--out", tmp_path / "out") == 1
    said = one_line(capsys)
    assert "ValueError" in said
    assert str(tmp_path / "log" / "groundglass.log") in said
    log = (tmp_path / "log" / "groundglass.log").read_text(encoding="utf-8")
    assert "ValueError" in log
    assert "inference/commands/analyse.py" in log
    assert not any(secret in (log + said).lower() for secret in SECRETS)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_analysis_is_code_130_and_leaves_nothing(
    number: signal.Signals, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def interrupted(*args: Any, **options: Any) -> None:
        os.kill(os.getpid(), number)
        raise AssertionError("the signal was ignored")

    before = signal.getsignal(number)
    monkeypatch.setattr("inference.report.key_image.write_key_image", interrupted)
    monkeypatch.setattr("inference.pipeline.analyse.analyse", lambda *args, **options: (_findings(args[1]), args[2]))
    assert run("analyse", study, "--out", tmp_path / "deep" / "out") == 130
    assert "cancelled" in one_line(capsys)
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) is before


def _findings(volume: Volume) -> Findings:
    made = chest(disease="right", effusion="left", shape=(40, 72, 96), spacing_mm=(7.5, 4.2, 4.0))
    return findings_of(replace(made, volume=volume))


@pytest.mark.parametrize("wanted", [UID, "0"])
def test_series_is_chosen_by_uid_or_number(
    wanted: str, study: Path, tmp_path: Path, truth: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("analyse", study, "--out", tmp_path / "out", "--series", wanted) == 0
    assert "as asked" in capsys.readouterr().err


def test_options_that_do_not_apply_are_told_in_both_places(
    study: Path, tmp_path: Path, truth: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--config", "paper", "--device", "cuda", "--agreement")
    assert run("analyse", study, "--out", tmp_path / "out", *options) == 0
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    codes = {warning["code"] for warning in document["warnings"]}
    assert codes >= {"config_ignored", "device_ignored", "agreement_unavailable"}
    assert document["agreement"] is None
    said = capsys.readouterr().err
    assert all(option in said for option in ("--config", "--device", "--agreement"))


def test_info_lists_series_without_the_patient(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", study, "--json") == 0
    as_json = capsys.readouterr()
    document = json.loads(as_json.out)
    assert run("info", study) == 0
    as_text = capsys.readouterr()
    [series] = document["series"]
    assert (series["slices"], series["rows"], series["columns"]) == (40, 72, 96)
    assert series["spacing_kji_mm"] == pytest.approx([7.5, 4.2, 4.0])
    assert series["verdict"] == "amber"
    assert series["uid"] == UID
    assert series["proposed"] is True
    for text in (as_json.out, as_text.out, as_json.err, as_text.err):
        assert not any(secret in text.lower() for secret in SECRETS)
    assert UID in as_text.out


def test_info_leaves_out_the_names_of_files_it_could_not_read(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(study, tmp_path / "study")
    (tmp_path / "study" / "px4471-broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    assert run("info", tmp_path / "study") == 0
    assert not any(secret in capsys.readouterr().out.lower() for secret in SECRETS)


def test_systems_are_listed_honestly(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("systems", "--json") == 0
    [system] = [one for one in json.loads(capsys.readouterr().out)["systems"] if one["name"] == "densitometry"]
    assert system["kind"] == "rule-based"
    assert system["weights"] == []
    assert any("no probabilities" in limit for limit in system["limitations"])
    assert run("systems") == 0
    assert "rule-based baseline" in capsys.readouterr().out


def test_version_and_help_import_nothing_heavy() -> None:
    code = (
        "import sys; from inference.cli import main; a = main(['--version']); b = main(['analyse', '--help'])\n"
        "assert a == b == 0; assert not {'numpy', 'pydicom', 'PySide6', 'torch', 'PIL'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("groundglass ")


def test_study_alone_opens_the_viewer(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[list[str]] = []

    def window(arguments: list[str]) -> int:
        opened.append(arguments)
        return 0

    monkeypatch.setitem(sys.modules, "viewer.__main__", SimpleNamespace(main=window))
    assert run(study) == 0
    assert run() == 0
    assert opened == [[str(study)], []]
    assert run(study, "--unattended", study.parent / "pictures") == 0
    assert run("--quit-when-usable") == 0
    assert opened[2:] == [["--unattended", str(study.parent / "pictures"), str(study)], ["--quit-when-usable"]]


def test_unattended_without_a_study_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--unattended", "pictures") == 2
    assert "--unattended needs a STUDY" in capsys.readouterr().err


def test_closed_pipe_is_no_error(study: Path) -> None:
    code = "from inference.cli import main; import sys; sys.exit(main(['systems']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_demo_writes_a_study_that_can_be_analysed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import inference.demo.files as demo
    from inference.demo import DemoParameters

    generate = demo.generate
    monkeypatch.setattr(demo, "generate", lambda _, **options: generate(DemoParameters.small(), **options))
    assert run("demo", "--out", tmp_path / "demo") == 0
    assert "made-up chest CT" in capsys.readouterr().out
    assert run("info", tmp_path / "demo" / "study", "--json") == 0
    series = json.loads(capsys.readouterr().out)["series"]
    assert any(one["proposed"] and one["modality"] == "CT" for one in series)
    assert run("demo", "--out", tmp_path / "demo") == 2
    assert "already holds a demo study" in one_line(capsys)


def test_bench_runs_a_checkouts_benchmarks_or_says_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from inference.commands import bench

    monkeypatch.setattr(bench, "__file__", str(tmp_path / "inference" / "commands" / "bench.py"))
    assert run("bench") == 0
    assert "come with the source code" in capsys.readouterr().out
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__main__.py").write_text("import sys; sys.exit(len(sys.argv))")
    assert run("bench", "loading", "scrolling") == 3

"""Scrolling in a real window: from a posted wheel event to the end of painting, with three overlays.

    xvfb-run -a -s "-screen 0 1920x1200x24" python benchmarks/scrolling.py [--with-napari] [--napari-python PYTHON]

A synthetic 400x512x512 volume with lungs and two lesion classes; each plane is scrolled through, once idle and once
while a niced process keeps every core busy. With ``--with-napari`` napari shows the same volume and label layers in
the same window size, one plane at a time. It is measured in the same way, in its own interpreter.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SHAPE = (400, 512, 512)
SPACING = (1.0, 0.7, 0.7)
SIZE = (1920, 1200)
STEPS = 200
PLANES = ("axial", "coronal", "sagittal")
HERE = Path(__file__).resolve().parent


def phantom() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A body with two lungs and opacities: int16 HU, uint8 lungs (1, 2), uint8 lesions (1, 2)."""
    rng = np.random.default_rng(7)
    k, j, i = (np.linspace(-1, 1, n, dtype=np.float32) for n in SHAPE)
    k, j, i = k[:, None, None], j[None, :, None], i[None, None, :]
    volume = np.full(SHAPE, -1000, np.int16)
    volume[np.broadcast_to((i / 0.9) ** 2 + (j / 0.65) ** 2 < 1, SHAPE)] = 40
    lungs = np.zeros(SHAPE, np.uint8)
    for code, centre in ((1, -0.42), (2, 0.42)):
        lungs[((i - centre) / 0.32) ** 2 + (j / 0.5) ** 2 + (k / 0.85) ** 2 < 1] = code
    volume[lungs > 0] = -850
    lesions = np.zeros(SHAPE, np.uint8)
    for _ in range(40):
        c, r = rng.uniform(-0.6, 0.6, 3), rng.uniform(0.05, 0.18)
        ball = (k - c[0]) ** 2 + (j - c[1] * 0.6) ** 2 + (i - c[2]) ** 2 < r**2
        lesions[ball & (lungs > 0)] = rng.integers(1, 3)
    volume[lesions == 1] = -500
    volume[lesions == 2] = 20
    noise = rng.normal(0, 25, SHAPE[1:]).astype(np.int16)
    for n in range(SHAPE[0]):
        volume[n] += np.roll(noise, n * 37, axis=1)
    return volume, lungs, lesions


def burn(stop: multiprocessing.synchronize.Event) -> None:
    """What a system does to the machine: arithmetic without end, niced as the analysis worker is."""
    os.nice(10)
    a = np.random.default_rng(0).random((256, 256))
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:  # never outlive a benchmark that was killed
        a = np.clip(a @ a, 0, 1)


class Busy:
    """Every core at work, in niced processes, for as long as the block lasts."""

    def __enter__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        self._processes = [
            context.Process(target=burn, args=(self._stop,), daemon=True) for _ in range(os.cpu_count() or 1)
        ]
        for process in self._processes:
            process.start()
        time.sleep(2)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for process in self._processes:
            process.join()


def summary(milliseconds: list[float]) -> dict[str, float]:
    return {"p50": float(np.percentile(milliseconds, 50)), "p95": float(np.percentile(milliseconds, 95))}


def post_wheel(app, target, step: int) -> None:
    """One notch of the wheel in the middle of a widget, towards the hand."""
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent

    middle = QPointF(target.width() / 2, target.height() / 2)
    event = QWheelEvent(
        middle, QPointF(target.mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, -120 * step),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    app.postEvent(target, event)


def scroll(app, target, painted) -> dict[str, float]:
    """Milliseconds from each posted wheel event until it has been painted and handed to the screen.

    ``cpu`` is the p95 of the window thread's own processor time: what is left of it on a machine that others use.
    """
    times, work = [], []
    for n in range(STEPS + 5):
        before = painted()
        start, busy = time.perf_counter(), time.thread_time()
        post_wheel(app, target, 1 if n < STEPS // 2 else -1)
        while painted() == before:
            app.processEvents()
            if time.perf_counter() - start > 5:
                raise SystemExit("The wheel event was not painted within five seconds.")
        times.append((time.perf_counter() - start) * 1000)
        work.append((time.thread_time() - busy) * 1000)
        wait_quietly(app, 0.02)
    return {**summary(times[5:]), "cpu": float(np.percentile(work[5:], 95))}


def wait_quietly(app, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        app.processEvents()
        time.sleep(0.001)


def until_idle(app, jobs) -> None:
    """Until nothing of the window's own is under way: surfaces are meshed when figures arrive."""
    wait_quietly(app, 1.0)
    end = time.perf_counter() + 60
    while jobs._running and time.perf_counter() < end:
        wait_quietly(app, 0.1)


def lag(app, target, painted) -> list[float]:
    """How late a 5 ms timer fires, in ms, while the wheel turns 30 times a second."""
    from PySide6.QtCore import Qt, QTimer

    late, last = [], [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        late.append(max(0.0, (now - last[0]) * 1000 - 5))
        last[0] = now

    def turn() -> None:
        post_wheel(app, target, 1)

    beat, wheel = QTimer(), QTimer()
    beat.setTimerType(Qt.TimerType.PreciseTimer)
    beat.timeout.connect(tick)
    wheel.timeout.connect(turn)
    beat.start(5)
    wheel.start(33)
    end = time.perf_counter() + 2
    while time.perf_counter() < end:
        app.processEvents()
        time.sleep(0.0002)
    beat.stop()
    wheel.stop()
    return late[3:]


def measure_own() -> dict[str, dict[str, dict[str, float]]]:
    """In the program's own window, its panels and slice chart following as they do for a reader."""
    import tempfile

    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    sys.path.insert(0, str(HERE.parent))
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    app = QApplication.instance() or QApplication([])
    from viewer.app import App, prepare
    from viewer.settings import Settings

    prepare(app)
    folder = Path(tempfile.mkdtemp())
    program = App(Settings(folder / "settings.json"), folder)
    loaded, findings = analysed()
    session = program.session
    session.selected.value = loaded.info
    session.verdict.value = loaded.verdict
    session.look_at(loaded.volume.geometry.centre)
    session.loaded.value = loaded
    session.show_masks(findings.output.lungs.array, findings.output.lesions.array)
    session.findings.value = findings
    program.window.resize(*SIZE)
    program.window.show()
    views = program.window.centre.slices
    results: dict[str, dict[str, dict[str, float]]] = {}
    for state in ("idle", "busy"):
        if state == "busy":
            busy = Busy()
            busy.__enter__()
        for plane in PLANES:
            view, count = views[plane], [0]
            view.painted.connect(lambda count=count: count.__setitem__(0, count[0] + 1))
            session.look_at(loaded.volume.geometry.centre)
            session.active_view.value = plane
            session.maximised.value = plane
            until_idle(app, program.jobs)
            target = view._canvas.viewport()
            results.setdefault(plane, {})[state] = scroll(app, target, lambda count=count: count[0])
            if state == "busy":
                results[plane]["lag"] = summary(lag(app, target, None))
    busy.__exit__()
    results["window"] = {"size": {"width": views["sagittal"].width(), "height": views["sagittal"].height()}}
    program.window.close()
    return results


def analysed():
    """The synthetic volume with its masks as an analysis: every panel has something to show."""
    from inference.findings import Provenance, SystemOutput
    from inference.io.study import Identity, LoadedSeries, SeriesInfo
    from inference.quantification.assess import assess
    from inference.verdict import Verdict
    from inference.volume import LabelMap, Volume, VolumeGeometry

    voxels, lungs, lesions = phantom()
    geometry = VolumeGeometry(SHAPE, np.diag([SPACING[2], SPACING[1], SPACING[0], 1.0]), "1.2.3")
    volume = Volume(voxels, geometry)
    info = SeriesInfo(0, "1", "1", "dicom", "CT", "benchmark", *SHAPE, SPACING, 1.0, "", "", "CHEST", "", "1.2.3",
                      Verdict(), True, 1.0, "", Identity("BENCH", "1"), None)  # fmt: skip
    output = SystemOutput(
        LabelMap(lungs, geometry), LabelMap(lesions, geometry), True, Provenance("benchmark", "1", "cpu"), {}, {}
    )
    return LoadedSeries(info, volume, geometry, Verdict(), 0.0), assess(volume, output)


def measure_napari() -> dict[str, dict[str, dict[str, float]]]:
    """Runs inside napari's own interpreter."""
    import napari
    from qtpy.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    voxels, lungs, lesions = phantom()
    start = time.perf_counter()
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*SIZE)
    viewer.add_image(voxels, contrast_limits=(-1350, 150), scale=SPACING, colormap="gray")
    viewer.add_labels(lungs, scale=SPACING, opacity=0.2)
    viewer.add_labels((lesions == 1).astype(np.uint8), scale=SPACING, opacity=0.45)
    viewer.add_labels((lesions == 2).astype(np.uint8) * 2, scale=SPACING, opacity=0.5)
    canvas = viewer.window._qt_viewer.canvas
    count = [0]
    canvas._scene_canvas.events.draw.connect(lambda _: count.__setitem__(0, count[0] + 1), position="last")
    wait_quietly(app, 1.0)
    width, height = canvas._scene_canvas.size
    results: dict[str, dict[str, dict[str, float]]] = {
        "window": {"start": {"seconds": time.perf_counter() - start}, "canvas": {"width": width, "height": height}}
    }

    def painted() -> int:
        return count[0]

    for state in ("idle", "busy"):
        if state == "busy":
            busy = Busy()
            busy.__enter__()
        for axis, plane in enumerate(PLANES):
            viewer.dims.order = (axis, *[n for n in range(3) if n != axis])
            viewer.reset_view()
            wait_quietly(app, 0.7)
            times = []
            for n in range(STEPS + 5):
                before, begin = painted(), time.perf_counter()
                viewer.dims.set_current_step(axis, SHAPE[axis] // 2 + (n if n < STEPS // 2 else STEPS - n))
                while painted() == before and time.perf_counter() - begin < 5:
                    app.processEvents()
                times.append((time.perf_counter() - begin) * 1000)
                wait_quietly(app, 0.02)
            results.setdefault(plane, {})[state] = summary(times[5:])
    busy.__exit__()
    viewer.close()
    return results


def napari_in(python: str) -> dict[str, dict[str, dict[str, float]]] | str:
    command = [python, str(HERE / "scrolling.py"), "--napari-child"]
    apart = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if subprocess.run([python, "-c", "import napari"], capture_output=True, check=False, env=apart).returncode:
        return f"napari cannot be imported by {Path(python).name}: give --napari-python"
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=apart)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return "napari ended without figures: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(lines[-1])


def table(own: dict, other: dict | str | None) -> str:  # type: ignore[type-arg]
    size = own["window"]["size"]
    lines = [
        f"{platform.platform()}, {os.cpu_count()} cores, display {os.environ.get('DISPLAY', 'none')}, software raster",
        f"volume {'x'.join(map(str, SHAPE))}, three overlays, view {size['width']}x{size['height']}; milliseconds",
        "",
        f"{'plane':10}{'state':8}{'p50':>8}{'p95':>8}{'cpu p95':>9}{'napari p50':>12}{'napari p95':>12}{'ratio':>8}",
    ]
    for plane in PLANES:
        for state in ("idle", "busy"):
            mine = own[plane][state]
            row = f"{plane:10}{state:8}{mine['p50']:8.1f}{mine['p95']:8.1f}{mine['cpu']:9.1f}"
            if isinstance(other, dict):
                theirs = other[plane][state]
                row += f"{theirs['p50']:12.1f}{theirs['p95']:12.1f}{theirs['p95'] / mine['p95']:8.1f}"
            lines.append(row)
    lines.append("")
    lines += [f"event loop lag while busy, {plane}: p95 {own[plane]['lag']['p95']:.1f}" for plane in PLANES]
    if isinstance(other, str):
        lines.append(other)
    elif other is not None:
        canvas = other["window"]["canvas"]
        lines += [
            f"napari's canvas {canvas['width']:.0f}x{canvas['height']:.0f} in a window of {SIZE[0]}x{SIZE[1]}, "
            f"filled after {other['window']['start']['seconds']:.1f} s; its step is set without a wheel event",
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with-napari", action="store_true", help="measure napari in the same run")
    parser.add_argument("--napari-python", default=sys.executable, help="the interpreter that has napari")
    parser.add_argument("--napari-child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.napari_child:
        print(json.dumps(measure_napari()))
        return
    own = measure_own()
    other = napari_in(asked.napari_python) if asked.with_napari else None
    print(table(own, other))


if __name__ == "__main__":
    main()

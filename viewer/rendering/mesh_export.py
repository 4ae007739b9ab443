"""Meshes on disk: STL (LPS millimetres, one file for each label) and GLB (metres, y up, one file for all)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inference.errors import ExportError
from viewer.rendering.meshing import Surface
from viewer.state.layers import labels

_LPS_MM_TO_GLTF_M = (0.001, 0, 0, 0, 0, 0, 0.001, 0, 0, -0.001, 0, 0, 0, 0, 0, 1)
"""glTF 2.0, 3.4: y up, metres; patient left stays x, superior becomes y, anterior becomes z."""


def write_stl(surfaces: Sequence[Surface], directory: Path) -> tuple[Path, ...]:
    """Write ``<label>.stl`` for each surface, binary, LPS millimetres. Raises ExportError."""
    from vtkmodules.vtkIOGeometry import vtkSTLWriter

    _need(surfaces)
    paths = []
    for surface in surfaces:
        target = directory / f"{surface.key}.stl"
        writer = vtkSTLWriter()
        writer.SetFileTypeToBinary()
        writer.SetHeader("Groundglass LPS mm, research use only, not for diagnosis")
        writer.SetInputData(surface.mesh)
        _write(writer, target, "stl")
        paths.append(target)
    return tuple(paths)


def write_glb(surfaces: Sequence[Surface], target: Path) -> Path:
    """Write every surface into one binary glTF file, in its label's colour. Raises ExportError."""
    from vtkmodules.vtkIOExport import vtkGLTFExporter
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

    _need(surfaces)
    colours = {label.key: label.colour for label in labels()}
    renderer, window = vtkRenderer(), vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.AddRenderer(renderer)
    for surface in surfaces:
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(_turned(surface.mesh))
        mapper.ScalarVisibilityOff()
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().SetColor(*(part / 255 for part in colours[surface.key]))
        actor.GetProperty().SetOpacity(0.25 if "lung" in surface.key else 1.0)
        renderer.AddActor(actor)
    exporter = vtkGLTFExporter()
    exporter.SetRenderWindow(window)
    exporter.InlineDataOn()
    _write(exporter, target, "glb")
    return target


def _turned(mesh: Any) -> Any:
    from vtkmodules.vtkCommonTransforms import vtkTransform
    from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

    transform = vtkTransform()
    transform.SetMatrix(_LPS_MM_TO_GLTF_M)
    place = vtkTransformPolyDataFilter()
    place.SetTransform(transform)
    place.SetInputData(mesh)
    place.Update()
    return place.GetOutput()


def _need(surfaces: Sequence[Surface]) -> None:
    if not surfaces:
        raise ExportError("There is no 3D surface to export; analyse the study first.")


def _write(writer: Any, target: Path, suffix: str) -> None:
    """Write beside the target, then rename: nothing half-written is ever left."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.{suffix}")
    writer.SetFileName(str(beside))
    writer.Write()
    if not beside.is_file() or beside.stat().st_size == 0:
        beside.unlink(missing_ok=True)
        raise ExportError(f"{target.name} could not be written; is the folder writable and has the disk room?")
    beside.replace(target)

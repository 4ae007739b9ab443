"""Meshes on disk: STL (LPS millimetres, one file for each label) and GLB (metres, y up, one file for all)."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import ExportError
from viewer.rendering.meshing import Surface
from viewer.state.layers import labels

_NOTICE = "Research use only, not for diagnosis"
_FLOAT, _UINT32 = 5126, 5125
_VERTICES, _TRIANGLES = 34962, 34963


def write_stl(
    surfaces: Sequence[Surface], directory: Path, check: Callable[[], None] = lambda: None
) -> tuple[Path, ...]:
    """Write ``<label>.stl`` for each surface, binary, LPS millimetres. Raises ExportError.

    ``check`` is called before each file; what it raises stops the rest.
    """
    from vtkmodules.vtkIOGeometry import vtkSTLWriter

    _need(surfaces)
    paths = []
    for surface in surfaces:
        check()
        target = directory / f"{surface.key}.stl"
        writer = vtkSTLWriter()
        writer.SetFileTypeToBinary()
        writer.SetHeader(f"Groundglass, LPS mm. {_NOTICE}")
        writer.SetInputData(surface.mesh)
        with _beside(target) as beside:
            writer.SetFileName(str(beside))
            writer.Write()
        paths.append(target)
    return tuple(paths)


def write_glb(surfaces: Sequence[Surface], target: Path) -> Path:
    """Write every surface into one binary glTF 2.0 file, in its label's colour. Raises ExportError.

    glTF is in metres with y up (3.4 of its specification): patient left stays x, superior is y, anterior is z.
    """
    _need(surfaces)
    colours = {label.key: label.colour for label in labels()}
    binary = b""
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    meshes, materials = [], []

    def add(array: NDArray[Any], kind: str, component: int, use: int, **limits: Any) -> int:
        nonlocal binary
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes, "target": use})
        accessors.append(
            {"bufferView": len(views) - 1, "componentType": component, "count": len(array), "type": kind, **limits}
        )
        binary += array.tobytes()
        return len(accessors) - 1

    for number, surface in enumerate(surfaces):
        points, normals, corners = _arrays(surface)
        low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        attributes = {
            "POSITION": add(points, "VEC3", _FLOAT, _VERTICES, min=low, max=high),
            "NORMAL": add(normals, "VEC3", _FLOAT, _VERTICES),
        }
        indices = add(corners, "SCALAR", _UINT32, _TRIANGLES)
        primitive = {"attributes": attributes, "indices": indices, "material": number}
        meshes.append({"name": surface.key, "primitives": [primitive]})
        translucent = "lung" in surface.key
        rgba = [*(part / 255 for part in colours[surface.key]), 0.25 if translucent else 1.0]
        material = {"pbrMetallicRoughness": {"baseColorFactor": rgba, "metallicFactor": 0}, "name": surface.key}
        materials.append({**material, "alphaMode": "BLEND" if translucent else "OPAQUE"})
    document = {
        "asset": {"version": "2.0", "generator": "Groundglass", "copyright": _NOTICE},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(meshes)))}],
        "nodes": [{"mesh": number, "name": mesh["name"]} for number, mesh in enumerate(meshes)],
        "meshes": meshes,
        "materials": materials,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(document, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    with _beside(target) as beside:
        beside.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return target


def _arrays(surface: Surface) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint32]]:
    """Vertices and normals in glTF's axes, and the corners of the triangles, flat."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    def turned(vectors: NDArray[Any], scale: float) -> NDArray[np.float32]:
        return np.ascontiguousarray(np.stack([vectors[:, 0], vectors[:, 2], -vectors[:, 1]], axis=1) * scale, "<f4")

    mesh = surface.mesh
    points = turned(vtk_to_numpy(mesh.GetPoints().GetData()), 0.001)
    normals = turned(vtk_to_numpy(mesh.GetPointData().GetNormals()), 1.0)
    corners = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).astype("<u4")
    return points, normals, corners


def _need(surfaces: Sequence[Surface]) -> None:
    if not surfaces:
        raise ExportError("There is no 3D surface to export; analyse the study first.")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name beside the target that becomes the target at the end: nothing half-written is ever left."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield beside
        if beside.stat().st_size == 0:
            raise OSError
        beside.replace(target)
    except OSError as error:
        raise ExportError(f"{target.name} could not be written; is the folder writable, is there room?") from error
    finally:
        with suppress(OSError):
            beside.unlink()

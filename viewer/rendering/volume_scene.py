"""The 3D scene: translucent lungs, opaque infection, effusion, a cut plane, a cross, an orientation cube.

Pure VTK, no widgets: the widget gives it a render window, tests an off-screen one. World coordinates are LPS mm.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import vtkmodules.vtkInteractionStyle  # registers the interactor styles
import vtkmodules.vtkRenderingFreeType  # registers the fonts
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the renderer
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPlane, vtkPolyData
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingAnnotation import vtkAnnotatedCubeActor
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkCellPicker,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

from inference.volume import Point
from viewer.rendering.meshing import Surface
from viewer.rendering.palette import HOVERED
from viewer.state.layers import labels

Direction = Literal["A", "P", "L", "R", "S", "I"]
CutPlane = Literal["none", "axial", "coronal", "sagittal"]
Colouring = Literal["infection", "classes"]

# Where the camera stands and what is up, LPS. Seen from the front the patient's right is on the left, as in a film.
_CAMERAS: dict[Direction, tuple[Point, Point]] = {
    "A": ((0, -1, 0), (0, 0, 1)),
    "P": ((0, 1, 0), (0, 0, 1)),
    "L": ((1, 0, 0), (0, 0, 1)),
    "R": ((-1, 0, 0), (0, 0, 1)),
    "S": ((0, 0, 1), (0, -1, 0)),
    "I": ((0, 0, -1), (0, -1, 0)),
}
_CUT_AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}
INFECTION_COLOUR = (230, 20, 20)
"""Saturated red, as in paper 4, figure 9."""
_INFECTED = ("ground_glass", "consolidation", "unclassified")
_BACKGROUND = (0.06, 0.06, 0.06)


class VolumeScene:
    """What stands in the 3D view. Rendering is left to the caller, so that nothing is drawn while a slice scrolls."""

    def __init__(self) -> None:
        self.renderer = vtkRenderer()
        self.renderer.SetBackground(*_BACKGROUND)
        self._plane = vtkPlane()
        self._cut: CutPlane = "none"
        self._colouring: Colouring = "infection"
        self._actors: dict[str, vtkActor] = {}
        self._surfaces: dict[str, Surface] = {}
        self._cross = _marker()
        self._outline = _box()
        for actor in (self._cross, self._outline):
            self.renderer.AddActor(actor)
        self._lights()

    # contents ---------------------------------------------------------------------------------------------------

    def show(self, surfaces: Iterable[Surface]) -> None:
        """Replace the meshes; the camera stays unless nothing was there."""
        first = not self._actors
        for actor in self._actors.values():
            self.renderer.RemoveActor(actor)
        self._surfaces = {surface.key: surface for surface in surfaces}
        self._actors = {key: self._actor(surface) for key, surface in self._surfaces.items()}
        for actor in self._actors.values():
            self.renderer.AddActor(actor)
        self._recolour()
        self.set_cut(self._cut)
        if first and self._actors:
            self.look_from("A")

    def clear(self) -> None:
        """Take every mesh away."""
        self.show(())

    @property
    def keys(self) -> tuple[str, ...]:
        """The labels that have a mesh."""
        return tuple(self._actors)

    def surface(self, key: str) -> Surface:
        """The mesh of a label. Raises KeyError."""
        return self._surfaces[key]

    def actor(self, key: str) -> vtkActor:
        """The actor of a label. Raises KeyError."""
        return self._actors[key]

    def set_visible(self, key: str, visible: bool) -> None:
        """Show or hide a label."""
        if key in self._actors:
            self._actors[key].SetVisibility(visible)

    def set_colouring(self, colouring: Colouring) -> None:
        """All infection in one red, or each class in its own colour."""
        self._colouring = colouring
        self._recolour()

    def set_detail(self, full: bool) -> None:
        """Full meshes, or coarse ones while the scene is being turned."""
        for key, actor in self._actors.items():
            surface = self._surfaces[key]
            actor.GetMapper().SetInputData(surface.mesh if full else surface.coarse)

    def set_cross(self, point: Point | None) -> None:
        """Put the small cross of the linked views at a point (LPS mm), or hide it."""
        self._cross.SetVisibility(point is not None and bool(self._actors))
        if point is not None:
            self._cross.SetPosition(*point)

    def set_outline(self, corners: NDArray[np.float64] | None) -> None:
        """Draw the edges of a box round a lesion (eight corners, LPS mm), or none."""
        self._outline.SetVisibility(corners is not None and bool(self._actors))
        if corners is not None:
            box = self._outline.GetMapper().GetInput()
            for number, corner in enumerate(corners):
                box.GetPoints().SetPoint(number, *corner)
            box.GetPoints().Modified()

    def set_cut(self, cut: CutPlane, point: Point | None = None) -> None:
        """Cut everything in front of a plane away: the part toward the feet, the front or the right goes."""
        self._cut = cut
        if cut != "none":
            axis = _CUT_AXIS[cut]
            normal = [0.0, 0.0, 0.0]
            normal[axis] = 1.0
            self._plane.SetNormal(*normal)
            if point is not None:
                self._plane.SetOrigin(*point)
        for actor in self._actors.values():
            mapper = actor.GetMapper()
            mapper.RemoveAllClippingPlanes()
            if cut != "none":
                mapper.AddClippingPlane(self._plane)

    # looking ----------------------------------------------------------------------------------------------------

    def look_from(self, direction: Direction) -> None:
        """Put the camera on one of the six sides, everything in view."""
        (x, y, z), up = _CAMERAS[direction]
        camera = self.renderer.GetActiveCamera()
        camera.ParallelProjectionOff()
        camera.SetViewAngle(25)
        camera.SetFocalPoint(0, 0, 0)
        camera.SetPosition(x, y, z)
        camera.SetViewUp(*up)
        self._cross.VisibilityOff()
        self.renderer.ResetCamera()
        camera.Zoom(1.12)
        self.renderer.ResetCameraClippingRange()

    def pick(self, x: int, y: int) -> Point | None:
        """The point (LPS mm) of the infection or effusion under a display position (pixels, origin lower left)."""
        picker = vtkCellPicker()
        picker.SetTolerance(0.002)
        picker.PickFromListOn()
        for key, actor in self._actors.items():
            if "lung" not in key and actor.GetVisibility():
                picker.AddPickList(actor)
        if not picker.Pick(x, y, 0, self.renderer):
            return None
        px, py, pz = picker.GetPickPosition()
        return float(px), float(py), float(pz)

    # inside -----------------------------------------------------------------------------------------------------

    def _actor(self, surface: Surface) -> vtkActor:
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(surface.mesh)
        mapper.ScalarVisibilityOff()
        actor = vtkActor()
        actor.SetMapper(mapper)
        look = actor.GetProperty()
        look.SetInterpolationToPhong()
        look.SetSpecular(0.25)
        look.SetSpecularPower(25)
        if "lung" in surface.key:
            # Disease at the pleura lies on the lung's own surface, now before and now behind it. Drawn a little nearer,
            # the lung veils all of it alike; else what reaches the surface would look like another, darker kind.
            mapper.SetResolveCoincidentTopologyToPolygonOffset()
            mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, -2000.0)
            look.SetOpacity(0.3)
            look.SetAmbient(0.35)
            look.BackfaceCullingOn()
            look.SetSpecular(0.5)
        return actor

    def _recolour(self) -> None:
        colours = {label.key: label.colour for label in labels()}
        for key, actor in self._actors.items():
            colour = colours[key]
            if self._colouring == "infection" and key in _INFECTED:
                colour = INFECTION_COLOUR
            if "lung" in key:
                colour = (205, 200, 205)
            actor.GetProperty().SetColor(*(part / 255 for part in colour))

    def _lights(self) -> None:
        self.renderer.AutomaticLightCreationOn()
        self.renderer.TwoSidedLightingOn()


def orientation_cube() -> vtkAnnotatedCubeActor:
    """A cube with the patient's letters; which way it turns follows the camera."""
    cube = vtkAnnotatedCubeActor()
    cube.SetXPlusFaceText("L")
    cube.SetXMinusFaceText("R")
    cube.SetYPlusFaceText("P")
    cube.SetYMinusFaceText("A")
    cube.SetZPlusFaceText("S")
    cube.SetZMinusFaceText("I")
    cube.SetFaceTextScale(0.6)
    cube.SetXFaceTextRotation(0)  # upright letters as each side is looked at
    cube.SetZFaceTextRotation(90)
    cube.GetCubeProperty().SetColor(0.25, 0.25, 0.25)
    cube.GetTextEdgesProperty().SetColor(0.1, 0.1, 0.1)
    for face in (cube.GetXPlusFaceProperty(), cube.GetXMinusFaceProperty(), cube.GetYPlusFaceProperty(),
                 cube.GetYMinusFaceProperty(), cube.GetZPlusFaceProperty(), cube.GetZMinusFaceProperty()):  # fmt: skip
        face.SetColor(0.92, 0.92, 0.92)
    return cube


def add_orientation_cube(interactor: Any) -> Any:
    """Put the cube into the lower left corner of an interactor's window; keep the returned widget alive."""
    from vtkmodules.vtkInteractionWidgets import vtkOrientationMarkerWidget

    marker = vtkOrientationMarkerWidget()
    marker.SetOrientationMarker(orientation_cube())
    marker.SetInteractor(interactor)
    marker.SetViewport(0.0, 0.0, 0.18, 0.2)
    marker.EnabledOn()
    marker.InteractiveOff()
    return marker


def frame(window: vtkRenderWindow) -> NDArray[np.uint8]:
    """VTK's own picture of the window, uint8 ``(rows, columns, 3)``, top row first."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.ShouldRerenderOn()
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1, :, :3]
    return np.ascontiguousarray(pixels)


def _marker() -> vtkActor:
    ball = vtkSphereSource()
    ball.SetRadius(3.5)
    ball.SetThetaResolution(16)
    ball.SetPhiResolution(16)
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(ball.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(0.3, 0.85, 0.95)
    actor.VisibilityOff()
    return actor


def _box() -> vtkActor:
    """The twelve edges of a box whose corners are set later."""
    box, edges = vtkPolyData(), vtkCellArray()
    points = vtkPoints()
    box.SetPoints(points)
    for corner in range(8):
        points.InsertNextPoint(0, 0, 0)
        for bit in (1, 2, 4):
            if not corner & bit:
                edges.InsertNextCell(2, (corner, corner | bit))
    box.SetLines(edges)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(box)
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*(part / 255 for part in HOVERED))
    look.SetLineWidth(2)
    look.LightingOff()
    actor.VisibilityOff()
    return actor

"""Every threshold of the densitometry system, in one frozen place. Lengths are millimetres, densities HU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DensitometryConfig:
    """The rules' numbers. The defaults were chosen on development cases and generated thoraces, never on test cases."""

    in_plane_mm: float = 1.35
    """The working grid's pixel is the largest block of source pixels not above this by half."""
    slice_mm: float = 2.01
    """Thinner slices are averaged in z up to this."""

    body_hu: float = -350.0
    table_opening_mm: float = 5.0
    """Anything thinner than twice this, and not reached otherwise, is table, tube or blanket."""

    air_hu: float = -400.0
    """Aerated lung is below; consolidated lung is not and comes back by closing and by the rib cage."""
    gas_hu: float = -945.0
    """Below is gas without tissue: bowel, airway or bulla."""
    gas_ml: float = 3.0
    trachea_hu: float = -850.0
    trachea_area_mm2: tuple[float, float] = (50.0, 900.0)
    airway_hu: tuple[float, ...] = (-960.0, -945.0, -930.0, -915.0, -900.0, -885.0, -870.0)
    """Thresholds tried in turn; the last before the tree leaks into lung is kept."""
    airway_ml: float = 110.0
    airway_growth: float = 1.35
    minimum_lung_ml: float = 60.0
    """Less than this in all is no lung."""
    smallest_lung_ml: float = 2.0
    certain_lung_ml: float = 400.0

    closing_mm: float = 9.0
    hilum_closing_mm: float = 6.0

    ground_glass_hu: tuple[float, float] = (-700.0, -560.0)
    """Limits of the lower cut-off, which is the lung's most frequent density and a step."""
    ground_glass_step_hu: float = 190.0
    consolidation_hu: float = -300.0

    bone_hu: float = 200.0
    rib_thickness_mm: float = 15.0
    rib_gap_mm: float = 24.0

    smoothing_mm: float = 1.0
    rim_mm: float = 2.0
    haze_mm: float = 5.0
    """Ground-glass is thicker than this somewhere; the rims of vessels and fissures are not."""
    crowding_mm: float = 5.0
    crowding: float = 0.5
    """Least share of dense lung in the neighbourhood (Gaussian of ``crowding_mm``)."""
    central_vessel_mm: float = 11.0
    peripheral_vessel_mm: float = 6.0
    shallow_mm: float = 25.0
    """Within this of the ribs, vessels are no thicker than ``peripheral_vessel_mm``."""
    smallest_lesion_ml: float = 0.2

    mirror_slack_mm: float = 24.0
    gap_mm: float = 12.0
    gap_ml: float = 8.0
    thick_wall_mm: float = 8.0
    returned_hu: tuple[float, float] = (-120.0, 140.0)

    effusion_hu: tuple[float, float] = (-28.0, 45.0)
    """After smoothing over soft tissue only; blood and thick exudate are denser and stay unclaimed."""
    effusion_seed_hu: tuple[float, float] = (-20.0, 30.0)
    effusion_smoothing_mm: float = 3.0
    effusion_wall_mm: float = 1.5
    effusion_thickness_mm: float = 4.4
    smallest_effusion_ml: float = 3.0
    loculated_ml: float = 150.0
    tall_pool_mm: float = 85.0
    base_mm: float = 35.0
    """A pool counts as fluid if it reaches down to this above the lung's base, or is very large or tall."""
    recess_mm: float = 22.0
    recess_depth_mm: float = 35.0
    effusion_growth_mm: float = 12.0
    climb_mm: float = 14.0
    """How thick a layer of fluid may climb along the ribs above the level of the lung."""

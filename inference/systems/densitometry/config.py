"""Every threshold of the densitometry system, in one frozen place. Lengths are millimetres, densities HU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DensitometryConfig:
    """The rules' numbers. The defaults were chosen on development cases and generated thoraces, never on test cases."""

    in_plane_mm: float = 1.35
    """The working grid's pixel is the block of source pixels nearest to this."""
    most_blocks: int = 14_000_000
    """Larger grids are averaged further."""
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
    """Smaller pools of gas are not looked at."""
    trachea_hu: float = -850.0
    trachea_mm: float = 15.0
    """A shorter tube is no trachea."""
    airway_rim_hu: float = -450.0
    """A wall's partial volume goes with the airway below this."""
    trachea_area_mm2: tuple[float, float] = (50.0, 900.0)
    airway_hu: tuple[float, ...] = (-960.0, -945.0, -930.0, -915.0, -900.0, -885.0, -870.0)
    """Thresholds tried in turn; the last before the tree leaks into lung is kept."""
    airway_ml: float = 110.0
    airway_growth: float = 1.35
    """A tree that grows beyond the first, or by more than the second at one threshold, has leaked."""
    minimum_lung_ml: float = 60.0
    """Less than this in all is no lung."""
    smallest_lung_ml: float = 2.0
    certain_lung_ml: float = 400.0
    """So large a piece is lung even if emphysema leaves it little texture."""

    closing_mm: float = 9.0
    """Vessels and disease in notches of the lung narrower than twice this are lung."""
    lost_lung_share: float = 0.15
    """A lung with less air than this share of the other's is reported as not aerated."""
    crumb_mm: float = 15.0
    """Air within this of lung, in dense tissue beside the mediastinum, marks consolidated lung."""

    ground_glass_hu: tuple[float, float] = (-700.0, -560.0)
    """Limits of the lower cut-off, which is the lung's most frequent density and a step."""
    ground_glass_step_hu: float = 165.0
    halo_step_hu: float = 65.0
    """Around a sure opacity, lung down to this below the cut-off belongs to it."""
    halo_mm: float = 7.0
    consolidation_hu: float = -300.0

    bone_hu: float = 200.0
    rib_thickness_mm: float = 15.0
    rib_gap_mm: float = 24.0
    """Thicker bone is spine or contrast; a slice sees ribs of this thickness of slices."""

    smoothing_mm: float = 1.0
    rim_mm: float = 2.0
    haze_mm: float = 5.0
    """Ground-glass is thicker than this somewhere; the rims of vessels and fissures are not."""
    dependent_mm: float = 12.0
    dependent_step_hu: float = 60.0
    """The dependent layer of this thickness must be this much denser: lung is, where it bears weight."""
    central_haze_mm: float = 8.0
    few_vessels: float = 0.12
    """Among more vessels than this share of the lung, or a quarter of it deep in the lung, ground-glass must be
    thicker than ``central_haze_mm`` somewhere: vessels' rims run together there."""
    faint_step_hu: float = 45.0
    faint_mm: float = 10.0
    faint_smoothing_mm: float = 2.5
    """Fainter ground-glass counts where it is this thick, after this smoothing, and holds few vessels."""
    haze_to_vessel: float = 1.5
    """Ground-glass outweighs the vessels in it by this; a vessel's rim does not outweigh the vessel."""
    crowding_mm: float = 5.0
    crowding: float = 0.5
    """Least share of dense lung in the neighbourhood (Gaussian of ``crowding_mm``)."""
    central_vessel_mm: float = 11.0
    peripheral_vessel_mm: float = 6.0
    shallow_mm: float = 25.0
    """Within this of the ribs, vessels are no thicker than ``peripheral_vessel_mm``."""
    smallest_lesion_ml: float = 0.2

    mirror_slack_mm: float = 24.0
    gap_mm: float = 8.0
    gap_ml: float = 4.0
    """Thinner or smaller dense tissue between lung and ribs is chest wall."""
    thick_wall_mm: float = 8.0
    above_diaphragm: float = 0.5
    """Above this share of the lungs' height no dome of the diaphragm reaches."""
    plaque_ml: float = 60.0
    """Smaller dense tissue at the pleura is consolidation even where it is as light as water."""
    returned_hu: tuple[float, float] = (-60.0, 140.0)
    """Mean density of consolidated lung; fat is lighter, contrast and bone are denser."""

    effusion_hu: tuple[float, float] = (-28.0, 45.0)
    """After smoothing over soft tissue only; blood and thick exudate are denser and stay unclaimed."""
    effusion_seed_hu: tuple[float, float] = (-20.0, 25.0)
    effusion_smoothing_mm: float = 3.0
    effusion_wall_mm: float = 1.5
    effusion_thickness_mm: float = 4.4
    smallest_effusion_ml: float = 3.0
    """Thinner layers and smaller pools cannot be told from pleura."""
    loculated_ml: float = 150.0
    massive_ml: float = 250.0
    rise_mm: float = 4.0
    """A massive pool needs no aerated lung beside it, and may stand above the body's middle."""
    tall_pool_mm: float = 85.0
    base_mm: float = 35.0
    low_pool_mm: float = 50.0
    """A pool counts as fluid if it reaches down to ``base_mm`` above the lung's base and is higher than
    ``low_pool_mm``, as a layer is and a round consolidation is not; or if it is very large or tall."""
    recess_mm: float = 22.0
    recess_depth_mm: float = 35.0
    effusion_growth_mm: float = 12.0
    """How far a pool is followed along its thin edges; ``recess_*``, below the lung along the ribs."""
    climb_mm: float = 14.0
    """How thick a layer of fluid may climb along the ribs above the level of the lung."""
    lung_below_share: float = 0.15
    """A thick layer with more of its slice's lung than this below it does not lie free."""
    fluid_spread_hu: float = 36.0
    """Fluid well away from lung is more even than this."""
    mass_ml: float = 5.0
    """A body of tissue of this size that floats or is uneven keeps fluid from being seen around it."""

"""Every adapter by name."""

from __future__ import annotations

from pathlib import Path

from inference.training.datasets.public_slices import CovidCt, MedSeg
from inference.training.datasets.public_volumes import CovidCtMd, CovidTwenty, MosMed
from inference.training.datasets.public_xray import CovidCollection, RsnaPneumonia
from inference.training.datasets.sample import Adapter, DataError
from inference.training.datasets.shared_ct import CovidSlices, CovidStacks, CtHundred, Effusions, RecognitionSlices
from inference.training.datasets.shared_xray import ChestXrays, XrayMasks

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        CovidSlices(), CovidStacks(), CtHundred(), Effusions(), RecognitionSlices(), ChestXrays(), XrayMasks(),
        CovidTwenty(), MedSeg(), MosMed(), CovidCt(), CovidCtMd(), CovidCollection(), RsnaPneumonia(),
    )
}  # fmt: skip


def found(data: Path) -> dict[str, Path]:
    """The sets that a data folder holds: adapter name to the set's folder."""
    if not data.is_dir():
        raise DataError(f"There is no data folder {data}.")
    places = {name: adapter.find(data) for name, adapter in ADAPTERS.items()}
    return {name: place for name, place in places.items() if place is not None}

"""The gathered data folder: lazily read, split by its list, labels as they were drawn."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from inference.training.datasets.catalogue import ADAPTERS
from inference.training.datasets.sample import DataError, Sample
from inference.training.packing import pack
from inference.training.planes import CONSOLIDATION, EFFUSION, GROUND_GLASS, LESION, LUNG, planes_of
from inference.transforms.rendering import Kind
from tests.helpers.tiny_training import SIDE, shared_tree, write, write_csv

HEAD = ("folder", "item", "patient", "source", "fold")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_tree(tmp_path_factory.mktemp("data"), patients=3)


def _samples(data: Path, name: str) -> list[Sample]:
    folder = ADAPTERS[name].find(data)
    assert folder is not None
    return list(ADAPTERS[name].samples(folder))


def test_samples_are_read_only_when_asked(tmp_path: Path) -> None:
    data = shared_tree(tmp_path, patients=1)
    samples = _samples(data, "covid20-slices-256")
    (data / "covid20-slices-256" / "case-0" / "0000_ct.jpg").unlink()
    with pytest.raises(DataError, match="missing"):
        samples[0].image()
    assert samples[1].image().shape == (SIDE, SIDE)


def test_slices_have_lung_and_lesion_and_the_patient_of_the_list(data: Path) -> None:
    samples = _samples(data, "covid20-slices-256")
    assert len(samples) == 9
    assert {one.patient for one in samples} == {"patient-0", "patient-1", "patient-2"}
    assert {one.kind for one in samples} == {Kind.RENDERED}
    first = samples[0]
    assert first.lung is not None and first.lesion is not None
    assert set(np.unique(first.lung())) == {0, 1} and first.lesion().sum() < first.lung().sum()


def test_stacks_say_how_many_pixels_of_lesion_and_have_no_lung(data: Path) -> None:
    samples = _samples(data, "covid20-stacks-128")
    assert [one.facts["lesion_pixels"] > 0 for one in samples[:3]] == [False, True, True]
    assert all(one.lung is None for one in samples)


def test_slice_without_lesion_is_known_to_hold_no_ground_glass_but_not_to_hold_no_effusion(data: Path) -> None:
    healthy, ill = _samples(data, "covid20-stacks-128")[:2]
    _, known = planes_of(healthy, SIDE)
    assert known[[LESION, GROUND_GLASS, CONSOLIDATION]].all() and not known[[LUNG, EFFUSION]].any()
    _, known = planes_of(ill, SIDE)
    assert known[LESION] and not known[[GROUND_GLASS, CONSOLIDATION, EFFUSION]].any()


def test_hundred_slices_keep_the_lesion_as_published_and_say_where_effusion_is(tmp_path: Path) -> None:
    lesion, classes = np.zeros((64, 64)), np.zeros((64, 64))
    lesion[10:30, 10:40] = 255
    classes[10:30, 10:20], classes[10:30, 20:26], classes[10:30, 26:40] = 1, 2, 3
    for number in ("0004", "0005"):
        write(tmp_path / "ct100-slices-512" / f"{number}_ct.png", np.full((64, 64), 90))
        write(tmp_path / "ct100-slices-512" / f"{number}_lesion.png", lesion)
    write(tmp_path / "ct100-slices-512" / "0004_classes.png", classes)
    rows = [("ct100-slices-512", number, "ct100-block-0", "ct100", "2") for number in ("0004", "0005")]
    write_csv(tmp_path / "folds.csv", HEAD, rows)
    with_classes, without = _samples(tmp_path, "ct100-slices-512")
    planes, known = planes_of(with_classes, 64)
    assert [int(planes[n].sum()) for n in (LESION, GROUND_GLASS, CONSOLIDATION, EFFUSION)] == [600, 200, 120, 280]
    assert known.tolist() == [False, True, True, True, True]
    assert planes_of(without, 64)[1].tolist() == [False, True, False, False, False]


def test_effusions_are_read_slice_by_slice_in_hounsfield_units(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(-1000, 400, (12, 8, 3)).astype(np.int16)
    fluid = np.zeros(volume.shape, np.uint8)
    fluid[2:6, 1:4, 1] = 1
    folder = tmp_path / "plethora-effusion"
    folder.mkdir()
    for name, values in (("ct", volume), ("effusion", fluid)):
        nibabel.save(nibabel.Nifti1Image(values, np.diag([1.95, 1.95, 3, 1])), str(folder / f"LUNG1-001_{name}.nii.gz"))
    write_csv(tmp_path / "folds.csv", HEAD, [("plethora-effusion", "LUNG1-001", "LUNG1-001", "plethora", "1")])
    samples = _samples(tmp_path, "plethora-effusion")
    assert len(samples) == 3 and samples[0].lesion is None
    assert np.array_equal(samples[1].image(), volume[:, :, 1].T)
    assert samples[1].effusion is not None and np.array_equal(samples[1].effusion(), fluid[:, :, 1].T)


def test_millimetres_of_a_packed_pixel_follow_its_size(tmp_path: Path) -> None:
    test_effusions_are_read_slice_by_slice_in_hounsfield_units(tmp_path)
    adapter = ADAPTERS["plethora-effusion"]
    packed = pack(adapter, tmp_path / "plethora-effusion", tmp_path / "cache", 24, ("local", "soft"))
    assert packed.rows[0].facts["mm"] == pytest.approx(1.95 * 12 / 24)
    assert packed.images.shape == (3, 2, 24, 24) and packed.images[1, 1].any()


def test_lung_field_of_xrays_has_no_heart_and_findings_count_inside_it(tmp_path: Path) -> None:
    folder = tmp_path / "chest-xray-masks"
    lung, heart, findings = (np.zeros((40, 40)) for _ in range(3))
    lung[5:35, 4:18], lung[5:35, 20:36], heart[20:35, 12:26] = 1, 2, 255
    findings[8:14, 6:10], findings[8:14, 0:4], findings[25:30, 24:30], findings[30:33, 30:33] = 1, 2, 2, 3
    for stem, extra in (("findings/a", True), ("openist/b", False)):
        write(folder / f"{stem}.jpg", np.full((40, 40), 100))
        write(folder / f"{stem}_lung.png", lung)
        if extra:
            write(folder / f"{stem}_heart.png", heart)
            write(folder / f"{stem}_findings.png", findings)
    write_csv(folder / "labels.csv", ("file", "source"), [("findings/a.jpg", "findings"), ("openist/b.jpg", "openist")])
    rows = [("chest-xray-masks", name, name, name[:-6], "0") for name in ("findings/a.jpg", "openist/b.jpg")]
    write_csv(tmp_path / "folds.csv", HEAD, rows)
    with_heart, without = _samples(tmp_path, "chest-xray-masks")
    assert with_heart.lung is not None and without.lung is not None and with_heart.lesion is not None
    assert without.lung().sum() == 30 * 14 + 30 * 16
    assert with_heart.lung().sum() == without.lung().sum() - 15 * 6 - 15 * 6
    assert with_heart.lesion().sum() == 6 * 4 + 5 * 4  # outside the lung, in the heart, and effusion do not count
    assert without.lesion is not None and without.lesion().shape == (40, 40), "a normal film, known to hold nothing"
    assert not without.lesion().any()


def test_xrays_have_their_class_of_four_and_the_graded_extent(tmp_path: Path) -> None:
    head = ("file", "label", "four_class", "geographic_extent_mean_0_8", "opacity_mean_0_6")
    rows = [
        ("covid/a.jpg", "covid", "covid", "8.0", "5.5"),
        ("other-pneumonia/b.jpg", "other-pneumonia", "", "", ""),
        ("normal/c.jpg", "normal", "", "", ""),
    ]
    write_csv(tmp_path / "chest-xray" / "labels.csv", head, rows)
    write_csv(tmp_path / "folds.csv", HEAD, [("chest-xray", row[0], row[0], "ieee", "0") for row in rows])
    write(tmp_path / "chest-xray" / "normal" / "c.jpg", np.full((9, 8), 100))
    first, second, third = _samples(tmp_path, "chest-xray")
    assert first.label == "covid" and first.facts == {"extent": 8.0, "opacity": 5.5}
    assert second.label == "other_pneumonia" and second.facts == {}
    assert first.lesion is None and third.lesion is not None
    assert third.lesion().shape == (9, 8) and not third.lesion().any()


def test_pack_is_made_once_and_again_when_a_file_changes(data: Path, tmp_path: Path) -> None:
    adapter, folder = ADAPTERS["covid20-slices-256"], data / "covid20-slices-256"
    counts: list[int] = []
    first = pack(adapter, folder, tmp_path, SIDE, progress=counts.append)
    again = pack(adapter, folder, tmp_path, SIDE, progress=counts.append)
    assert counts == list(range(1, 10)) and again.digest == first.digest
    image, planes = first.picture(4)
    sample = list(adapter.samples(folder))[4]
    assert np.array_equal(planes, planes_of(sample, SIDE)[0]) and image.shape == (1, SIDE, SIDE)
    write(folder / "case-0" / "0000_ct.jpg", np.full((SIDE, SIDE), 9))
    assert pack(adapter, folder, tmp_path, SIDE).digest != first.digest


def test_damaged_pack_is_one_sentence(data: Path, tmp_path: Path) -> None:
    adapter, folder = ADAPTERS["covid20-stacks-128"], data / "covid20-stacks-128"
    pack(adapter, folder, tmp_path, SIDE)
    next(tmp_path.glob("*/images.npy")).write_bytes(b"no array")
    with pytest.raises(DataError, match="damaged"):
        pack(adapter, folder, tmp_path, SIDE)


def test_empty_set_and_odd_size_are_refused(tmp_path: Path) -> None:
    (tmp_path / "covid20-slices-256").mkdir()
    write_csv(tmp_path / "folds.csv", HEAD, [])
    with pytest.raises(DataError, match="holds nothing"):
        pack(ADAPTERS["covid20-slices-256"], tmp_path / "covid20-slices-256", tmp_path / "cache", SIDE)
    with pytest.raises(DataError, match="multiples of 8"):
        pack(ADAPTERS["covid20-slices-256"], tmp_path / "covid20-slices-256", tmp_path / "cache", 30)

"""What a CT image was made from, as its image type and derivation codes tell it (DICOM PS3.3 C.8.2.1.1.1)."""

from __future__ import annotations

import re

from inference.io.slices import SliceHeader

_LOSSY_COMPRESSION = "113040"
# fmt: off
_MAP_WORDS = frozenset({
    "IODINE", "IOD", "VNC", "ZEFF", "EFF", "ATOMIC", "ELECTRON", "RHO", "MAT", "CALCIUM", "WATER", "URIC", "UPTAKE",
    "PBV", "PERFUSION", "SUBTRACTION", "MIP", "MINIP", "MNIP", "MAXIP", "IP", "PROJECTION", "SSD", "VRT", "RENDERED",
    "OVERLAY",
})
# fmt: on
"""Words of material maps, of mixtures of several slices and of pictures: not the density of tissue."""
_REFORMAT_WORDS = frozenset({"MPR", "REFORMATTED", "RESAMPLED", "PROCESSED", "COMBINED", "AVERAGE", "MEAN", "CURVED"})


def is_derived(header: SliceHeader) -> bool:
    """Whether the image is a map or was computed from others; lossy compression alone does not count."""
    words = _words(header)
    if words & _MAP_WORDS:
        return True
    if not header.image_type or header.image_type[0].strip().upper() == "ORIGINAL":
        return False
    if is_monoenergetic(header):
        return bool(words & _REFORMAT_WORDS)
    by_lossy_alone = header.derivation_codes == (_LOSSY_COMPRESSION,) or (
        header.lossy is not False and not header.derivation_codes and "SECONDARY" not in words
    )
    return not by_lossy_alone or bool(words & _REFORMAT_WORDS)


def is_monoenergetic(header: SliceHeader) -> bool:
    """Whether the image is a virtual monoenergetic one: Hounsfield units of one photon energy."""
    named = any(word == "VMI" or word.startswith("MONO") or word.endswith("KEV") for word in _words(header))
    return named or header.kev is not None


def _words(header: SliceHeader) -> set[str]:
    return {word for value in header.image_type for word in re.split(r"[^A-Z0-9]+", value.upper()) if word}


def is_lossy(header: SliceHeader) -> bool:
    """Whether lossy compression is known to have touched the pixels."""
    return header.lossy is True or _LOSSY_COMPRESSION in header.derivation_codes

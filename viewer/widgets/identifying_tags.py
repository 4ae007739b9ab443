"""Which DICOM elements can name a person or a place.

The basis is the list of attributes that the Basic Application Level Confidentiality Profile removes or replaces
(DICOM PS3.15, Table E.1-1), taken widely: better one technical value hidden too many than one name shown.
"""

from __future__ import annotations

from typing import Any

_FREE_TEXT = {"PN", "LT", "ST", "UT", "UC", "UR"}
_PATIENT_GROUP = 0x0010
_HARMLESS_OF_PATIENT = {0x00101010, 0x00101020, 0x00101030}
"""Age, size and weight."""
_IDENTIFYING = {
    0x00080012, 0x00080014, 0x00080018, 0x00080050, 0x00080080, 0x00080081, 0x00080090, 0x00080092, 0x00080094,
    0x00080096, 0x00081010, 0x00081030, 0x0008103E, 0x00081040, 0x00081048, 0x00081050, 0x00081060, 0x00081070,
    0x00081080, 0x00081110, 0x00081111, 0x00081120, 0x00081140, 0x00081155, 0x00082111, 0x00082112,
    0x00180010, 0x00181000, 0x00181002, 0x00181004, 0x00181005, 0x00181007, 0x00181008, 0x00181030, 0x00181400,
    0x0020000D, 0x0020000E, 0x00200010, 0x00200052, 0x00204000, 0x00280301, 0x00321032, 0x00321033, 0x00321060,
    0x00321064, 0x00380010, 0x00380300, 0x00380400, 0x00400006, 0x00400007, 0x00400009, 0x00400010, 0x00400241,
    0x00400242, 0x00400243, 0x00400253, 0x00400254, 0x00400275, 0x00401001, 0x00402016, 0x00402017, 0x0040A123,
    0x0040A124, 0x0040A730, 0x00880140, 0x30060024, 0x300600C2,
}  # fmt: skip
_DATES_AND_TIMES = {"DA", "DT", "TM"}


def names_someone(tag: Any, vr: str) -> bool:
    """Whether the value of an element is hidden with the patient's identity.

    Private elements are (nobody knows what they hold), and dates, names and free text wherever they stand.
    """
    number = int(tag)
    group = number >> 16
    if group % 2:
        return True
    if group == _PATIENT_GROUP:
        return number not in _HARMLESS_OF_PATIENT
    return vr in _FREE_TEXT or vr in _DATES_AND_TIMES or number in _IDENTIFYING

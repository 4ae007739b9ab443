"""What repeats the patient in free text is taken out, however it was typed."""

from __future__ import annotations

import pytest

from inference.io.export_identity import redacted
from inference.io.study import Identity

QUILLFEATHER = Identity("Quillfeather^Ottoline", "PX-4471", "19511204", "F", "ACC90177")


@pytest.mark.parametrize(
    "text",
    ["CT Quillfeather", "Thorax_QUILLFEATHER_native", "QuillfeatherOttoline", "PX-4471", "chest_PX-4471_1", "ACC90177"],
)
def test_names_and_numbers_go_wherever_a_word_ends(text: str) -> None:
    left = redacted(text, QUILLFEATHER)
    assert "[removed]" in left
    assert not [secret for secret in ("quillfeather", "ottoline", "4471", "90177") if secret in left.lower()]


@pytest.mark.parametrize("date", ["19511204", "1951-12-04", "04.12.1951", "12/04/1951", "4471 04121951"])
def test_birth_date_goes_as_people_write_it(date: str) -> None:
    assert "1951" not in redacted(f"Chest {date}", QUILLFEATHER)


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "胸部山田太郎CT", "胸部[removed]CT"),
        ("王^小明", "王小明 CT", "[removed] CT"),
        ("김^희중", "김희중 흉부", "[removed] 흉부"),
    ],
)
def test_names_of_two_or_three_ideograms_go_without_blanks_round_them(name: str, text: str, left: str) -> None:
    assert redacted(text, Identity(name)) == left


def test_words_that_only_hold_the_name_stay() -> None:
    assert redacted("Langzeit 1951 lung 44712", Identity("Lang^Li", "4471", "19511204")) == "Langzeit 1951 lung 44712"


def test_own_words_about_a_file_without_headers_stay() -> None:
    assert redacted("8-bit image", Identity("image 8-bit", is_file_name=True)) == "8-bit image"

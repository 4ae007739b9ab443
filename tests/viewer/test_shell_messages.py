"""Exceptions in words."""

import errno
from pathlib import Path

from inference.errors import Cancelled, SeriesError, WorkerDied
from viewer.messages import message


def test_error_of_the_contract_speaks_for_itself():
    assert str(message(SeriesError("The file a.dcm is cut short."))) == "The file a.dcm is cut short."


def test_dead_worker_says_that_nothing_is_lost_and_what_to_press():
    words = message(WorkerDied("The analysis stopped."))
    assert words.what == "The analysis stopped." and "Retry" in words.next


def test_full_disk_is_named_with_what_to_do():
    words = str(message(OSError(errno.ENOSPC, "No space left on device", "/home/doe/x"), "The export"))
    assert "The export" in words and "disk is full" in words and "doe" not in words


def test_unexpected_error_names_its_kind_and_the_log_but_not_its_text():
    words = str(message(ValueError("patient DOE^JANE"), "Loading", Path("/logs/groundglass.log")))
    assert "ValueError" in words and "groundglass.log" in words and "DOE" not in words


def test_cancelling_is_no_failure():
    assert "cancelled" in str(message(Cancelled(), "The export")) and "error" not in str(message(Cancelled()))

import re

import pytest

from importer.timestamps import duration_text, utc_now_text, utc_text


def test_a_time_is_iso_8601_in_utc_to_the_second_or_millisecond() -> None:
    assert utc_text(1_700_000_000.25) == "2023-11-14T22:13:20Z"
    assert utc_text(1_700_000_000.25, "milliseconds") == "2023-11-14T22:13:20.250Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", utc_now_text())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0 s"),
        (4.24, "4.2 s"),
        (20.0, "20 s"),
        (59.94, "59.9 s"),
        (59.99, "1 min 0 s"),
        (725.0, "12 min 5 s"),
        (3_599.9, "1 h 0 min"),
        (12_000.0, "3 h 20 min"),
    ],
)
def test_a_duration_is_written_in_the_units_that_people_use(seconds: float, expected: str) -> None:
    assert duration_text(seconds) == expected

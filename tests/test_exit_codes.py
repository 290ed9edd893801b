from importer.exit_codes import ExitCode


def test_the_exit_codes_are_the_ones_that_scripts_depend_on() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "SOME_ROWS_BAD": 1,
        "WRONG_INPUT": 2,
        "STOPPED": 3,
        "INTERNAL_ERROR": 70,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }

import pytest

from importer.exit_codes import ExitCode
from importer.stops import StopReason

SIGNALS = {StopReason.SIGINT: 130, StopReason.SIGTERM: 143, StopReason.SIGHUP: 143}


@pytest.mark.parametrize("reason", StopReason)
def test_a_signal_has_its_own_exit_code_and_all_other_reasons_share_one(reason: StopReason) -> None:
    assert reason.is_signal == (reason in SIGNALS)
    assert reason.exit_code == SIGNALS.get(reason, ExitCode.STOPPED)


def test_every_reason_has_a_separate_sentence() -> None:
    assert len({reason.sentence for reason in StopReason}) == len(StopReason)
    assert all("_" not in reason.sentence for reason in StopReason)

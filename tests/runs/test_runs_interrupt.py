"""Ctrl-C: once to stop cleanly, twice to stop at once."""

import signal
import threading

import pytest

from minicnn import runs
from minicnn.runs.console import STOPS as SIGNALS


@pytest.fixture(autouse=True)
def usual_handlers():
    """A shell that starts pytest in the background makes it ignore Ctrl-C."""
    before = [signal.signal(number, signal.default_int_handler) for number in SIGNALS]
    yield
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_sets_the_flag_and_prints_a_message(number: int) -> None:
    told = []
    with runs.interruptible(told.append) as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
    assert told == ["Stopping after this step; press again to stop at once."]


@pytest.mark.parametrize("first", SIGNALS[:2])
@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_signal_interrupts(first: int, second: int) -> None:
    told = []
    with runs.interruptible(told.append):
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)
    assert len(told) == 1


def test_a_ctrl_c_that_arrives_several_times_counts_once() -> None:
    told = []
    with runs.interruptible(told.append, once=True) as asked:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        assert asked()
    assert told == ["Stopping after this step."]


@pytest.mark.parametrize("error", [None, ValueError])
def test_afterwards_the_old_signal_handlers_are_restored(error: type[Exception] | None) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        with runs.interruptible(print):
            assert [signal.getsignal(number) for number in SIGNALS] != before
            if error:
                raise error
    except ValueError:
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with runs.interruptible(print) as asked:
        signal.raise_signal(signal.SIGINT)
        assert not asked()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_in_a_thread_without_signals_the_flag_is_never_set() -> None:
    answers = []

    def train() -> None:
        with runs.interruptible(print) as asked:
            answers.append(asked())

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert answers == [False]

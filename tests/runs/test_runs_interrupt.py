"""Ctrl-C: once to stop in good order, twice to stop at once."""

import signal
import threading

import pytest

from minicnn import runs

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def usual_handlers():
    """A shell that starts pytest in the background has it ignore Ctrl-C."""
    before = [signal.signal(number, signal.default_int_handler) for number in SIGNALS]
    yield
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_an_answer_and_says_so(number: int) -> None:
    told = []
    with runs.interruptible(told.append) as asked:
        assert not asked()
        signal.raise_signal(number)
        assert asked()
    assert told == ["Stopping after this step; press again to stop at once."]


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_signal_interrupts(first: int, second: int) -> None:
    told = []
    with runs.interruptible(told.append):
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)
    assert len(told) == 1


def test_where_one_ctrl_c_arrives_several_times_it_counts_once() -> None:
    told = []
    with runs.interruptible(told.append, once=True) as asked:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        assert asked()
    assert told == ["Stopping after this step."]


@pytest.mark.parametrize("error", [None, ValueError])
def test_afterwards_signals_do_what_they_did_before(error: type[Exception] | None) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        with runs.interruptible(print):
            assert [signal.getsignal(number) for number in SIGNALS] != before
            if error:
                raise error
    except ValueError:
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_thread_that_gets_no_signals_is_never_asked_to_stop() -> None:
    answers = []

    def train() -> None:
        with runs.interruptible(print) as asked:
            answers.append(asked())

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert answers == [False]

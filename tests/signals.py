"""Signals as a program that is started by hand has them."""

import signal

from minicnn.runs.console import STOPS


def heed() -> None:
    """Stop ignoring signals that ask a program to end.

    A shell that starts a program in the background, or nohup, makes it ignore them, and the
    programs that it starts as well. What happens at a signal is tested.
    """
    for number in STOPS:
        if signal.getsignal(number) == signal.SIG_IGN:
            is_ctrl_c = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)

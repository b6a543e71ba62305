# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .check import Check, CheckOutcome, worst
from .machine import machine_checks
from .page import ANSWER, write_page
from .trial import trial_check
from .window import window_check

__all__ = [
    "ANSWER",
    "Check",
    "CheckOutcome",
    "machine_checks",
    "trial_check",
    "window_check",
    "worst",
    "write_page",
]

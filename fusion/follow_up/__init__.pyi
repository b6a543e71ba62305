# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .chance import chance_of
from .comparing import Comparison, JointChange, check_pair, compare
from .dated import Dated
from .limits import COMPARING_TAKES, LIMITS_SOURCE, ChangeLimits, Told, told
from .linking import JointLink, LevelsDisagree, Link, link
from .sharpness import CommonResolution

__all__ = [
    "COMPARING_TAKES",
    "LIMITS_SOURCE",
    "ChangeLimits",
    "CommonResolution",
    "Comparison",
    "Dated",
    "JointChange",
    "JointLink",
    "LevelsDisagree",
    "Link",
    "Told",
    "chance_of",
    "check_pair",
    "compare",
    "link",
    "told",
]

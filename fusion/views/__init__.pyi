# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .maximum import MaximumProjection
from .naming import Landmark, landmarks
from .oblique import JointPlane, joint_planes
from .radiograph import RADIOGRAPH_WORDS, Radiography, fluoroscopic
from .sight import Sight, View, turned, turned_words

__all__ = [
    "RADIOGRAPH_WORDS",
    "JointPlane",
    "Landmark",
    "MaximumProjection",
    "Radiography",
    "Sight",
    "View",
    "fluoroscopic",
    "joint_planes",
    "landmarks",
    "turned",
    "turned_words",
]

# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .joint_planes import JointPlane, joint_planes
from .landmarks import Landmark, landmarks
from .maximum import MaximumProjection
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

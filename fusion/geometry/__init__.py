"""Where voxels are: the one coordinate convention, and the types that carry it.

World
    DICOM patient coordinates, **LPS**, in mm: ``(x, y, z)`` with +x to the patient's left, +y
    posterior, +z towards the head. Points are ``(..., 3)`` float64 arrays named ``*_lps``.
Arrays
    ``[k, j, i]``: slice, row, column.
Affine
    ``grid.affine`` (4×4 float64) maps ``(k, j, i, 1)`` to ``(x, y, z, 1)`` at voxel **centres**.
    Column 0 is the step from one slice to the next, column 1 from one row to the next (down the
    image), column 2 from one column to the next.
Rigid transforms
    map points of the moving frame (SPECT) to the fixed frame (CT).

Negative slice steps, flips and shear (gantry tilt) are all kept exactly in the affine; nothing
here reorders voxels except :func:`canonical_view`, which returns a NumPy view and the grid that
belongs to it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

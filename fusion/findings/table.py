"""Every Finding that this program knows."""

from fusion.findings import alignment, files, follow_up, joints, readings, volumes
from fusion.findings.finding import FindingKind

#: The pages of the table.
PAGES = (files, volumes, alignment, joints, readings, follow_up)
#: The entries by the name that code uses.
KINDS = {
    name: kind
    for page in PAGES
    for name, kind in vars(page).items()
    if isinstance(kind, FindingKind)
}

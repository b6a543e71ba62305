"""Sphinx configuration. Build with `make docs`; every warning is an error."""

from importlib.metadata import version as installed_version

project = "facetfusion"
author = "facetfusion developers"
release = installed_version("facetfusion")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "alabaster"
html_theme_options = {
    "description": "Fused bone SPECT/CT of the neck. Research and education tool, "
    "not a medical device.",
    "fixed_sidebar": True,
    "page_width": "1080px",
}
html_show_sourcelink = False

# Rooms may share a short name (``Reading`` of the pathway and of a reader); only this kind of
# ambiguity is silenced, broken references still fail the build.
suppress_warnings = ["ref.python"]

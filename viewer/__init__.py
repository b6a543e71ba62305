"""The window: a napari application and plugin that shows a :class:`fusion.review.Review`.

Rooms, each of which knows only those above it::

    _napari     the only private napari imports
    planes      the three planes of a radiologist, letters from directions
    colormaps   the DICOM colour maps
    layers      a Review as napari layers; the only place where axes are reversed
    panes       one plane in one napari canvas; three of them linked
    mouse       what mouse and keyboard do in a pane
    panels      what stands beside the pictures: display, colour bar, Findings
    jobs        opening a study away from the window's thread
    window      all of it in one napari window
    app         ``facetfusion review``
    plugin      what napari.yaml points to
"""

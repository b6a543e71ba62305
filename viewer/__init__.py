"""The window: a napari application and plugin that shows a :class:`fusion.Review`.

Rooms, from the door inwards; each knows only those below it (``lint-imports`` holds that)::

    plugin          what napari.yaml points to
    app             ``facetfusion review``
    window          everything below in one napari window
    sitting         who reads, what is told, what is handed on
    frame/          what stands around the pictures, and where; findings, values, keys
    steps/          the way: six steps, what each lacks, and the bar that leads there
    targets/        what is decided about each joint, the block plan, finishing
    alignment/      the SPECT on the CT: choosing, moving by hand, reviewing
    facets/         the joints: found, measured, marked, named
    pathway/        the pathway's questions and its verdict
    reading/        what one reader says, kept in the journal
    pictures/       planes, layers, colour maps, checking views, panes and the mouse in them
    jobs            work away from the window's thread
    kit/            colours, labels, texts, tables, notes, dialogs: every panel stands on it
    _napari         the only private napari imports

A panel is a ``panel`` of widgets over a ``model`` without any; its sentences are in ``words``.
"""

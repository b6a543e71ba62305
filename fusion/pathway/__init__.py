"""Was this study appropriate? Facts about a case, held against the statements of one pathway.

::

    facts.read_facts(path) ─► Facts ───────────────┐
    facts.propose(catalog, study) (shown)          ├─► verdict.check(facts) ─► Verdict ─► text
    statements.published_pathway() ─► Guideline ───┘         │
                                                  questions.next_question(verdict)

``procedure`` is the order of docs/pathway.md, "Verdicts", ``completions`` runs it over everything
that the unrecorded facts could be, ``conditions`` reads the small expressions of
``statements.toml``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

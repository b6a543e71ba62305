"""How it is said: denied, to come, done, left out, or why."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str, str, str]] = {
    # Phrases whose words mean something else by themselves.
    "something else": (
        "w o sedation, without sedation, without anesthesia, block vertebra*, congenital block*, "
        "stage iv, grade iv, type iv, no trauma, no injury, no known injury, no fx, no fracture, "
        "epidural abscess*, epidural hematoma*, epidural haematoma*, epidural mass*, epidural "
        "collection*, epidural lipomat*, intraop* navig*",
        "ohne sedierung, ohne narkose, grad iv, typ iv, stadium iv, kein trauma, ohne trauma, "
        "epidurales hamatom, epiduraler abszess, epiduralabszess*",
        "sans sedation, bloc congenit*, bloc vertebra*, vertebre bloc, stade iv, grade iv, type "
        "iv, sans trauma*, pas de trauma*, hematome epidural*, abces epidural*, abcedation "
        "epidural*",
        "sin sedacion, sin anestesia, bloque vertebra*, bloque congenit*, vertebra* en bloque, "
        "estadio iv, grado iv, tipo iv, sin trauma*, hematoma epidural*, absceso epidural*",
    ),
    # Before what is denied.
    "no": (
        "no, without, w o, wo, not, denies, non, unable, cannot, refus*, declin*, never, instead "
        "of, rather than",
        "ohne, kein, keine, keinen, keiner, nicht, nie, statt, anstatt, anstelle",
        "sans, pas, aucune, aucun, non, refus*, impossib*, jamais, au lieu",
        "sin, no, ningun*, rechaz*, imposib*, niega, nunca, suspend*, en lugar, en vez",
    ),
    # Before a region that was left out.
    "left out": (
        "no, not, excl, excluding, except, instead of, rather than, compared with, compared to, "
        "comparison with, comparison to, refused, declined, cancelled, canceled, pending, unable "
        "to do, unable to scan, unable to complete, could not do, did not do",
        "ohne, keine, ausser, statt, anstatt, anstelle, vergleich mit, vergleich zu, verglichen "
        "mit",
        "hors, sans, sauf, au lieu, comparaison avec, compare a, comparee a",
        "sin, no, salvo, excepto, en lugar de, en vez de, comparado con, comparada con, comparar "
        "con",
    ),
    # Between the two: what is denied was another thing, or there is no denial any more.
    "ends a denial": (
        "with, w, but, only, contrast, oblique*, obl, obliques, s p, status post",
        "mit, aber, nur, jedoch, km, schrag*, schragaufn*, z n, zn",
        "avec, mais, puis, injection, gado*, oblique*, trois quarts",
        "con, pero, solo, contraste, gado*, civ, oblicua*, oblicuas",
    ),
    # After what is denied.
    "denied": (
        "none, nil, cancel*, denied, declin*, refus*, deferr*, omitted, withheld, "
        "contraindicat*, not done, not performed, not given, held, on hold, stopped, aborted, "
        "not administered, abandoned, skipped, unobtainable",
        "nein, storniert, abgesagt, abgelehnt, verweigert, verzicht*, entfall*, entfiel*, "
        "kontraindiz*, nicht erfolgt, nicht durchgef*, nicht gegeben, nicht verabr*, abgesehen, "
        "unterblieb*, weggelassen",
        "aucune, aucun, refus*, impossib*, annul*, non fait*, non realis*, non effect*, pas "
        "fait*, pas realis*, contre indiq*, non administr*, non inject*, abandonn*",
        "ninguna, ninguno, rechaz*, imposib*, suspendid*, cancelad*, omitid*, no realiz*, no "
        "hech*, contraindic*, no administr*",
    ),
    # After views or contrast only: an operation that is "not healed" was done.
    "not given": (
        "not, cannot, could not, free, too painful, painful",
        "nicht, unmoglich, frei, zu schmerzhaft, schmerzhaft",
        "non obten*, non possib*, pas possib*, douloureu*",
        "no se, no posib*, no toler*, no acept*, doloros*",
    ),
    # After what is denied, where nothing follows that they could be said of.
    "no at the end": (
        "no, not",
        "keine, nein",
        "non, pas",
        "no",
    ),
    # What is done, given or operated is still to come, or is only thought of.
    "to come": (
        "before, pre, with a view, planned, planning, awaiting, consider*, candidate*, "
        "indication*, prior to, possible, potential, scheduled, upcoming, pending, proposed, "
        "need for, eval for, waiting list, waitlist*, will, going to, discuss*, recommended, "
        "versus, vs, second opinion",
        "vor, pra, hinblick, zwecks, geplant*, indikation*, vorgesehen*, anstehend*, "
        "bevorstehend*, planung, ggf, evtl, eventuell*, mogliche*, warteliste, wird, soll, "
        "erwogen*, empfohlen*, zweitmeinung, zweitmeinungs*",
        "avant, en vue, prevu*, programm*, envisag*, indication*, projet, eventuel*, discuter, "
        "liste d attente, va, sera, prevoir, prevision, propos*, deuxieme avis, second avis",
        "antes, con vistas, previst*, programad*, previo a, previa a, previos a, pendiente*, "
        "candidat*, indicacion*, posible*, valorar, para, lista de espera, propuest*, sera, va "
        "a, recomendad*, segunda opinion",
    ),
    "to come after": (
        "planned, scheduled, pending, upcoming, candidate*, booked, considered, indicated, "
        "planning, proposed, awaited, to follow, follows, later, if needed, if necessary, if "
        "indicated, discussed, discussion, under consideration, if, needed, required, necessary, "
        "listed, next week, next month, tomorrow, vs, versus, recommended",
        "geplant*, vorgesehen*, steht an, bevorsteh*, indikation*, indiziert, in planung, "
        "erwogen, folgt, folgen, spater, bei bedarf, falls notig, wenn notig, diskussion, "
        "diskutiert, uberlegt, empfohlen, falls, wenn, sofern, notig, erforderlich, notwendig, "
        "nachste woche, nachsten monat, morgen",
        "prevu*, programm*, envisag*, indiquee, a venir, en attente, a discuter, suivr*, "
        "ulterieur*, prevoir, si besoin, si necessaire, discussion, discutee, proposee, "
        "recommandee, necessaire*, a prevoir, semaine prochaine, demain",
        "previst*, programad*, pendiente*, planificad*, propuest*, indicad*, seguira*, mas "
        "tarde, si necesario, si precisa, si procede, discusion, plantead*, recomendad*, "
        "valoracion, necesari*, proxima semana, semana proxima",
    ),
    "done": (
        "after, s p, sp, status post, st p, status, post, prior, previous, hx, history, h o, "
        "known, old, remote, following, follow up, check",
        "z n, zn, zust n, zustand nach, st n, status nach, nach, n, bekannt*, alte, fruher*, "
        "anamnest*, kontroll*, verlaufskontroll*",
        "apres, post, atcd*, antecedent*, suites, controle, connu*, ancien*, porteur*",
        "tras, despues, antecedent*, post, conocid*, portador*, control, operad*",
    ),
    # Why it was made stands from here on: regions in it were not examined.
    "reason": (
        "s p, status post, h o, hx, history of, r o, rule out, indication, suspected",
        "z n, zn, zustand nach, st p, st n, status nach, v a, ausschluss, fragestellung, "
        "indikation, klin, bei, wg, wegen, bekannt*",
        "atcd*, antecedent*, suspicion, indication, motif, recherche de",
        "antecedent*, sospecha, descartar, indicacion, motivo, portador*",
    ),
    "small words": (
        "and, or, of, the, a, to, at, on, views, view, vws, vw, images, was, were, is, be, due, "
        "for, iv, any, level, levels, by, pt, patient, patient s, but, prior, previous, qmark",
        "und, oder, u, in, an, bei, wurde, wurden, war, aufnahme, aufnahmen, am, fur, der, die, "
        "das, den, hohe, v, vom, von, pat, patient, patientin, gabe, aber",
        "et, ou, de, des, du, d, la, le, les, l, cliche, cliches, en, au, a, ete, incidences, "
        "qui, par, patient, patiente, mais",
        "y, o, u, de, del, la, el, los, las, se, proyeccion, proyecciones, vistas, en, al, por, "
        "paciente, pcte, pero, previa, previo, previas",
    ),
    # After a region that was left out; what was done there is "denied" as well.
    "not examined": (
        "not possible, not tolerated, not obtained, not scanned, not imaged, not included, not "
        "examined, not acquired, not completed, could not, excluded, postponed, rescheduled, not "
        "able",
        "nicht moglich, nicht toleriert, nicht untersucht, nicht gemacht, nicht angefertigt, "
        "nicht gefahren, nicht abgebildet, nicht erfasst, unmoglich, verschoben, abgebrochen",
        "non obten*, non possib*, pas possib*, non explor*, non inclus*, non tolere*, exclu, "
        "reporte*, differe*, interrompu*",
        "no posib*, no toler*, no se, no explorad*, no incluid*, excluid*, aplazad*, interrumpid*",
    ),
    # After an operation that was done.
    "done after": (
        "control, follow up, done, performed, previously, ago, check",
        "kontroll*, verlaufskontroll*, erfolgt, durchgefuhrt, fruher",
        "controle, realisee, ancienne, anterieure",
        "control, previa, previas, anterior, realizada",
    ),
    # A question mark.
    "asked": (
        "qmark",
        "",
        "",
        "",
    ),
    # Before an operation that is still to come.
    "for an operation": (
        "for, needs, need, needing, needed, requires, require, requiring, listed for, to plan, "
        "plan for, plan, to be, to have, wants, workup for",
        "fur, zur, zum, braucht, benotigt, wunscht",
        "pour, necessit*, avis",
        "para, requiere, necesita, precisa",
    ),
    # What stands between a word and its denial as the reason.
    "because": (
        "due to, because of, owing to",
        "wegen, wg, bei, aufgrund, infolge",
        "a cause de, en raison de, par, pour",
        "por, debido a, a causa de",
    ),
}

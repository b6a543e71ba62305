"""The words by which descriptions in English, German, French and Spanish are understood.

Words stand as :func:`fusion.archive.words.plain_words` writes them: small letters without accents,
one space between words. ``*`` at the end stands for any ending.
"""

from __future__ import annotations

#: Meaning: words of English, German, French, Spanish (and what is the same in all).
WORDS: dict[str, tuple[str, str, str, str]] = {
    # The spine of the neck by its words, whatever else is named.
    "spine of the neck": (
        "c spine, cspine, c sp, csp, c spn, c t l spine, c t spine, ctl spine, mr ct l "
        "spine, mri ct l spine, c spines, odontoid, dens, cvj, ccj, craniovertebral*, atlanto*, "
        "occipitocervical*, occipito cervical*, open mouth, atlas, c and t spine, c and l spine, c "
        "t and l spine, c l spine",
        "hws*, hwk*, halswirbel*, halsws, hals ws, kopfgelenk*, transoral*, okzipitozervikal*, "
        "transbuk*, transbuc*, halsmark*, hals brustwirbel*, hals und brustwirbel*, hals u "
        "brustwirbel*, hals brust und lendenwirbel*, hals bws",
        "charniere cervico*, charniere occipito*, odontoide, bouche ouverte, rachis c, colonne c, "
        "col c",
        "odontoides, boca abierta, transoral*, columna c, raquis c",
    ),
    # Of the neck; of its spine where nothing speaks against it.
    "neck": (
        "cerv, cervical*, cervico*, craniocervical*",
        "zervikal*, cervikal*, zerviko*, kraniozervikal*",
        "cervical*, cervico*",
        "c cervical, craneocervical*",
    ),
    # The neck, which is mostly examined for what lies before its spine.
    "neck in general": ("neck", "hals, nacken", "cou, nuque", "cuello, nuca"),
    "whole spine": (
        "whole spine, total spine, entire spine, full spine, complete spine, scoliosis series, "
        "scoliosis survey, neuraxis, spine whole, spine total, spine entire, spine full, all "
        "spine, entire spinal, spine entire, spine survey, whole neuraxis, spinal survey",
        "ganze ws, gesamte ws, ganze wirbelsaule, gesamte wirbelsaule, ganzwirbelsaul*, "
        "wirbelsaulenganz*, ws ganz*, gesamtwirbelsaul*, wirbelsaule gesamt, wirbelsaule "
        "komplett, wirbelsaule ganz, ws gesamt, ws komplett, komplette ws, komplette wirbelsaule, "
        "neuroachse, spinalkanal gesamt, gesamter spinalkanal",
        "rachis entier, rachis complet, rachis total, rachis en entier, grand axe, medullaire "
        "tot*, medullaire compl*, medullaire entiere, moelle entiere, moelle totale, moelle "
        "complete, axe spinal, axe rachidien, teleradio* rachis, teleradio* du rachis",
        "columna total, columna completa, columna entera, raquis completo, telerradiografia*, "
        "columna vertebral completa, columna vertebral total, neuroeje, raquis total",
    ),
    # Of the neck by its words, but not of its spine.
    "not the spine": (
        "soft tissue*, soft tissues, angio*, cta, mra, carotid*, thyroid*, larynx*, pharynx*, "
        "parotid*, lymph node*, uterine, uterus, cervix, femoral neck, neck of femur, sinus*, "
        "swallow*, esophag*, oesophag*, cervical cancer, airway, salivary, dental, vessels, "
        "brachial plexus, femur neck, femoral necks, ent neck, neck ent, contrast ent, ent "
        "protocol, sialo*, cervico facial*, cervicofacial*, headneck, parathyr*, trache*, neck "
        "mass, adenopath*, tonsil*, tongue, vocal, brachial plex*, thymus, goit*",
        "weichteil*, halsweichteil*, angio*, karotis*, carotis*, halsgefasse*, plexus, "
        "schilddruse*, kehlkopf*, rachen*, schluck*, speichel*, oesophagus, schenkelhals*, "
        "lymphknoten*, nebenschild*, breischluck*, zahn*, hno, oberschenkelhals*, femurhals*, "
        "strum*, trachea*, gefass*, armplexus",
        "parties molles, orl, cervico facial*, cervicofacial*, col du femur, du sein, des seins, "
        "irm sein, irm seins, mammaire*, angio*, carotide*, thyroide*, larynx, pharynx, tsa, "
        "troncs supra*, uterin*, col uterin, col de l uterus, col femoral, ganglion*, oesophag*, "
        "deglutition, parotide*, parathyr*, plexus, trache*, adenopath*, vaisseaux",
        "partes blandas, angio*, carotid*, tiroid*, laringe, faringe, uterino, utero, cervix, "
        "cuello de femur, cuello femoral, esofag*, deglucion, ganglio*, parotida*, tsa, orl, "
        "cervicofacial*, cervico facial*, cuello del femur, faringo*, vasos, plexo*, paratiro*, "
        "traque*, adenopat*, troncos supra*, salival*",
    ),
    "other region": (
        "maxill*, petrous, zygom*, lacrim*, submandib*, axill*, sternoclav*, buttock*, glute*, "
        "pubi*, penis*, penile, vagin*, hysterosalp*, salping*, urethr*, cystogr*, defecogr*, "
        "duoden*, barium*, venogr*, lymphang*, trochant*, ischi*, flank, optic, tendon*, "
        "orthopanto*, opg, panoram*, temporomandib*, ls, nose, jaw, teeth, eye, eyes, ear, ears, "
        "abd, a p w, a p wo, bronch*, mediastin*, pleur*, mesent*, iliac*, femor*, poplit*, "
        "rect*, anal, perine*, ovar*, gyn*, tars*, metatars*, carp*, metacarp*, phalan*, radius, "
        "ulna*, fibula*, acetab*, menisc*, achill*, rotator, rotator cuff, olecran*, scaph*, "
        "navicul*, hallux, thumb*, stroke, perfusion, dat scan, datscan, mastoid*, cochle*, "
        "ventilat*, muga, renogr*, mag3, dmsa, mibg, bowel, stomach, appendi*, hernia inguin*, "
        "adrenal*, spleen*, tongue*, oral, oropharyn*, nasophar*, cyst*, urin*, uro*, stone*, "
        "ivu, cheek, chin, lip, scalp, adenoid*, paranasal*, perinasal*, coro*, cardi*, "
        "echocard*, aorto*, vein*, venous, arter*, tibio*, sesam*, acromi*, neuro head, "
        "cerebell*, lung, ptx, l spine, lspine, t spine, tspine, lumb*, thorac*, sacr*, pelvi*, "
        "hip*, knee*, foot, feet, hand*, wrist*, elbow*, shoulder*, ankle*, chest, abdom*, brain, "
        "head, skull, lung*, liver, femur, tibia, heart, cardiac, breast, mammo*, whole body, "
        "coccyx, orbit*, si joint*, prostate, kidney*, finger*, rib*, clavicle, humerus, bone "
        "age, maxillofacial*, facial*, mandib*, tmj, nasal*, temporal bone*, skull base, bladder, "
        "spleen, myocard*, parathyr*, brain*, calf, thigh*, shin, forearm*, toe*, heel*, calcan*, "
        "patell*, sternum, scapul*, ac joint*, sc joint*, tib fib, extremit*, leg, legs, arm, "
        "arms, groin, testic*, scrot*, renal, pancrea*, gallbladder, biliary, mrcp, bowel, colon, "
        "colonos*, entero*, gastr*, ugi, kub, urogra*, ivp, aort*, runoff, coronar*, pulmon*, pe "
        "protocol, v q, vq, dexa, dxa, bone density, pituit*, sella, iac, iacs, auditory, "
        "panorex, ls spine, l s spine, d spine, dl spine, dorsolumb*, wb, total body, lower "
        "limb*, upper limb*, crani*, thymus, thyroid*, skull*, face, heads, ribs, mrcp, cxr, "
        "kidneys, ureter*, thoraco*, limb*, skeletal survey, bone survey, hindfoot, forefoot, "
        "midfoot, cholangio*, hepat*, hepato*, hida, prostat*, fetal, obstetric*, uter*, ovar*, "
        "pinning",
        "oberkiefer*, jochbein*, tranen*, achsel*, axill*, hoden*, penis*, schambein*, sitzbein*, "
        "grosszehe*, syndesm*, kniescheibe*, phlebogr*, gesass*, sehne*, cup, tumorstaging, "
        "staging, lws, bws, lws*, bws*, lendenwirbel*, brustwirbel*, becken*, hufte*, huft*, "
        "knie*, fuss*, hand*, ellenbogen*, schulter*, sprunggelenk*, thorax*, abdomen*, schadel*, "
        "kopf, lunge*, leber, herz*, mamma*, ganzkorper*, kreuzbein*, isg, ileosakral*, "
        "iliosakral*, cranium, neurocranium, cmrt, gesicht*, zunge*, mund*, ohr*, auge*, lunge*, "
        "mastoid*, leiste*, anus, enddarm*, rektum*, eierst*, gebarm*, kahnbein*, mittelhand*, "
        "sesam*, knochenalter*, schlaganf*, demenz*, nierenst*, dorsale ws, brustkorb*, "
        "herzkranz*, venen*, bronch*, mediast*, nebennier*, achill*, menisk*, rotator, "
        "rotatoren*, oberbauch, finger*, rippe*, lumbal*, thorakal*, cct, ccta, gesichtsschadel*, "
        "mittelgesicht*, nnh, felsenbein*, kiefer*, unterschenkel*, oberschenkel*, unterarm*, "
        "nebenschild*, myokard*, zehe*, ferse*, patell*, brustbein*, sternum, schlusselbein*, "
        "klavikul*, clavicul*, skapul*, schulterblatt*, oberarm*, ellbogen*, vorfuss*, "
        "mittelfuss*, ruckfuss*, osg, usg, niere*, pankrea*, gall*, darm*, kolon*, dickdarm*, "
        "magen*, prostata*, aort*, koronar*, hypophys*, innenohr*, orbita*, nasen*, sakral*, "
        "steiss*, beinachse*, ganzbein*, bein, beine, arm, extremitat*, knochendicht*, kalkan*, "
        "daumen*, mcp, karpal*, karpus, tarsal*, hirn*, gehirn*, schlafenbein*, nnh*, kiefer*, "
        "unterbauch*, bauch*, harn*, blase*, dunndarm*, ubersicht abd*, schilddrus*, iliosakr*, "
        "symphyse*, lendenws*, brustws*, lumbosakr*, thorako*",
        "pelvi*, scannopelvi*, hystero*, cystogr*, transit*, togd, mammogr*, axill*, tendon*, "
        "femur*, femor*, pubis, symphyse*, astragal*, sterno*, acromio*, scrot*, testic*, "
        "maxill*, cerveau, telecran*, telecrane, dorsale, dorsales, buccal*, langue, cavum, "
        "rhino*, oeil, yeux, mastoid*, uro*, vessie, rectum, anus, rate, surren*, estomac, "
        "intestin*, entero*, colo scanner, coloscan*, coroscan*, uroscan*, hepat*, splen*, "
        "pouce*, metacarp*, tarse, phalang*, scaphoid*, age osseux, bronch*, mediastin*, avc, "
        "perfusion, veine*, phlebo*, aorte*, tibia*, perone*, machoire, joue, levre*, menton, "
        "adeno*, dacryo*, cardiaque*, coronair*, atm, temporo mandib*, dents, dentaire*, "
        "machoire*, lombaire*, dorsal, thoracique*, sacrum, bassin, hanche*, genou*, pied*, "
        "main*, poignet*, coude*, epaule*, cheville*, thorax, abdom*, crane, cerebral*, "
        "encephal*, tete, poumon*, foie, corps entier, lombo*, dorso*, sacro*, cote*, doigt*, "
        "massif facial, maxillo*, mandib*, rocher*, sinus*, cuisse, jambe, avant bras, myocard*, "
        "parathyr*, pulmonaire*, orteil*, calcan*, rotule*, clavicul*, omoplate*, humer*, bras, "
        "membre*, rein, reins, renal*, vesicule*, bili*, colo, coeur, hypophys*, oreille*, "
        "conduit*, orbite*, nez, os propres, coccyx, gonometrie, pangono*, sein, seins, "
        "osteodensito*, asp, abdo, tap, cranien*, cranio encephal*, thyroid*, corporel*, corps, "
        "pelvien*, jambes, doigts, lombosacr*, lombo sacr*, avant pied, arriere pied, dorsales, "
        "talon*",
        "penasco*, aquiles, tendon*, femur*, femoral*, pubis, sinfisis, lagrimal*, uretr*, "
        "cistogr*, histero*, transito*, gluteo*, ingle*, inguinal*, escrot*, pene, axila*, "
        "axilar*, antepie, astragalo, esternoclav*, acromio*, cara, perinasal*, paranasal*, uro*, "
        "lengua, ojo, ojos, mastoid*, vejiga, recto, ano, bazo, suprarren*, estomago, intestin*, "
        "pulgar*, metacarp*, metatars*, tarso, falang*, escafoid*, edad osea, bronqu*, "
        "mediastin*, ictus, perfusion, vena*, flebo*, aorta*, perone, tibia*, mejilla*, labio*, "
        "menton, espalda, coronari*, cardio*, hepat*, bucal, faciales, cadera*, pelviano, "
        "ginecolog*, obstetr*, mamari*, testicul*, prostat*, pancrea*, adenoid*, atm, "
        "temporomandib*, tempomandib*, nariz, dental*, diente*, cerebro, lumb*, dorsal, toracic*, "
        "sacro*, pelvis, cadera*, rodilla*, pie, pies, mano*, muneca*, codo*, hombro*, tobillo*, "
        "torax, abdom*, craneo, cerebr*, cabeza, pulmon*, higado, cuerpo entero, cuerpo completo, "
        "costilla*, dedo*, macizo facial, senos paranasales, mandib*, maxilo*, muslo, pierna*, "
        "antebrazo, miocard*, paratiro*, encefal*, ortejo*, calcaneo*, rotula*, esternon, "
        "clavicula*, escapula*, humero, brazo, miembro*, rinon*, vesicula*, vias biliares, "
        "colangio*, corazon, hipofis*, silla turca, oido*, orbita*, coxis, coccix, mama, mamas, "
        "mamogra*, densitometr*, parrilla costal, craneal*, corporal*, tiroid*, tap, cardia*, "
        "sacroili*, senos, dorsolumb*, dorso lumb*, c lumbar, craneo*, codos, tobillos, "
        "extremidad*, pelvic*, talon*, cuerpo, optico*, cigomat*, malar*",
    ),
    # Examined together with the neck it is for staging, unless the spine is named.
    "trunk": (
        "abdom*, pelvi*, chest",
        "becken*, oberbauch*, bauch*",
        "abdom*, pelv*, bassin*, thorax",
        "abdom*, pelv*, torax, toraco*",
    ),
    "spine": (
        "spine*, c spine, cspine, csp, spn, vertebra*",
        "hws*, hwk*, ws, wirbel*, halswirbel*, halsws",
        "rachis*, colonne*, vertebr*",
        "columna*, col, raquis*, vertebr*, c cervical",
    ),
    "radiographs": (
        "x ray*, xray*, xr, radiograph*, plain film*, cr, dx, dr, rx",
        "rontgen*, roentgen*, rontg*, rtg, rx, ro, konventionell*",
        "radio, radiograph*, rx, cliche*, radios",
        "radiograf*, rx, placa, placas, rayos x",
    ),
    "mri": (
        "mri, mr, magnetic resonance*, nmr",
        "mrt, mr, kernspin*, magnetresonanz*, mr tomo*, kst",
        "irm, imagerie par resonance*, remnographie",
        "rm, rmn, resonancia*",
    ),
    "diagnostic_ct": (
        "ct, cat scan, computed tomograph*, mdct, cbct",
        "ct, computertomogra*, computertomo*, msct",
        "tdm, scanner*, tomodensitometr*",
        "tc, tac, tomografia comput*, tcmd, tomografia axial*",
    ),
    "nuclear": (
        "bone scan*, spect*, scintigra*, nuclear, nm, pet*, bone spect*, mdp, hdp, dpd, hybrid, "
        "fdg, naf, dotatate, psma",
        "szinti*, skelettszinti*, knochenszinti*, spect*, dreiphasen*, 3 phasen*, 3phasen*, pet*, "
        "nuk*, skelettszint*, knochenszint*",
        "scintigra*, scinti*, temp, tomoscinti*, tep*, spect*, fluorure",
        "gammagraf*, spect*, escintigra*, pet*, centellogra*, rastreo oseo, ggo, rastreo*",
    ),
    "ap": (
        "ap, pa, a p, p a, anteroposterior, antero posterior, frontal, apl, aplat, anterior "
        "posterior",
        "ap, pa, a p, sagittal ap",
        "face, f p, fp, de face, face profil, f et p, fpf, f p bo",
        "ap, pa, frontal, anteroposterior, antero posterior, ap l, f y p, f y l, frente, f p, "
        "fyp, ap y l",
    ),
    "lateral": (
        "lat, lateral*, ll, l l, ap y l, cross table, crosstable, xtable, x table, apl, aplat, "
        "lats",
        "seitlich*, seitl, lat, lateral*, seitbild, seit, latero lateral*",
        "profil*, lateral*, f p, fp, de profil, f et p",
        "lat, lateral*, perfil, f y p, f y l, ap l, f p, fyp",
    ),
    "oblique": (
        "oblique*, obl",
        "schrag*, foramina*, halbschrag*",
        "oblique*, trois quarts, 3 4, de 3 4",
        "oblicua*, oblicuo*, obl",
    ),
    "flexion": (
        "flex*, flexion, dynamic*, anteflexion, f e, hyperflexion, functional views, bending",
        "inklination*, flexion*, funktionsaufn*, funktions*, funktion, anteflex*, inkl rekl, inkl "
        "u rekl, inkl und rekl, in inkl, dynamisch*, inklin*, vorneig*, fkt*, vorbeug*, re "
        "inklination*, vor ruck*, vor und ruck*, vor u ruck*, ante, in und rekl*, in u rekl*, in "
        "und retro*",
        "flexion*, dynamique*, dyn, anteflexion, hyperflexion",
        "flexion*, flexo*, dinamic*, funcional*, hiperflexion, anteflexion",
    ),
    "extension": (
        "ext, extension*, dynamic*, flex ext, f e, hyperextension*, functional views, "
        "retroflexion, bending, extend*",
        "reklination*, extension*, funktionsaufn*, funktions*, funktion, retroflex*, rekl, "
        "dynamisch*, reklin*, ruckneig*, fkt*, ruckbeug*, vor ruck*, vor und ruck*, vor u ruck*, "
        "retrofl*",
        "extension*, dynamique*, dyn, hyperextension*, retroflexion",
        "extension*, flexoext*, dinamic*, funcional*, hiperextension*, retroflexion",
    ),
    "surgery": (
        "acdf, pcdf, fusion, fused, postop*, post op*, s p op, status post surgery, laminectom*, "
        "laminoplast*, corpectom*, discectom*, arthroplast*, disc replacement*, adr, tdr, "
        "fixation, hardware, screw*, cage*, instrument*, intraop*, arthrodes*, after surgery, "
        "foraminotom*, plate fixation, hx surgery, laminotom*, pedicle screw*, during surgery, "
        "in theatre, lateral mass screw*, decompression, prosthe*, implant*, orif, disc repl*, "
        "nucleotom*, microdiscectom*, plating, operation*, operated, post surg*, postsurg*, s p "
        "surg*, status post surg*, h o surg*, hx of surg*, history of surg*, prev surg*, prior "
        "surg*, previous surg*",
        "spondylodese*, fusion, postop*, post op*, z n op*, n op, nach op*, op kontrolle, "
        "laminektom*, korporektom*, diskektom*, bandscheibenprothes*, bsp, cage*, implantat*, "
        "schraube*, verplattung, plattenosteo*, osteosynthes*, dekompression*, intraop*, acdf, "
        "versteif*, fixateur*, korpektom*, wirbelkorperersatz, op verlaufskontrolle, "
        "metallentfern*, hws op, hwk op, ws op, z n hws op, zustand nach op, foraminotom*, "
        "bandscheibenop*, prothese*, stabilisierung*, verschraubung*, dorsaler versorgung, "
        "ventraler versorgung, bs op, st n op, status nach op, material*, fusionsop*, platte, "
        "platten, nukleotom*, nucleotom*, bandscheiben op, wirbelsaulen op, operation*, operiert*",
        "arthrodes*, postop*, post op*, osteosynthes*, laminectom*, corpectom*, discectom*, "
        "prothese*, cage*, materiel*, opere*, chirurgie, perop*, per op, per operatoire*, plaque "
        "vissee, post chir*, apres chir*, laminoplast*, foraminotom*, decompression, vis pedic*, "
        "vissage*, cervicotomie, arthroplast*, recalibrage, post operatoire*, postchir*, atcd "
        "chir*, atcd de chir*",
        "artrodesis, postop*, post op*, osteosintesis, laminectom*, corpectom*, discectom*, "
        "protesis, tornillo*, fijacion*, instrument*, operad*, cirugia, intraop*, caja "
        "intersomatica, laminoplast*, foraminotom*, descompresion, placa y tornillos, post "
        "cirugia, intervenid*, artroplast*, placa cervical, postqx, post qx, pop, osteosint*, "
        "material de*, postquir*, post quir*, post iq, postiq",
    ),
    # What is scanned in beside examinations, under a modality that is none.
    "paper": (
        "consent*, request*, requisition*, order form, referral*, questionnaire*, appointment*",
        "einverstandnis*, einwilligung*, aufklarung*, anforderung*, uberweisung*, fragebogen, "
        "termin*",
        "consentement*, demande*, ordonnance*, questionnaire*, rendez vous",
        "consentimiento*, solicitud*, orden*, cuestionario*, cita",
    ),
    # A series by which the others were placed shows more than was examined.
    "localizer": (
        "localizer*, localiser*, loc, scout*, topogram*",
        "lokalizer*, lokalisator*, topogramm*",
        "reperage*, localisateur*",
        "localizador*, topograma*",
    ),
    # Done by pictures, not an examination.
    "intervention": (
        "block, blocks, injection under*, infiltration*, biops*, puncture*, nerve root*, "
        "ablation*, medial branch*, radiofrequency*, vertebroplast*, guided, facet inj*, "
        "epidural*, esi, rfa, rhizotom*, denervation*, kyphoplast*",
        "infiltration*, facetteninf*, facettengelenksinf*, punktion*, biops*, prt, blockade*, "
        "denervierung*, facettengelenksinfiltration*, gesteuert*, ct gest, gezielte ct, "
        "facettenblock*, thermokoag*",
        "infiltration*, bloc, ponction*, biops*, radiofrequence*, sous scanner, sous tdm, guide, "
        "guidee, guides, guidees, echoguid*, scannoguid*, radioguid*, thermocoag*, rhizolyse*",
        "infiltracion*, bloqueo*, puncion*, biops*, radiofrecuencia*, guiad*, rizolisis, rizotomia",
    ),
    # What is taken while someone is operated on is no examination.
    "in theatre": (
        "intraop*, perop*, carm, in theatre, theatre, operating room, operating theatre",
        "intraop*, op saal, bildwandler*, c bogen",
        "perop*, per op, per operatoire*, bloc op*, ampli de brillance, amplificateur*",
        "intraop*, quirofano*, arco en c",
    ),
    "operation of the neck": (
        "acdf, post acdf, pcdf, laminoplast*",
        "acdf, hws op, hwk op, z n hws op",
        "cervicotomie, laminoplast*",
        "laminoplast*, placa cervical",
    ),
    # Said of whatever was examined.
    "some operation": (
        "postop*, post op*, after surgery, operation*, operated, surgery, hx surgery, post "
        "surg*, postsurg*, s p surg*, status post surg*, h o surg*, hx of surg*, history of "
        "surg*, prev surg*, prior surg*, previous surg*",
        "postop*, post op*, nach op*, op kontrolle, z n op*, op verlaufskontrolle, operation*, "
        "operiert*",
        "postop*, post op*, post chir*, apres chir*, chirurgie, opere*, postchir*, atcd chir*, "
        "atcd de chir*",
        "postop*, postquirurgic*, post quirurgic*, post cirugia, postqx, post qx, cirugia, "
        "operad*, intervenid*, postquir*, post quir*, post iq, postiq",
    ),
    # Of the spine only where its place is named with them.
    "implant": (
        "implant*, prosthe*, instrument*",
        "implantat*, prothese*, material*",
        "prothese*, materiel*, implant*",
        "protesis, material de*, instrument*",
    ),
    "fusion": ("fusion, fused", "fusion", "fusion", "fusion"),
    # Next to "fusion": images are laid over each other.
    "images": (
        "image*, ct, mri, mr, spect, pet, software",
        "bild*, mrt",
        "image*, imagerie, irm, tdm, tep, temp",
        "imagen*, tc, tac, rm",
    ),
    # Next to "fusion": bones that nobody joined.
    "grown together": (
        "congenit*, klippel, spontaneous*, autofusion, ankylos*",
        "angebor*, angeb, kongenit*, spontan*, ankylos*",
        "congenit*, spontan*, ankylos*",
        "congenit*, espontan*, anquilos*",
    ),
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
    # Nothing was operated on yet, or what follows is denied.
    "before surgery": (
        "preop*, pre op*, before surgery, planning, presurg*, pre surg*, for surgery",
        "praop*, praeop*, pra op*, prae op*, vor op*, op planung, planungs*, praoperativ*, op "
        "vorb*, op ind*",
        "preop*, pre op*, avant chirurgie, bilan preop*, prechir*, pre chir*, avant chir*",
        "preop*, pre op*, prequir*, pre quir*, preqx, pre qx, preiq, pre iq, planificacion",
    ),
    "contrast": (
        "contrast*, gad*, with c, enhanced, post gad, w contrast, iv contrast, dye, w cm, iv "
        "cont, w con, w cont, gd",
        "km, kontrast*, gad*, i v",
        "injection*, injecte*, inj, gado*, produit de contraste, iv, pdc",
        "contraste*, gado*, civ, c c, cte",
    ),
    # The last word of a clause.
    "with at the end": ("w, with, w c", "", "avec", ""),
    "without at the end": ("without", "ohne", "sans", "sin"),
    "both contrasts": (
        "with and without, w wo, w and wo, w and w o, w w o, without and with, wo w, pre and "
        "post, pre post, wwo, w o and w, w o w, w o then w, with without, without with, wo and "
        "w, before and after, followed by w, followed by with",
        "mit und ohne, ohne und mit, ohne mit, mit ohne, vor und nach km, vor und nach kontrast*, "
        "vor nach km, mit u ohne, ohne u mit",
        "avec et sans, sans et avec, sans puis avec, avant et apres, sans avec, avec sans",
        "con y sin, sin y con, antes y despues, c s, s y c, c y s, sin con, con sin",
    ),
    # Which of the two is open.
    "with or without": (
        "with or without, w or w o, w or wo, w or without",
        "mit oder ohne, ohne oder mit",
        "avec ou sans, sans ou avec",
        "con o sin, sin o con",
    ),
    "no contrast": (
        "wo, w o, non contrast, noncontrast, noncon, non con, unenhanced, plain, wo c, no con, no "
        "cont",
        "nativ*, nat",
        "non injecte*, s injection, s inj",
        "simple, s c, s civ, sciv, sin contr, sin cont, s contr, s cont",
    ),
    # Beside words for contrast: it is not borne, or something else was injected.
    "not of contrast": (
        "allerg*, epidural*, facet*, steroid*, joint*, nerve*",
        "allerg*, unvertrag*, facett*",
        "allerg*, epidural*, facett*, articul*, foramin*",
        "alerg*, epidural*, facet*, articul*",
    ),
    # Before what is denied.
    "no": (
        "no, without, w o, wo, not, denies, non, unable, cannot, refus*, declin*, never",
        "ohne, kein, keine, keinen, keiner, nicht, nie",
        "sans, pas, aucune, aucun, non, refus*, impossib*, jamais",
        "sin, no, ningun*, rechaz*, imposib*, niega, nunca, suspend*",
    ),
    # Before a region that was left out.
    "left out": (
        "no, not, excl, excluding, except",
        "ohne, keine, ausser",
        "hors, sans, sauf",
        "sin, no, salvo, excepto",
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
        "none, nil, cancel*, denied, declin*, refus*, deferr*, omitted, withheld, contraindicat*, "
        "not done, not performed, not given, held, on hold, stopped, aborted, not administered, "
        "abandoned, skipped, unobtainable",
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
        "not, cannot, could not, free",
        "nicht, unmoglich, frei",
        "non obten*, non possib*, pas possib*",
        "no se, no posib*, no toler*, no acept*",
    ),
    # After what is denied, where nothing follows that they could be said of.
    "no at the end": ("no, not", "keine, nein", "non, pas", "no"),
    # What is done, given or operated is still to come, or is only thought of.
    "to come": (
        "before, pre, with a view, planned, planning, awaiting, consider*, candidate*, "
        "indication*, prior to, possible, potential, scheduled, upcoming, pending, proposed, need "
        "for, eval for, waiting list, waitlist*, will, going to, discuss*, recommended",
        "vor, pra, hinblick, zwecks, geplant*, indikation*, vorgesehen*, anstehend*, "
        "bevorstehend*, planung, ggf, evtl, eventuell*, mogliche*, warteliste, wird, soll, "
        "erwogen*, empfohlen*",
        "avant, en vue, prevu*, programm*, envisag*, indication*, projet, eventuel*, discuter, "
        "liste d attente, va, sera, prevoir, prevision, propos*",
        "antes, con vistas, previst*, programad*, previo a, previa a, previos a, pendiente*, "
        "candidat*, indicacion*, posible*, valorar, para, lista de espera, propuest*, sera, va a, "
        "recomendad*",
    ),
    "to come after": (
        "planned, scheduled, pending, upcoming, candidate*, booked, considered, indicated, "
        "planning, proposed, awaited, to follow, follows, later, if needed, if necessary, if "
        "indicated, discussed, discussion, under consideration",
        "geplant*, vorgesehen*, steht an, bevorsteh*, indikation*, indiziert, in planung, "
        "erwogen, folgt, folgen, spater, bei bedarf, falls notig, wenn notig, diskussion, "
        "diskutiert, uberlegt, empfohlen",
        "prevu*, programm*, envisag*, indiquee, a venir, en attente, a discuter, suivr*, "
        "ulterieur*, prevoir, si besoin, si necessaire, discussion, discutee, proposee, "
        "recommandee",
        "previst*, programad*, pendiente*, planificad*, propuest*, indicad*, seguira*, mas tarde, "
        "si necesario, si precisa, si procede, discusion, plantead*, recomendad*, valoracion",
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
    # Where other operations are done than those of a spine.
    "organ": (
        "cochlear, hip, knee, breast, pacemaker, stent, port, stimulator*, valve",
        "lwk*, bwk*, huft*, tep, schrittmacher*, stimulator*, klappe*",
        "cochleaire*, stimulat*, pacemaker, valve*",
        "coclear*, marcapasos, estimulador*, valvula*",
    ),
    "small words": (
        "and, or, of, the, a, to, at, on, views, view, vws, vw, images, was, were, is, be, due, "
        "for, iv, any, level, levels, by, by, pt, patient, patient s, but, prior, previous",
        "und, oder, u, in, an, bei, wurde, wurden, war, aufnahme, aufnahmen, am, fur, der, die, "
        "das, den, hohe, v, vom, von, pat, patient, patientin, gabe, aber",
        "et, ou, de, des, du, d, la, le, les, l, cliche, cliches, en, au, a, ete, incidences, "
        "qui, par, patient, patiente, mais",
        "y, o, u, de, del, la, el, los, las, se, proyeccion, proyecciones, vistas, en, al, por, "
        "paciente, pcte, pero, previa, previo, previas",
    ),
}

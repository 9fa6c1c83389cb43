"""Words that introduce what somebody said, thought or wants, by class of meaning.

The lists say which verbs make a clause an attribution on their own. Beside a quotation mark any verb may
introduce the words: there the place decides, not the list.
"""

from kb.lexicon import listed

SAYING = listed(
    """say tell add note explain state declare announce report write reply respond answer argue claim assert insist
    maintain contend allege charge warn caution suggest propose recommend advise urge acknowledge admit
    concede confess confirm deny reveal disclose divulge mention remark observe comment reiterate repeat
    stress emphasize emphasise underline underscore highlight promise vow pledge swear assure reassure
    predict forecast speculate joke quip tweet post blog text email e-mail testify recall recount reminisce
    complain lament boast brag gush exclaim shout yell scream cry whisper murmur mutter mumble chant ask
    inquire enquire query wonder retort counter rebut protest object clarify elaborate continue conclude
    summarize summarise describe characterize characterise call dub label quote cite opine posit postulate
    hypothesize hypothesise theorize theorise inform notify remind tell brief read proclaim profess preach
    rant rail fume snap tease chide chime interject interrupt intone drawl deadpan sniff scoff sneer growl
    bark thunder roar hiss stammer sigh laugh plead beg implore demand command order instruct signal
    indicate hint imply intimate insinuate relate narrate articulate express voice echo address message
    telegraph reply rejoin rehash reckon attest affirm aver avow decree stipulate specify outline detail
    explain apologize apologise thank praise congratulate accuse blame criticize criticise denounce condemn
    deride mock lambast blast slam lash bemoan decry deplore dismiss rule pronounce herald tout cheer blurt
    volunteer offer venture muse philosophize rhapsodize enthuse crow gripe grumble grouse vent whine moan
    groan sob weep cackle chuckle giggle grin smile nod shrug caution counsel exhort encourage persuade
    convince coax agree disagree concur"""
)
"""Verbs of communication, in speech, in writing or by a document."""

TELLING = listed("tell inform assure reassure remind notify warn caution brief write email e-mail")
"""Verbs that take whom it is said to for their object."""

THINKING = listed(
    """think believe feel know hope fear worry suspect expect doubt guess suppose assume presume imagine consider
    see view regard understand realize realise recognize recognise remember forget decide determine figure
    find discover learn conclude wonder want wish desire prefer like love hate intend plan aim seek try need
    regret anticipate envision envisage foresee dream trust mind care judge deem estimate calculate notice
    sense bet favor favour support oppose reject accept appreciate"""
)
"""Verbs of thought, wish and feeling."""

SHOWING = listed(
    """show demonstrate prove indicate suggest find reveal reflect imply confirm signal illustrate establish
    document detect estimate"""
)
"""What studies, polls and signs do."""

BARE = listed("be have do go come get take make put give keep begin start")
"""Verbs too general to introduce words by themselves."""

DOCUMENTS = listed(
    """statement report study paper article letter memo note email e-mail book blog post tweet message review
    survey poll document filing ruling order lawsuit complaint editorial column headline sign banner caption
    press release release notice bill law text abstract transcript preprint website page site account
    authors paper blogpost white-paper guidance guideline policy card prompt log model chatbot assistant
    system agent bot output response reply answer"""
)
"""Things that speak for somebody, or print words of their own."""

WORDINGS = listed(
    """word line answer reply response message sentence phrase passage entry remark comment question conclusion verdict
    advice warning explanation"""
)
"""Nouns for words themselves: what stands in marks behind them was said or written."""

OPENING = listed("begin start open lead end close conclude finish sign answer respond reply counter greet retort")
"""Verbs whose `with` introduces words: `began with “…”`, `signed off with “…”`."""

WORKS = listed(
    """book novel memoir poem play film movie documentary show series episode podcast song album single track painting
    exhibition opera musical essay paper article study report column story chapter section lecture talk seminar
    workshop course game app programme program project session"""
)
"""Things that carry a title of their own."""

PEOPLE = listed(
    """man woman people person official officer spokesman spokeswoman spokesperson researcher scientist professor
    expert author analyst critic supporter director president senator governor mayor minister lawyer
    attorney judge doctor physician teacher student engineer economist historian psychologist journalist
    reporter editor writer host leader chief executive founder manager adviser advisor aide secretary
    candidate voter activist resident neighbor neighbour friend colleague mother father wife husband son
    daughter brother sister parent victim witness survivor owner worker employee chairman chairwoman chair
    chairperson chancellor commissioner congressman congresswoman representative lawmaker strategist
    consultant pollster veteran soldier general captain pastor priest bishop pope king queen prince princess
    actor actress singer artist musician player coach athlete star fan boss customer patient nurse biologist
    physicist chemist astronomer ecologist geneticist neuroscientist philosopher sociologist anthropologist
    investigator detective prosecutor sheriff deputy cop regulator developer"""
)
"""Persons by what they do or are."""

GROUPS = listed(
    """team group company firm agency department ministry university institute laboratory lab committee panel board
    council commission court campaign government administration party union association foundation coalition
    organization organisation network newspaper magazine outlet watchdog startup"""
)
"""Bodies that speak through persons."""

CAUSING = listed(
    """make let help have get allow ensure watch see cause turn mean keep force enable leave require need become
    win go do begin"""
)
"""Verbs whose clause says what comes about, not what somebody says."""

EXPECTING = listed("expect believe think say know consider see suppose allege rumor rumour report view deem")
"""In the passive: `is expected to`."""

INTENDING = listed(
    """want hope hop plan seek vow promise pledge threaten refuse decline agree offer propose intend expect decide
    like prefer love hate encourage order urge ask aim push demand claim say report wish desire long yearn
    swear commit advise recommend tell call vote"""
)
"""Verbs with an infinitive that states a will, a request or a promise."""

JUDGING = listed(
    """endorse criticize criticise praise oppose reject express discuss announce cite mention question dismiss
    propose denounce blast slam mock prefer tout echo highlight repeat describe defend attack urge accuse
    blame call offer recognize recognise acknowledge condemn emphasize emphasise stress reiterate deny
    declare consider view deem compare portray characterize characterise label dub applaud welcome thank
    congratulate credit reveal recall explain recount lament decry deplore bemoan deride ridicule lambaste
    lambast lampoon assail contradict rebut refute dispute disavow repudiate invoke outline demand request
    advocate want fear hail hint predict voice affirm admit note love chide chant recite remind"""
) | frozenset(
    [
        "refer to", "call for", "call on", "call out", "talk about", "speak about", "speak of", "speak against",
        "speak out", "point to", "point out", "agree with", "disagree with", "comment on", "complain about",
        "complain of", "warn of", "warn about", "warn against", "apologize for", "apologise for", "boast of",
        "boast about", "rail against", "ask for", "ask about", "think about", "think of", "hope for", "hop for",
        "push for", "advocate for", "argue for", "argue against", "allude to", "hint at", "reflect on",
        "object to", "lay out", "rule out", "see as", "view as", "describe as",
        "accuse of", "blame for", "worry about", "care about", "insist on", "opt for", "plead for", "press for",

    ]
)  # fmt: skip
"""Verbs that say how somebody judges, names or treats in words what stands after them."""

CLAIMS = listed(
    """claim argument belief notion idea concern suggestion assertion promise refusal desire hope accusation
    allegation conclusion view opinion fear warning statement report contention insistence pledge vow threat
    demand call request hint sense feeling theory hypothesis prediction expectation speculation rumor rumour
    complaint admission announcement declaration confidence doubt agreement recommendation wish intention"""
)
"""Nouns for what is said, thought or wanted."""

ATTITUDES = listed(
    """confident hopeful worried concerned afraid skeptical sceptical convinced adamant aware optimistic
    pessimistic surprised glad happy proud anxious fearful doubtful sorry grateful thankful clear insistent
    unsure uncertain sure certain wary mindful hesitant reluctant keen determined"""
)
"""Adjectives of being sure, afraid, pleased."""

FINDINGS = DOCUMENTS | listed("analysis data research result finding evidence experiment test figure statistic paper")
"""What shows or suggests something by itself."""

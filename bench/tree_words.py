"""Words of made-up coverage: themes, verbs and circumstances in groups of synonyms, names of people and outlets.

All of it was written for this bench. Development and held-out seeds have different themes.
"""

from random import Random

import attrs

from kb.number_words import listed

Group = tuple[str, ...]
"""Words or phrases that can stand for one another."""


def _groups(given: str) -> tuple[Group, ...]:
    return tuple(tuple(word.strip() for word in group.split("|")) for group in given.split(";"))


THEMES: dict[str, tuple[Group, ...]] = {
    "tides": _groups(
        "the harbour|the port;the sea wall|the embankment;a row of gauges|a string of meters;the old"
        " lighthouse|the beacon on the point;the fishing crews|the trawler men;the salt marsh|the wetland;a flock"
        " of waders|the shore birds;the dredger|the digging barge;the tide tables|the almanac;mussel beds|the"
        " shellfish banks;the ferry pier|the landing stage;a tangle of kelp|masses of seaweed;the pilot boats|the"
        " guiding launches;sand banks|the shoals;the storm surge|the flood;the estuary|the river mouth;"
        "buoys|floating markers;the lock keeper|the man at the gates"
    ),
    "bees": _groups(
        "the hives|the colonies;the keepers|the apiarists;a cloud of drones|a swarm of males;the orchard|the fruit"
        " grove;the queen|the mother bee;wax combs|the cells;the clover field|the meadow;pesticide traces|residues"
        " of sprays;a scale under the box|the balance beneath the crate;nectar|sweet sap;the larvae|the brood;"
        "pollen baskets|the loaded legs;the winter cluster|the huddle in the cold;smoke|fumes from the can;"
        "mites|the parasites;the heather|the moorland bloom;the honey jars|the glasses;the dance floor|the part of"
        " the comb where they dance"
    ),
    "machines": _groups(
        "the programs|the software agents;the test bench|the trial rig;a list of puzzles|a set of riddles;the chat"
        " logs|the transcripts;the rewards|the bonus points;the servers|the computing racks;the supervisor|the"
        " overseer;the graders|the markers;hidden rules|secret instructions;the prompt|the opening request;the"
        " safety board|the oversight panel;the copies|the clones;the passwords|the access keys;errors|slips;the"
        " answers|the replies;the memory files|the stored notes;the switch|the off button;an objection|a"
        " contradiction"
    ),
    "rails": _groups(
        "the night trains|the sleepers;the signal box|the control cabin;the points|the switches;a team of"
        " welders|the track gang;the viaduct|the arched bridge;the timetable|the schedule;the freight yard|the"
        " goods station;the platform clocks|the station dials;the drivers|the people in the cab;brake dust|filings"
        " from the discs;the tunnel|the bore under the hill;the guard|the conductor;empty carriages|unused coaches;"
        "the rails|the steel lines;the passengers|the travellers;the level crossing|the road gates;sleepers of"
        " oak|the wooden ties;the ticket office|the booking hall"
    ),
    "bread": _groups(
        "the bakers|the people at the ovens;the dough|the kneaded mass;a jar of leaven|the starter;the mill|the"
        " grinding house;rye flour|dark meal;the loaves|the finished breads;the cooling racks|the shelves;the"
        " crust|the shell;the school canteens|the pupils' kitchens;the salt|the seasoning;the mixers|the kneading"
        " machines;the tasters|the panel with the forks;old recipes|handwritten instructions;the wheat|the grain;"
        "the yeast|the ferment;the delivery vans|the carriers;crumbs|the leavings;the night shift|the crew before"
        " dawn"
    ),
    "glaciers": _groups(
        "the ice tongue|the snout of the glacier;the drill|the coring tool;the moraine|the ridge of rubble;a chain"
        " of lakes|the meltwater pools;the mountain hut|the refuge;the guides|the people with the ropes;old"
        " photographs|prints from the archive;the snow stakes|the poles;the valley farmers|the growers below;dust"
        " layers|bands of grit;the crevasses|the cracks;the satellites|the eyes in orbit;the cable car|the lift;"
        "the spring melt|the thaw;the boulders|the loose blocks;the reservoirs|the dammed basins;the hikers|the"
        " walkers;the rock face|the wall above"
    ),
}
DEVELOPMENT, HELD_OUT = ("tides", "bees", "machines"), ("rails", "bread", "glaciers")

VERBS = _groups(
    "examined|inspected|studied;collected|gathered|assembled;damaged|harmed|spoiled;repaired|mended|restored;"
    "observed|watched|followed;ignored|overlooked|neglected;replaced|exchanged|swapped;"
    "measured|gauged|surveyed;blocked|stopped|halted;protected|guarded|sheltered;counted|tallied|numbered;"
    "moved|shifted|carried;covered|buried|hid;tested|tried|probed;doubted|questioned|challenged;"
    "supported|backed|favoured;reached|attained|entered;surprised|startled|amazed|astonished;"
    "filled|crowded|packed;cleaned|washed|scrubbed;divided|split|parted;weighed|balanced|compared;"
    "recorded|noted|logged;removed|cleared|discarded;changed|altered|transformed;delayed|slowed|hindered;"
    "described|sketched|outlined;copied|imitated|mimicked;painted|coloured|marked;heated|warmed|scorched"
)
PARTICIPLES = {"hid": "hidden", "split": "split"}
ADJECTIVES = _groups(
    "small|little;strange|odd|curious;narrow|slim;heavy|weighty;quiet|silent|hushed;bright|brilliant;"
    "broken|shattered;early|premature;hidden|concealed;careful|cautious;costly|expensive;patient|forbearing;"
    "noisy|loud;empty|vacant;ancient|age-old;clumsy|awkward;gentle|mild;stubborn|obstinate;distant|remote;"
    "fragile|brittle"
)
NOUNS = _groups(
    "kettle|boiler;ladder|steps;letter|note;meeting|assembly;wager|bet;journey|trip;carpet|rug;quarrel|row;"
    "engine|motor;festival|fair;cellar|basement;attic|loft;garden|plot;lamp|lantern;blanket|cover;bargain|deal;"
    "promise|pledge;rumour|gossip;mistake|error;victory|triumph;defeat|loss;fortune|wealth;illness|ailment;"
    "road|lane;forest|wood;hill|rise;stream|brook;bridge|crossing;village|hamlet;city|town;doctor|physician;"
    "teacher|tutor;lawyer|solicitor;soldier|trooper;sailor|mariner;thief|robber;guest|visitor;child|youngster;"
    "crowd|throng;choir|singers;lesson|class;prize|award;penalty|fine;tax|levy;debt|arrears;wage|pay;"
    "coat|jacket;hat|cap;shoe|boot;knife|blade;hammer|mallet;rope|cord;bucket|pail;basket|hamper;barrel|cask;"
    "bottle|flask;mirror|looking-glass;window|pane;chimney|flue;roof|tiles;fence|railing;gate|barrier;"
    "bench|seat;cupboard|cabinet;drawer|chest;curtain|drape;candle|taper;violin|fiddle;drum|tambour;"
    "whistle|pipe;bell|chime;camera|lens;film|reel;poem|verse;novel|book;newspaper|broadsheet;map|chart;"
    "compass|needle;anchor|mooring;sail|canvas;paddle|oar;wheel|disc;axle|shaft;saddle|harness;stable|stall;"
    "cattle|cows;goat|kid;hare|rabbit;raven|crow;sparrow|finch;beetle|bug;spider|weaver;turnip|swede;"
    "cabbage|kale;onion|shallot;plum|damson;cherry|morello;walnut|nut;cheese|curd;butter|spread;pepper|spice;"
    "sugar|sweetener;coffee|mocha;cider|perry;soup|broth;oven|stove;pan|skillet;fork|prongs;napkin|cloth;"
    "marble|stone;copper|metal;timber|planks;plaster|mortar;gravel|pebbles;clay|loam;frost|rime;fog|mist;"
    "thunder|storm;drought|dry spell;harvest|crop;wedding|marriage;funeral|burial;birthday|anniversary;"
    "election|vote;treaty|pact;strike|walkout;parade|procession;siege|blockade;petition|appeal;ballot|poll;"
    "verdict|ruling;sermon|homily;riddle|puzzle;joke|jest;dream|vision;habit|custom;secret|mystery;signal|sign;"
    "alarm|siren;ticket|pass;parcel|package;stamp|seal;envelope|cover;ribbon|band;button|stud;"
    "needlework|embroidery;wool|yarn;leather|hide;silk|satin;paint|varnish;brush|broom;sponge|swab;soap|lather;"
    "towel|wipe"
)
"""Everyday things for the circumstances: with them, few circumstances are the same."""
CIRCUMSTANCES = _groups(
    "during the {a} {w}|in the course of the {a} {w};thanks to a {a} {w}|owing to one {a} {w};next to the {w}"
    " and the {x}|beside a {w} and its {x};without a {w} or {x}|lacking both {w} and {x};long before the {w}"
    " of the {x}|ages ahead of the {x}'s {w};despite the {a} {w}|in the teeth of a {a} {w};for a {w} and half"
    " a {x}|in exchange for one {w} and some {x};as if a {w} had met a {x}|like a {w} that runs into a {x};"
    "between the {w} and the {x}|midway from {w} to {x};whenever the {w} was {a}|at times of {a} {w};under a"
    " {a} {w}|beneath some {a} {w};after the {w} had ruined the {x}|once the {x} was spoiled by the {w};"
    "instead of a {a} {w}|in place of any {a} {w};on account of the {x} in the {w}|because a {w} held some {x}"
)
OPENINGS: Group = (
    "{s} {v} {o} {c}.",
    "{C}, {s} {v} {o}.",
    "It was {s} that {v} {o} {c}.",
    "{O} had been {p} by {s} {c}.",
    "According to the team, {s} {v} {o} {c}.",
    "{C}, as it turned out, {o} had been {p} by {s}.",
    "What {s} {v} {c} was {o}.",
    "Few expected it, but {s} {v} {o} {c}.",
    "{S}, so the notes say, {v} {o} {c}.",
    "There is a record that {s} {v} {o} {c}.",
)
"""Frames of a sentence: subject, verb, object, circumstance, participle; capitals where they open it."""

SAID: Group = ("“{q},” {name} said.", "{name} put it this way: “{q}.”", "“{q},” said {name}.", "Said {name}: “{q}.”")
TOLD: Group = ("“{q},” {name} told {outlet}.", "Speaking to {outlet}, {name} said: “{q}.”")
REMARKS: Group = (
    "We thought that {o} would {x}, and then {s} {v} it all {c}",
    "Nobody in the group believed at first that {s} {v} {o} {c}",
    "You look at {o} for years, and one day you see how {s} {v} it",
    "I would not say that {s} {v} {o}, but it comes close to that",
    "If {s} had not {v} {o} {c}, we would still be guessing",
    "People ask me whether {s} {v} {o}, and I tell them to come and look",
)
INFINITIVES: Group = ("hold", "last", "matter", "stay", "fail", "return")
UNITS: Group = ("visits", "samples", "nights", "crates", "trials", "letters", "metres", "kilos", "voters", "steps")

_START = listed("Bra Cor Dul Fen Gar Hol Kel Lor Mar Nor Pel Quin Ros Sel Tam Ul Ver Wen Yar Zet Al Ben")
_END = listed("ton mere low wick by stead ham field more gate ford den ley worth combe dale croft thorpe")
_SYLLABLES = listed("bro cal dri fen gos hul kri lam mur nep ost pra rill sto tor vex wim zan eld ith")
_TERM_ENDS = listed("ine ate ule ity oid ism er ium ax on")
_FIRST = listed(
    "Ada Bram Clara Dario Edda Felix Greta Hugo Ines Jonas Kira Lukas Mona Nils Olga Piet Rosa Sven Tilda Udo"
)
_PAPERS = listed("Post Gazette Herald Courier Chronicle Observer Tribune Ledger Examiner Bulletin Dispatch Register")


@attrs.frozen
class Lexicon:
    """The words that one study's coverage is made of."""

    things: tuple[Group, ...]
    """Those of the study's own theme come several times."""
    jargon: tuple[str, ...]
    """Terms of its trade, the common ones first; nobody has other words for them."""

    @classmethod
    def drawn(cls, random: Random, held_out: bool) -> "Lexicon":
        names = HELD_OUT if held_out else DEVELOPMENT
        own = THEMES[random.choice(names)]
        others = [group for name in names for group in THEMES[name]]
        return cls((*random.sample(own, len(own) - 2) * 3, *others), tuple(term(random) for _ in range(2000)))

    def term(self, random: Random) -> str:
        """A few are everywhere, most are rare."""
        return self.jargon[min(len(self.jargon) - 1, int(random.paretovariate(0.5)) - 1)]


def term(random: Random) -> str:
    """
    >>> term(Random(1)).islower()
    True
    """
    return "".join(random.choice(_SYLLABLES) for _ in range(random.randint(2, 3))) + random.choice(_TERM_ENDS)


def place(random: Random) -> str:
    return random.choice(_START) + random.choice(["", "", "a", "e", "in"]) + random.choice(_END)


def person(random: Random) -> str:
    return f"{random.choice(_FIRST)} {place(random)}"


def outlets(random: Random, count: int, agencies: int) -> list[str]:
    """Different names; the last `agencies` of them are agencies'."""
    found: dict[str, None] = {}
    while len(found) < count:
        kind = random.choice(_PAPERS) if len(found) < count - agencies else "Newswire"
        found[f"{place(random)} {kind}"] = None
    return list(found)

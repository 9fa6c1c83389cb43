"""Keeps the full-text index over wordings in step with them: SQLite's FTS5 by triggers; PostgreSQL's tsvector as a
generated column with a GIN index, and how many wordings have a word by triggers.

Asking it is kb.lexical's and kb.tsvector's, which need a plain connection alone.
"""

from contextlib import closing
from itertools import zip_longest

import sqlalchemy as sa

from kb.errors import DataError, UserError
from kb.lexical import TOKENS
from kb.store import RecordStore

_MAKE = (
    "CREATE VIRTUAL TABLE wording_fts USING fts5("
    f"wording, content='wordings', content_rowid='number', tokenize='{TOKENS}')",
    "CREATE TRIGGER wording_fts_add AFTER INSERT ON wordings BEGIN "
    "INSERT INTO wording_fts(rowid, wording) VALUES (new.number, new.wording); END",
    "CREATE TRIGGER wording_fts_drop AFTER DELETE ON wordings BEGIN "
    "INSERT INTO wording_fts(wording_fts, rowid, wording) VALUES ('delete', old.number, old.wording); END",
)
_KEYS = "config k, data id, docsize id, idx segid+term"
"""The keys of the tables in which FTS5 keeps an index (sqlite.org/fts5.html, appendix A): without, it doubles rows."""
_KEYS_OF = (
    "SELECT group_concat(told, ', ') FROM (SELECT substr(m.name, 13) || ' ' || group_concat(c.name, '+') AS told "
    "FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.name LIKE 'wording\\_fts\\_%' ESCAPE '\\' "
    "AND m.type = 'table' AND c.pk > 0 GROUP BY m.name ORDER BY m.name)"
)
# An index of the same wordings made anew, in memory, and every place of every word in both. FTS5's own check adds up
# numbers: one letter that changes in two places at once may leave the sum as it was.
_MAKE_TWIN = (
    f"CREATE VIRTUAL TABLE temp.wording_twin USING fts5(wording, content='', tokenize='{TOKENS}')",
    "INSERT INTO wording_twin(rowid, wording) SELECT number, wording FROM wordings",
    "CREATE VIRTUAL TABLE temp.wording_twin_places USING fts5vocab('temp', 'wording_twin', 'instance')",
    "CREATE VIRTUAL TABLE temp.wording_places USING fts5vocab('main', 'wording_fts', 'instance')",
)
_DROP_TWIN = tuple(
    f"DROP TABLE IF EXISTS temp.{name}" for name in ("wording_places", "wording_twin_places", "wording_twin")
)
_DROP = (
    "DROP TRIGGER IF EXISTS wording_fts_add",
    "DROP TRIGGER IF EXISTS wording_fts_drop",
    "DROP TABLE IF EXISTS wording_fts",
)
_DROP_TSVECTOR = (
    "DROP TRIGGER IF EXISTS wording_words_add ON wordings",
    "DROP TRIGGER IF EXISTS wording_words_drop ON wordings",
    "DROP TABLE IF EXISTS wording_words, wording_totals",
    "ALTER TABLE wordings DROP COLUMN IF EXISTS words, DROP COLUMN IF EXISTS length",
)

# Like FTS5's `porter unicode61 remove_diacritics 2`: small letters without accents, whatever is neither letter nor
# digit parts words, Porter's stems, no stop words. PostgreSQL's own configurations leave stop words out of phrases,
# and its parser takes addresses and hyphens for words, so it is given plain words only.
_POSTGRES = (
    # FTS5 leaves words of two letters as they are, and knows `bli` and `logi` as endings; PostgreSQL's Porter does not.
    r"""CREATE OR REPLACE FUNCTION retold_words(wording text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(regexp_replace(btrim(regexp_replace(regexp_replace(normalize(
    lower(left(wording, 250000) COLLATE "und-x-icu"), NFD), '[\u0300-\u036f]', '', 'g') COLLATE "und-x-icu",
    '[^[:alnum:]]+', ' ', 'g')), '\m([^ ]s|[aeiou]y)\M', '\10', 'g'),
    '\m([^ ]*[aeiouy][^aeiouy ][^ ]*)log(y|ies)\M', '\1log', 'g'),
    '\m([^ ]*[aeiouy][^aeiouy ]+[^ ]*)bl(y|ies)\M', '\1ble', 'g')""",
    "DROP TEXT SEARCH CONFIGURATION IF EXISTS retold",
    "DROP TEXT SEARCH DICTIONARY IF EXISTS retold_stem",
    "CREATE TEXT SEARCH DICTIONARY retold_stem (TEMPLATE = snowball, LANGUAGE = porter)",
    "CREATE TEXT SEARCH CONFIGURATION retold (PARSER = default)",
    "ALTER TEXT SEARCH CONFIGURATION retold ADD MAPPING FOR "
    "asciiword, word, numword, int, uint, float, sfloat, version WITH retold_stem",
    "ALTER TABLE wordings ADD COLUMN words tsvector GENERATED ALWAYS AS "
    "(to_tsvector('retold', retold_words(wording))) STORED, ADD COLUMN length integer GENERATED ALWAYS AS "
    "(COALESCE(cardinality(string_to_array(NULLIF(retold_words(wording), ''), ' ')), 0)) STORED",
    "CREATE INDEX wording_fts ON wordings USING gin (words)",
    # To count the wordings that a word is in, PostgreSQL fetches each of them, which took longer than the ranking.
    """CREATE TABLE wording_words (word text COLLATE "C" PRIMARY KEY, wordings bigint NOT NULL)""",
    "CREATE TABLE wording_totals (wordings bigint NOT NULL, words bigint NOT NULL)",
    "INSERT INTO wording_words SELECT word, ndoc FROM ts_stat('SELECT words FROM wordings')",
    "INSERT INTO wording_totals SELECT count(*), coalesce(sum(length), 0) FROM wordings",
    # In the order of the words: two writers would else wait for one another.
    """CREATE OR REPLACE FUNCTION wording_words_add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO wording_words AS held SELECT lexeme, count(*) FROM those, unnest(words) GROUP BY lexeme ORDER BY lexeme
    ON CONFLICT (word) DO UPDATE SET wordings = held.wordings + excluded.wordings;
    UPDATE wording_totals held SET wordings = held.wordings + told.wordings, words = held.words + told.words
    FROM (SELECT count(*) AS wordings, sum(length) AS words FROM those) told WHERE told.wordings > 0;
    RETURN NULL; END $$""",
    """CREATE OR REPLACE FUNCTION wording_words_drop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE wording_words held SET wordings = held.wordings - told.wordings
    FROM (SELECT lexeme, count(*) AS wordings FROM those, unnest(words) GROUP BY lexeme) told WHERE word = lexeme;
    DELETE FROM wording_words WHERE wordings <= 0;
    UPDATE wording_totals held SET wordings = held.wordings - told.wordings, words = held.words - told.words
    FROM (SELECT count(*) AS wordings, sum(length) AS words FROM those) told WHERE told.wordings > 0;
    RETURN NULL; END $$""",
    "CREATE TRIGGER wording_words_add AFTER INSERT ON wordings REFERENCING NEW TABLE AS those "
    "FOR EACH STATEMENT EXECUTE FUNCTION wording_words_add()",
    "CREATE TRIGGER wording_words_drop AFTER DELETE ON wordings REFERENCING OLD TABLE AS those "
    "FOR EACH STATEMENT EXECUTE FUNCTION wording_words_drop()",
)
"""The text: no wording comes near 250,000 characters, and a tsvector of more than a megabyte is refused."""

_STALE = (
    "SELECT count(*) FROM wordings WHERE words IS DISTINCT FROM to_tsvector('retold', retold_words(wording))",
    "SELECT count(*) FROM wording_words held FULL JOIN ts_stat('SELECT words FROM wordings') told USING (word) "
    "WHERE held.wordings IS DISTINCT FROM told.ndoc",
    "SELECT count(*) FROM (SELECT count(*) AS wordings, coalesce(sum(length), 0) AS words FROM wordings) told "
    "FULL JOIN wording_totals held USING (wordings, words) WHERE told.words IS NULL OR held.words IS NULL",
)
"""How many rows are not what the wordings say."""


def make_fulltext(store: RecordStore) -> None:
    """Index the wordings of a record store where they are not; from then on the index follows them by itself."""
    on_server = store.engine.dialect.name == "postgresql"
    with store.engine.connect() as connection:
        ready = _whole(connection)
    if not ready:
        (_make_tsvector if on_server else _make)(store.engine)


def damage(store: RecordStore) -> str | None:
    """What is wrong with the index, where it was made: it must know every wording and nothing else."""
    with store.engine.connect() as connection:
        if not _whole(connection):
            return None  # the next search makes it
        if connection.dialect.name == "postgresql":
            others, counts, totals = (connection.exec_driver_sql(each).scalar_one() for each in _STALE)
            if others:
                return f"{others} wordings are indexed as others"
            return f"{counts + totals} counts of words are not those of the wordings" if counts or totals else None
        made = "SELECT sql FROM sqlite_master WHERE name IN ('wording_fts', 'wording_fts_add', 'wording_fts_drop')"
        keys = connection.exec_driver_sql(_KEYS_OF).scalar_one()
        if sorted(connection.exec_driver_sql(made).scalars()) != sorted(_MAKE) or keys != _KEYS:
            return "it is not as it was made"
        try:
            _check_sums(connection)
            return None if _is_as_made_anew(connection) else "it holds other words than the wordings"
        except (DataError, sa.exc.DatabaseError) as error:
            return f"it does not answer to the wordings ({type(error.__cause__ or error).__name__})"


def _check_sums(connection: sa.Connection) -> None:
    """FTS5's own check, as an error; rank 1: against the wordings too, not in itself alone."""
    try:
        connection.exec_driver_sql("INSERT INTO wording_fts(wording_fts, rank) VALUES ('integrity-check', 1)")
    except UserError as error:
        if "readonly" not in str(error):  # on a disk that is read only it cannot be asked
            raise
    finally:
        connection.rollback()


def _is_as_made_anew(connection: sa.Connection) -> bool:
    try:
        for statement in (*_DROP_TWIN, *_MAKE_TWIN):
            connection.exec_driver_sql(statement)
        places = "SELECT term, group_concat(doc || ' ' || offset) FROM {} GROUP BY term"
        with (
            closing(connection.exec_driver_sql(places.format("wording_places"))) as held,
            closing(connection.exec_driver_sql(places.format("wording_twin_places"))) as made,
        ):
            return all(one == other for one, other in zip_longest(held, made))
    finally:
        for statement in _DROP_TWIN:
            connection.exec_driver_sql(statement)
        connection.commit()  # temporary tables alone: the connection goes back to where others take it


def drop_fulltext(store: RecordStore) -> None:
    """Take the index away; `make_fulltext` makes it anew."""
    statements = _DROP_TSVECTOR if store.engine.dialect.name == "postgresql" else _DROP
    with store.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _make(engine: sa.Engine) -> None:
    """Index what is there. All of it or nothing: with a schema change the triggers go, and entries grow stale."""
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if _whole(connection):
            return
        for statement in (*_DROP, *_MAKE, "INSERT INTO wording_fts(wording_fts) VALUES ('rebuild')"):
            connection.exec_driver_sql(statement)


def _make_tsvector(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('retold indexes ' || current_schema()))")
        if _whole(connection):
            return
        for statement in (*_DROP_TSVECTOR, *_POSTGRES):
            connection.exec_driver_sql(statement)


def _whole(connection: sa.Connection) -> bool:
    if connection.dialect.name == "postgresql":
        return bool(
            connection.execute(
                sa.text("SELECT to_regclass('wording_fts') IS NOT NULL AND to_regclass('wording_words') IS NOT NULL")
            ).scalar_one()
        )
    count = "SELECT count(*) FROM sqlite_master WHERE name IN ('wording_fts', 'wording_fts_add', 'wording_fts_drop')"
    return bool(connection.execute(sa.text(count)).scalar_one() == len(_MAKE))

"""Wordings with their vectors in PostgreSQL: what it takes to write, hold and search them, beside bare psycopg."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from bench.processes import Processes, parent, rates, spent
from bench.search_sizes import POOL, timed
from kb import postgres
from kb.connections import connect
from kb.fulltext import make_fulltext
from kb.records import Embedding
from kb.stages import EMBED_PORTION
from kb.store import RecordStore
from kb.tsvector import lexical_index

AN_ARTICLE = 55
"""Wordings of an article (docs/scale.md): what the build commits at once of them."""

BESIDE = 10_000
"""Wordings that are written after the full-text index was made, by which they are then indexed at once."""

FEW = 20
"""Queries that PostgreSQL's own ranking is asked: at a million one takes it seconds."""

_TOOL = "tool:0123456789abcdef0123456789abcdef"
_SEAL = "0123456789abcdef"
_BARE = (
    'CREATE TABLE wordings(number bigserial PRIMARY KEY, words_sha256 text COLLATE "C" NOT NULL UNIQUE, '
    'wording text COLLATE "C" NOT NULL, seal text COLLATE "C")',
    'CREATE TABLE embeddings(words_sha256 text COLLATE "C", tool text COLLATE "C", vector bytea NOT NULL, '
    'seal text COLLATE "C", PRIMARY KEY (words_sha256, tool))',
)
"""The same columns and indexes as in the record store."""

_TS_RANK = """
SELECT number FROM wordings, (SELECT string_agg('''' || lexeme || '''', '|')::tsquery AS asked
FROM unnest(to_tsvector('retold', retold_words(:query)))) q
WHERE words @@ asked ORDER BY ts_rank(words, asked) DESC LIMIT :k
"""

Rows = Sequence[tuple[Any, ...]]


def records(server: str, wordings: Mapping[str, str], vectors: Any, queries: Sequence[str]) -> dict[str, Any]:
    """Rows a second and bytes of the record store's own way and of bare psycopg's, and milliseconds of a search.

    `server`: address of a database on this machine that may be filled, without options; ours stays in it.
    """
    made = f"{server}?options=-csearch_path=bench_{len(wordings)}_{time.time_ns()}"
    with postgres.connect(server) as connection:
        (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        cluster = parent(backend)
        figures: dict[str, Any] = {"wordings": len(wordings), "numbers": int(vectors.shape[1])}
        for name, fill in (("insert", _insert), ("copy", _copy)):
            figures[f"bare {name}"] = _bare(connection, fill, cluster, wordings, vectors)
    later = dict(list(wordings.items())[-min(BESIDE, len(wordings) // 5) :])
    with RecordStore.open(made) as store, postgres.connect(made) as connection:
        first = [item for item in wordings.items() if item[0] not in later]
        figures["ours"] = _ours(store, connection, cluster, first, vectors)
        figures["full text"] = _fulltext(store, made, connection, cluster, queries)
        with spent(cluster) as cost:
            _commit_wordings(store, list(later.items()))
        figures["full text"]["written beside it"] = rates(cost, len(later))
        figures["server_memory_mb"] = round(cluster.memory() / 1e6)
    return figures


def _ours(
    store: RecordStore, connection: Any, cluster: Processes, wordings: Sequence[tuple[str, str]], vectors: Any
) -> dict[str, Any]:
    with spent(cluster) as words:
        _commit_wordings(store, wordings)
    with spent(cluster) as numbers:
        for start, portion in _portions(wordings, EMBED_PORTION):
            embedded = (
                Embedding(words_sha256=digest, tool=_TOOL, vector=vector)
                for (digest, _), vector in zip(portion, vectors[start:], strict=False)
            )
            store.commit(None, list(embedded))
    return _told(connection, words, numbers, len(wordings))


def _commit_wordings(store: RecordStore, wordings: Sequence[tuple[str, str]]) -> None:
    for _, portion in _portions(wordings, AN_ARTICLE):
        store.commit(None, [], dict(portion))


def _bare(
    connection: Any,
    fill: Callable[[Any, str, Sequence[str], Rows, int], None],
    cluster: Processes,
    wordings: Mapping[str, str],
    vectors: Any,
) -> dict[str, Any]:
    """What filling the same tables takes in a schema that is dropped again."""
    connection.execute("CREATE SCHEMA bench_bare")
    connection.execute("SET search_path = bench_bare")
    for statement in _BARE:
        connection.execute(statement)
    words = [(digest, wording, _SEAL) for digest, wording in wordings.items()]
    with spent(cluster) as first:
        fill(connection, "wordings", ("words_sha256", "wording", "seal"), words, AN_ARTICLE)
    numbers = [(digest, _TOOL, row, _SEAL) for digest, row in zip(wordings, vectors, strict=True)]
    with spent(cluster) as second:
        fill(connection, "embeddings", ("words_sha256", "tool", "vector", "seal"), numbers, EMBED_PORTION)
    figures = _told(connection, first, second, len(wordings))
    connection.execute("DROP SCHEMA bench_bare CASCADE")
    return figures


def _insert(connection: Any, table: str, names: Sequence[str], rows: Rows, at_once: int) -> None:
    """Row by row, in transactions as large as ours."""
    statement = f"INSERT INTO {table}({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
    for _, portion in _portions(rows, at_once):
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(f"{statement} ON CONFLICT DO NOTHING", [_sent(row) for row in portion])


def _copy(connection: Any, table: str, names: Sequence[str], rows: Rows, _: int) -> None:
    """All in one: the least that it takes, and nothing that a build could do."""
    statement = f"COPY {table}({', '.join(names)}) FROM STDIN WITH (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement) as copying:
        copying.set_types(["bytea" if name == "vector" else "text" for name in names])
        for row in rows:
            copying.write_row(_sent(row))


def _sent(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.tobytes() if hasattr(value, "tobytes") else value for value in row)


def _told(connection: Any, words: dict[str, float], numbers: dict[str, float], count: int) -> dict[str, Any]:
    both = {name: round(words[name] + numbers[name], 2) for name in words}
    sizes = {name: _bytes(connection, name) for name in ("wordings", "embeddings")}
    return {
        "wordings": rates(words, count),
        "vectors": rates(numbers, count),
        "both": rates(both, count),
        "disk_mb": {name: round(size / 1e6, 1) for name, size in sizes.items()},
        "bytes_a_wording": round(sum(sizes.values()) / count),
    }


def _bytes(connection: Any, table: str) -> int:
    """With indexes and what lies outside of the rows."""
    return int(connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()[0])


def _fulltext(
    store: RecordStore, url: str, connection: Any, cluster: Processes, queries: Sequence[str]
) -> dict[str, Any]:
    """Our BM25, and PostgreSQL's own ranking by the same index: any of the words, by `ts_rank`."""
    before = _bytes(connection, "wordings")
    with spent(cluster) as made:
        make_fulltext(store)
    size = _bytes(connection, "wordings") - before
    connection.execute("VACUUM (ANALYZE) wordings")
    with closing(connect(url, Path())) as plain:
        ours = searched(queries, partial(lexical_index(plain).best, k=POOL), cluster)
        ranked = searched(queries[:FEW], lambda query: list(plain.rows(_TS_RANK, {"query": query, "k": POOL})), cluster)
    return {"made": made, "disk_mb": round(size / 1e6, 1), "ours": ours, f"ts_rank, {FEW} queries": ranked}


def searched(queries: Sequence[str], ask: Callable[[str], Any], cluster: Processes | None) -> dict[str, float]:
    """Milliseconds by the clock, and on both sides' processors together."""
    with spent(cluster) as cost:
        figures = timed(queries, ask)[0]
    asked = len(queries) + min(10, len(queries))  # those that go before to warm up
    cpu = 1e3 * (cost["client_cpu_s"] + cost["server_cpu_s"]) / asked
    return {name: figures[name] for name in ("wall_p50_ms", "wall_p95_ms")} | {"cpu_mean_ms": round(cpu, 2)}


def _portions(rows: Sequence[Any], size: int) -> Iterator[tuple[int, Sequence[Any]]]:
    return ((start, rows[start : start + size]) for start in range(0, len(rows), size))

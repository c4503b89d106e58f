"""All tables. The same definitions serve SQLite and PostgreSQL; migrations/ is how a database gets there.

Times are seconds since the epoch as doubles, from the server's clock. JSON columns hold what is
read as a whole and never searched.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column(
        "key", String(64), primary_key=True
    ),  # corpus_generation: counts changes of the corpus; edition_changes:N: a list of changes
    Column("value", Text, nullable=False),
)

# -- corpus: acts ⊃ documents ⊃ editions ⊃ provisions (DESIGN §2) ------------------------------------

act = Table(
    "act",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("type", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("number", String(60), nullable=False),
    Column("date", Date),
    Column("status", String(16), nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("id", String(130), primary_key=True),  # the act's id, or `gk-1` for part 1 of a code in parts
    Column("act_id", ForeignKey("act.id"), nullable=False, index=True),
    Column("part", Integer, nullable=False, default=0),
    Column("title", Text, nullable=False),
    Column("number", String(60), nullable=False),  # a part's own number: ГК part 3 is 146-ФЗ
    Column("date", Date),
)

edition = Table(
    "edition",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False),
    Column("edition_date", Date),
    Column("in_force_from", Date),
    Column("in_force_to", Date),
    Column("source_name", Text, nullable=False),
    Column("source_sha256", String(64), nullable=False, index=True),
    Column("articles", Integer, nullable=False),
    Column("ingested_at", Double, nullable=False),
    Column("complete", Boolean, nullable=False),  # false until its last provision is stored; readers skip it
    UniqueConstraint("document_id", "edition_date"),
)

provision = Table(
    "provision",
    metadata,
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("address", String(200), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("number", String(40), nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("parent", Integer, nullable=False),  # ordinal of the enclosing provision, -1 at the top
    Column("repealed", Boolean, nullable=False),
    Index(None, "edition_id", "address"),
)

# -- conversations: a tree of messages -----------------------------------------------------------

conversation = Table(
    "conversation",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("leaf", String(64)),  # message shown last; a follow-up question hangs below it
    Column("metadata", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("deleted_at", Double, index=True),  # put aside by its owner; erased for good a while later
    Index(None, "owner", "updated_at"),
)

message = Table(
    "message",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False, index=True),
    Column("parent", String(64)),
    Column("role", String(16), nullable=False),  # user | assistant
    Column("text", Text, nullable=False),  # an assistant's text is written here when its run ends
    Column("run", String(64), index=True),
    Column("created_at", Double, nullable=False),
)

# -- runs and their event log ------------------------------------------------------------------------

run = Table(
    "run",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(80), nullable=False),  # name of the key, or `local`
    Column("conversation", String(64), index=True),
    Column("question_message", String(64)),
    Column("answer_message", String(64)),
    Column("continues", String(64)),  # the incomplete run that this one goes on with
    Column("idempotency_key", String(255)),
    Column("request_hash", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # queued | in_progress | completed | failed | incomplete | cancelled
    Column("reason", String(40)),  # code of a failure, or why incomplete
    Column("error_message", Text),
    Column("attempt", Integer, nullable=False, default=0),
    Column("worker", String(64)),
    Column("lease_until", Double),
    Column("spent", Double, nullable=False, default=0.0),  # seconds spent generating, over all attempts
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("detached", Boolean, nullable=False, default=True),  # false: dies with its reader (chat completions)
    Column("reader_seen", Double),  # last sign of a reader, for runs that are not detached
    Column("last_seq", Integer, nullable=False, default=-1),
    Column("packed", Boolean, nullable=False, default=False),
    Column("input_tokens", Integer, nullable=False, default=0),
    Column("output_tokens", Integer, nullable=False, default=0),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("first_text_at", Double),
    Column("finished_at", Double),
    UniqueConstraint("owner", "idempotency_key"),
    Index(None, "status", "created_at"),
    Index(None, "finished_at"),
    Index(None, "status", "finished_at", "reason", "created_at"),  # statistics; no flush touches any of them
    Index(None, "owner", "status"),
)

# Apart from `run`, whose row every flush writes anew: SQLite would copy all this each time.
run_content = Table(
    "run_content",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("request", JSON, nullable=False),  # what was asked: see answers.model.Request
    Column("context", JSON),  # frozen before the first text: sources, prompt version, seed, fingerprint
)

event = Table(
    "event",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  # the JSON exactly as it goes over the wire
    sqlite_with_rowid=False,
)

event_block = Table(
    "event_block",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),  # all events of a finished run, compressed
)

run_token = Table(
    "run_token",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),  # of the first event of the same flush
    Column("characters", Integer, nullable=False),  # of the answer that the ids stand for
    Column("ids", LargeBinary, nullable=False),  # the model's tokens, four bytes each, little-endian
    sqlite_with_rowid=False,
)

feedback = Table(
    "feedback",
    metadata,
    Column("run", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),  # erased with its run
    Column("rating", String(8), nullable=False),  # up | down
    Column("reason", String(20)),
    Column("comment", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index(None, "created_at"),
)

session = Table(
    "session",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("key_name", String(80), nullable=False),
    Column("key_sha256", String(64), nullable=False),  # a session dies with its key
    Column("expires_at", Double, nullable=False),
)

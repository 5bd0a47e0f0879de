// The tables of a store.
#pragma once

namespace skein::trace {

inline constexpr int application_id = 0x534B5452;  // "SKTR", in the file's header
inline constexpr int schema_version = 3;
// Without cost and unpriced. Who only reads such a store works them out; a writer brings it up.
inline constexpr int version_without_costs = 2;

// Before the first table: what cannot be changed afterwards.
inline constexpr auto pragmas_of_new_file =
    "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;";
inline constexpr auto pragmas_of_writer =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=OFF;"
    "PRAGMA cache_size=-32000; PRAGMA wal_autocheckpoint=2000; PRAGMA temp_store=MEMORY;";

// Spans know their trace and their origin by number; the view `spans` is what people query. Of a
// cumulative series (slot 0) the last point is kept, of others each (slot: its time). A cost is in
// picodollars.
inline constexpr auto schema = R"sql(
CREATE TABLE trace_rows(
  id INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  service TEXT NOT NULL,
  conversation TEXT NOT NULL,
  root_start INTEGER,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  spans INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  cost INTEGER NOT NULL DEFAULT 0,
  unpriced INTEGER NOT NULL DEFAULT 0);
CREATE INDEX traces_by_start ON trace_rows(start);
CREATE INDEX traces_by_stored ON trace_rows(stored);
CREATE INDEX traces_by_conversation ON trace_rows(conversation) WHERE conversation <> '';
CREATE TABLE origins(
  id INTEGER PRIMARY KEY,
  resource TEXT NOT NULL,
  scope_name TEXT NOT NULL,
  scope_version TEXT NOT NULL,
  UNIQUE(resource, scope_name, scope_version));
CREATE TABLE span_rows(
  id INTEGER PRIMARY KEY,
  trace INTEGER NOT NULL,
  span_id TEXT NOT NULL,
  parent_span_id TEXT,
  parent_is_remote INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  status INTEGER NOT NULL,
  status_message TEXT,
  operation TEXT,
  provider TEXT,
  model TEXT,
  agent TEXT,
  tool TEXT,
  error_type TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  attributes TEXT NOT NULL,
  events TEXT,
  links TEXT,
  origin INTEGER NOT NULL);
CREATE UNIQUE INDEX spans_of_trace ON span_rows(trace, span_id);
CREATE TABLE metric_rows(
  id INTEGER PRIMARY KEY,
  origin INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  temporality INTEGER NOT NULL,
  attributes TEXT NOT NULL,
  start INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  time INTEGER NOT NULL,
  count INTEGER NOT NULL,
  sum REAL NOT NULL,
  stored INTEGER NOT NULL);
CREATE UNIQUE INDEX metric_series ON metric_rows(origin, name, attributes, start, temporality, slot);
CREATE INDEX metrics_by_stored ON metric_rows(stored);
CREATE VIEW traces AS SELECT trace_id, name, service, nullif(conversation, '') AS conversation,
  start, end, (end - start) / 1e9 AS seconds, datetime(start / 1000000000, 'unixepoch') AS started,
  spans, errors, input_tokens, output_tokens FROM trace_rows;
CREATE VIEW spans AS SELECT t.trace_id, s.span_id, s.parent_span_id, s.name,
  CASE s.kind WHEN 0 THEN 'internal' WHEN 1 THEN 'server' WHEN 2 THEN 'client'
    WHEN 3 THEN 'producer' ELSE 'consumer' END AS kind,
  s.start, s.end, (s.end - s.start) / 1e9 AS seconds,
  CASE s.status WHEN 0 THEN 'unset' WHEN 1 THEN 'ok' ELSE 'error' END AS status,
  s.status_message, s.operation, s.provider, s.model, s.agent, s.tool, s.error_type,
  s.input_tokens, s.output_tokens, s.attributes, s.events, s.links,
  o.resource, o.scope_name, o.scope_version
  FROM span_rows s JOIN trace_rows t ON t.id = s.trace JOIN origins o ON o.id = s.origin;
CREATE VIEW metrics AS SELECT m.name,
  CASE m.kind WHEN 0 THEN 'gauge' WHEN 1 THEN 'counter' WHEN 2 THEN 'up_down_counter'
    WHEN 3 THEN 'histogram' ELSE 'summary' END AS kind,
  CASE m.temporality WHEN 1 THEN 'delta' WHEN 2 THEN 'cumulative' ELSE 'unspecified' END
    AS temporality,
  m.start, m.time, m.count, m.sum, m.attributes, o.resource, o.scope_name, o.scope_version
  FROM metric_rows m JOIN origins o ON o.id = m.origin;
)sql";

}  // namespace skein::trace

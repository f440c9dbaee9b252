// The tables of one account's object. Amounts are whole nano-dollars within ±2^53: the platform's SQLite rounds silently
// beyond. The log is append-only by trigger; holds lie in one table per day, so that forgetting a day is one DROP.

/** An erasure alone lifts the first for its transaction (erasure-store.ts). */
export const entryTriggers = {
  isNeverChanged: `CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;`,
  isNeverDeleted: `CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;`,
}

/** Written by `create` alone. */
export const accountTables = `
CREATE TABLE entry (
  seq INTEGER PRIMARY KEY CHECK (seq >= 1),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  amount_nano_usd INTEGER NOT NULL CHECK (abs(amount_nano_usd) <= 9007199254740991),
  balance_after_nano_usd INTEGER NOT NULL CHECK (abs(balance_after_nano_usd) <= 9007199254740991),
  created_at_ms INTEGER NOT NULL,
  key_number INTEGER,
  detail TEXT NOT NULL
) STRICT;
${entryTriggers.isNeverChanged}
${entryTriggers.isNeverDeleted}
CREATE INDEX entry_reversal ON entry (reference) WHERE kind = 'reversal';
CREATE TABLE reference (
  scope TEXT NOT NULL,
  reference TEXT NOT NULL,
  seq INTEGER NOT NULL,
  said TEXT NOT NULL,
  PRIMARY KEY (scope, reference)
) STRICT, WITHOUT ROWID;
CREATE TABLE keeping (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

export function holdTable(day: number): string {
  return `hold_${day}`
}

/** Answers under an Idempotency-Key, beside the holds of their day. */
export function answerTable(day: number): string {
  return `answer_${day}`
}

export function createHoldTable(day: number): string {
  return `
CREATE TABLE IF NOT EXISTS ${holdTable(day)} (
  call_id TEXT PRIMARY KEY,
  outcome TEXT NOT NULL CHECK (outcome IN ('open', 'released', 'expired', 'late')),
  key_number INTEGER NOT NULL,
  model TEXT NOT NULL,
  end_user TEXT,
  held_nano_usd INTEGER NOT NULL CHECK (held_nano_usd BETWEEN 0 AND 9007199254740991),
  slice_nano_usd INTEGER NOT NULL CHECK (slice_nano_usd BETWEEN 0 AND 9007199254740991),
  pins TEXT NOT NULL,
  token_cover TEXT NOT NULL,
  checkpoint_nano_usd INTEGER NOT NULL CHECK (checkpoint_nano_usd BETWEEN 0 AND 9007199254740991),
  beat_n INTEGER NOT NULL,
  beat_at_ms INTEGER NOT NULL,
  admitted_at_ms INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  after_seq INTEGER NOT NULL,
  charged_nano_usd INTEGER NOT NULL CHECK (abs(charged_nano_usd) <= 9007199254740991)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ${answerTable(day)} (
  call_id TEXT PRIMARY KEY,
  content_type TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
}

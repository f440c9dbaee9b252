// The rows of an erasure in the object's SQLite, inside the caller's transaction: texts that people wrote and answers that
// were kept go. The one place that changes a written entry, and only what the hash chain leaves out.

import { personalTexts } from './chain.ts'
import { entryTriggers } from './schema.ts'

/** The texts of entries before `seq`, and all answers under an Idempotency-Key: a repeat gets the receipt. */
export function eraseTexts(sql: SqlStorage, seq: number, answerTables: readonly string[]): number {
  let { rowsWritten } = sql.exec('DROP TRIGGER entry_is_never_changed')
  const paths = personalTexts.map((name) => `'$.${name}'`).join(', ')
  const isNamed = personalTexts.map((name) => `instr(detail, '"${name}":') > 0`).join(' OR ')
  rowsWritten += sql.exec(
    `UPDATE entry SET detail = json_remove(detail, ${paths}) WHERE seq < ? AND (${isNamed})`,
    seq,
  ).rowsWritten
  rowsWritten += sql.exec(entryTriggers.isNeverChanged).rowsWritten
  for (const table of answerTables) rowsWritten += sql.exec(`DELETE FROM ${table}`).rowsWritten
  return rowsWritten
}

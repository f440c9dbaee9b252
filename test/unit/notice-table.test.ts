// Every notice has its line in docs/webhooks.md, and the line is true: whether it is mailed, and which live event stands beside it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { Entry, EntryKind } from '#ledger/entry.ts'
import { eventOfEntry } from '#ledger/entry-events.ts'
import type { AccountEvent } from '#ledger/events.ts'
import { noticeOf } from '#notices/causes.ts'
import { isMailed, type NoticeTypeName, noticeTypeNames } from '#notices/notice-types.ts'
import { cloneDir } from '../../dev/clone.ts'

/** The types make it complete: a new notice says here where it is heard. */
const liveEvents: { readonly [Type in NoticeTypeName]: AccountEvent['event'] | null } = {
  receipt: 'top_up',
  credit_auto_recharge_triggered: 'top_up',
  credit_purchase_failed: 'payment_failed',
  payment_action_required: 'payment_action_required',
  auto_top_up_capped: null,
  saved_card_gone: null,
  card_expiring: null,
  credit_balance_low: 'low_balance',
  credit_balance_depleted: 'depleted',
  refund: 'refund',
  refund_failed: 'refund',
  dispute_opened: 'dispute',
  dispute_closed: 'dispute',
  invoice_issued: 'invoice_issued',
  invoice_overdue: 'invoice_overdue',
  spend_limit_reached: 'limit_reached',
  webhook_disabled: null,
}

/** type → its line's last two cells. */
function documented(): ReadonlyMap<string, { mail: string; live: string }> {
  const lines = readFileSync(join(cloneDir, 'docs/webhooks.md'), 'utf8').split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [, type, , , mail = '', live = ''] = line.split('|').map((cell) => cell.trim())
      const name = /^`(\w+)`$/.exec(type ?? '')?.[1]
      return name === undefined ? [] : [[name, { mail, live }] as const]
    }),
  )
}

test('the table of notices names every type once, with its mail and its live event', () => {
  const table = documented()
  expect([...table.keys()].toSorted()).toEqual([...noticeTypeNames].toSorted())
  for (const type of noticeTypeNames) {
    const live = liveEvents[type]
    expect([type, table.get(type)?.live]).toEqual([type, live === null ? '–' : `\`${live}\``])
    const ofEndUser = isMailed(type, { limit: 'end_user_day' })
    const mail = !isMailed(type, {}) ? 'no' : ofEndUser ? 'yes' : 'not of end users'
    expect([type, table.get(type)?.mail]).toEqual([type, mail])
  }
})

function entryOf(kind: EntryKind, amountUsd: number, detail: Entry['detail'] = null): Entry {
  const amountNanoUsd = nanoUsd(amountUsd * 1_000_000_000)
  const place = { epoch: 1, seq: 7, createdAtMs: 0, keyNumber: null, reference: 'ord_1' }
  return { ...place, kind, amountNanoUsd, balanceAfterNanoUsd: amountNanoUsd, detail }
}

// Requirements: 17, 74, 75, 76
test.each([
  entryOf('purchase', 5),
  entryOf('auto_top_up', 5),
  entryOf('order', 0, { what: 'closed', end: 'failed', kind: 'purchase', netNanoUsd: 5e9 }),
  entryOf('attempt', 0, { step: 'declined', code: 'card_declined', amountNanoUsd: 5e9, retryAtMs: 9 }),
  entryOf('attempt', 0, { step: 'paused', why: 'card', code: 'stolen_card', amountNanoUsd: 5e9 }),
  entryOf('attempt', 0, { step: 'paused', why: 'needs_action', amountNanoUsd: 5e9 }),
  entryOf('attempt', 0, { step: 'paused', why: 'mismatch', amountNanoUsd: 5e9 }),
  entryOf('attempt', 0, { step: 'started', amountNanoUsd: 5e9 }),
  entryOf('refund', -5),
  entryOf('refund', 5),
  entryOf('dispute', -5),
  entryOf('dispute', 5),
  entryOf('dispute', 0),
  entryOf('plan', 0, { step: 'payment_failed', planId: 'pro', amountNanoUsd: 5e9 }),
  entryOf('plan', 0, { step: 'ended' }),
  entryOf('invoice', 0, { what: 'cut', amountNanoUsd: 5e9 }),
  entryOf('invoice', 0, { what: 'issued', amountNanoUsd: 5e9, dueAtMs: 9 }),
  entryOf('invoice', 0, { what: 'overdue', amountNanoUsd: 5e9, dueAtMs: 9, graceDays: 7 }),
  entryOf('limit_reached', 0, { step: 80, limit: 'key_day', limitNanoUsd: 5e9, spentNanoUsd: 4e9 }),
])('what an entry tells in a notice a listener hears as well (%#)', (entry) => {
  const type = noticeOf({ entry })?.type
  expect(eventOfEntry(entry)?.event).toEqual(type === undefined ? undefined : (liveEvents[type] ?? undefined))
})

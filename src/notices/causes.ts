// Which entry tells the customer what: the table of notices by cause. Pure.

import { asMillis, isoTime } from '#core/clock.ts'
import { formatUsd, nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { EntryKind } from '#ledger/entry.ts'
import type { Task } from '#ledger/tasks.ts'
import type { Figures, NoticeTypeName } from './notice-types.ts'

/** What is told because of one thing that happened; told again under the same cause, it is told once. */
export type NewNotice = {
  readonly cause: string
  readonly type: NoticeTypeName
  readonly figures: Figures
  readonly atMs: number
}

type Entry = Task['entry']
type Told = Pick<NewNotice, 'type' | 'figures'>
type Teller = (entry: Entry, detail: JsonObject) => Told | undefined

const tellers: { readonly [Kind in EntryKind]?: Teller } = {
  purchase: (entry, detail) => ({ type: 'receipt', figures: receiptOf(entry, detail) }),
  auto_top_up: (entry, detail) => ({
    type: 'credit_auto_recharge_triggered',
    figures: receiptOf(entry, detail),
  }),
  refund: ({ amountNanoUsd, balanceAfterNanoUsd, reference }) => ({
    type: 'refund',
    figures: {
      amount: formatUsd(nanoUsd(0 - amountNanoUsd)),
      balance: formatUsd(balanceAfterNanoUsd),
      reference,
    },
  }),
  level: levelTold,
  limit_reached: limitTold,
}

export const toldKinds: readonly EntryKind[] = Object.keys(tellers) as EntryKind[]

export function noticeOf({ entry }: Pick<Task, 'entry'>): NewNotice | undefined {
  const teller = Object.hasOwn(tellers, entry.kind) ? tellers[entry.kind as EntryKind] : undefined
  const told = teller?.(entry, isObject(entry.detail) ? entry.detail : {})
  if (told === undefined) return undefined
  // A reference says the same in every epoch of the account; a number does not.
  return { ...told, cause: `${entry.kind}:${entry.reference}`, atMs: entry.createdAtMs }
}

function receiptOf({ amountNanoUsd, balanceAfterNanoUsd, reference }: Entry, detail: JsonObject): Figures {
  const bonus = readWhole(detail['bonusNanoUsd'], 1)
  return {
    amount: formatUsd(amountNanoUsd),
    ...(bonus !== undefined && { bonus: formatUsd(nanoUsd(bonus)) }),
    balance: formatUsd(balanceAfterNanoUsd),
    reference,
  }
}

/** Rising is no bad news, and falling from depleted there is none. */
function levelTold(_entry: Entry, detail: JsonObject): Told | undefined {
  const level = readString(detail['level'])
  const figures = {
    balance: formatUsd(nanoUsd(Number(detail['balanceNanoUsd'] ?? 0))),
    threshold: usdIn(detail, 'thresholdNanoUsd'),
  }
  if (level === 'depleted') return { type: 'credit_balance_depleted', figures }
  return level === 'low' && detail['before'] === 'ok' ? { type: 'credit_balance_low', figures } : undefined
}

function limitTold({ keyNumber }: Entry, detail: JsonObject): Told {
  const endsAtMs = readWhole(detail['endsAtMs'])
  const endUser = readString(detail['endUser'])
  return {
    type: 'spend_limit_reached',
    figures: {
      percent: readWhole(detail['step']) ?? 0,
      limit: readString(detail['limit']) ?? '',
      limit_amount: usdIn(detail, 'limitNanoUsd'),
      spent: usdIn(detail, 'spentNanoUsd'),
      ...(keyNumber !== null && { key: keyNumber }),
      ...(endUser !== undefined && { end_user: endUser }),
      ...(endsAtMs !== undefined && { resets_at: isoTime(asMillis(endsAtMs)) }),
    },
  }
}

function usdIn(detail: JsonObject, name: string): string {
  return formatUsd(nanoUsd(readWhole(detail[name]) ?? 0))
}

// A saved card that ends soon is told with the automatic top-ups that it still pays: then it is in use, and its end will be felt.
// One that pays nothing in its last weeks is told by the decline instead.

import { asMillis, dayMs } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { TaskHandler } from '#ledger/tasks.ts'
import type { NewNotice } from './causes.ts'
import { writeNotice } from './notice-rows.ts'
import type { NoticesParts } from './parts.ts'
import { tellWithinMs } from './retry-times.ts'

/** So that who tops up once a month hears of it in time. */
const toldBeforeMs = 45 * dayMs

export type SavedCard = {
  readonly cardId: string
  readonly expiresMonth: number
  readonly expiresYear: number
}

/** The card that the account's automatic top-up charges now; undefined where there is none, or nobody can say. */
export type LookAtCard = (accountId: AccountId) => Promise<SavedCard | undefined>

export function expiringCardHandler(parts: NoticesParts, look: LookAtCard): TaskHandler {
  const { db, clock, mailer } = parts
  return {
    kinds: ['auto_top_up'],
    async act({ accountId, entry }) {
      const now = clock.now()
      if (db === undefined || now - entry.createdAtMs > tellWithinMs) return
      const card = await look(accountId)
      const notice = card === undefined ? undefined : expiryNotice(card, now)
      if (notice !== undefined)
        await writeNotice(db, { accountId, notice, now, canMail: mailer !== undefined })
    },
  }
}

/** Pure. Once per card and end: a card that its bank has renewed ends later and is told then. */
export function expiryNotice(
  { cardId, expiresMonth, expiresYear }: SavedCard,
  nowMs: number,
): NewNotice | undefined {
  // The month after: a card is good to the end of its own.
  const endsAtMs = Date.UTC(expiresYear, expiresMonth, 1)
  if (nowMs >= endsAtMs || nowMs < endsAtMs - toldBeforeMs) return undefined
  const expires = `${String(expiresMonth).padStart(2, '0')}/${expiresYear}`
  return {
    cause: `card:${cardId}:${expires}`,
    type: 'card_expiring',
    figures: { expires },
    atMs: asMillis(nowMs),
  }
}

// Acts on entries of which the customer hears: one row per cause. Sending is the sender's (send-due.ts).

import type { TaskHandler } from '#ledger/tasks.ts'
import { noticeOf, toldKinds } from './causes.ts'
import { writeNotice } from './notice-rows.ts'
import { type DescribePayment, withPayment } from './receipt-figures.ts'
import type { NoticesParts } from './parts.ts'
import { tellWithinMs } from './retry-times.ts'

export function noticeHandler({ db, clock, mailer }: NoticesParts, describe: DescribePayment): TaskHandler {
  return {
    kinds: toldKinds,
    async act(task) {
      const told = noticeOf(task)
      const now = clock.now()
      if (told === undefined || now - told.atMs > tellWithinMs) return
      if (db === undefined) throw new Error('A notice needs Postgres.')
      const { accountId } = task
      const notice = await withPayment(told, task, { describe, nowMs: now })
      await writeNotice(db, { accountId, notice, now, canMail: mailer !== undefined })
    },
  }
}

// Acts on entries of which the customer hears: one row per cause. Sending is the sender's (send-due.ts).

import type { TaskHandler } from '#ledger/tasks.ts'
import { noticeOf, toldKinds } from './causes.ts'
import { writeNotice } from './notice-rows.ts'
import type { NoticesParts } from './parts.ts'
import { tellWithinMs } from './retry-times.ts'

export function noticeHandler({ db, clock, mailer }: NoticesParts): TaskHandler {
  return {
    kinds: toldKinds,
    async act(task) {
      const notice = noticeOf(task)
      const now = clock.now()
      if (notice === undefined || now - notice.atMs > tellWithinMs) return
      if (db === undefined) throw new Error('A notice needs Postgres.')
      const { accountId } = task
      await writeNotice(db, { accountId, notice, now, canMail: mailer !== undefined })
    },
  }
}

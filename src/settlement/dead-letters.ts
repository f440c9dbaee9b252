// Dead letters only raise a finding: entries are sent again by their object, and a capture that was never acknowledged
// is for the operator to see, because its money is not booked.

import type { Json } from '#core/errors.ts'
import { readAccountId } from '#core/ids.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { driverErrorOf } from '#db/client.ts'
import { rangeOf, retryDelaySeconds, type QueueMessage } from './consumer.ts'
import type { SettlementParts } from './parts.ts'
import { recordFindings, type Finding } from './findings.ts'
import { readSentEntries } from './message.ts'

export async function consumeDeadLetters(
  messages: readonly QueueMessage[],
  read: (message: QueueMessage) => Finding,
  parts: SettlementParts,
): Promise<void> {
  const found = messages.map(read)
  for (const { kind, accountId, subject } of found)
    parts.log.error('dead_letter', { kind, account: accountId, subject })
  try {
    if (parts.db === undefined) throw new Error('DATABASE_URL is not set.')
    await recordFindings(parts.db, found, parts.clock.now())
    for (const message of messages) message.ack()
  } catch (error) {
    parts.log.error('dead_letter_not_recorded', { messages: messages.length }, driverErrorOf(error))
    for (const message of messages) message.retry({ delaySeconds: retryDelaySeconds(message.attempts) })
  }
}

/** The entries stand in the books; what was to be done about them outside was not done. */
export function deadTask(message: QueueMessage): Finding {
  return { ...deadEntries(message), kind: 'dead_task' }
}

export function deadEntries(message: QueueMessage): Finding {
  const sent = readSentEntries(message.body)
  if (sent === undefined) return { kind: 'dead_letter', accountId: '', subject: message.id, detail: {} }
  const { accountId, entries } = sent
  const subject = rangeOf(accountId, entries)
  return { kind: 'dead_letter', accountId, subject, detail: { entries: entries.length } }
}

/** The figures that the operator needs to book or waive the charge by hand; nothing of the request's content. */
export function deadCapture(message: QueueMessage): Finding {
  const body = isObject(message.body) ? message.body : {}
  const accountId = readAccountId(body['accountId']) ?? ''
  const capture = isObject(body['capture']) ? body['capture'] : undefined
  const release = isObject(body['release']) ? body['release'] : {}
  const callId = readString((capture ?? release)['callId'])
  const detail: Json = {
    isCapture: capture !== undefined,
    keyNumber: readWhole(capture?.['keyNumber']) ?? null,
    costNanoUsd: readWhole(capture?.['costNanoUsd']) ?? null,
    tokens: readWhole(capture?.['tokens']) ?? null,
  }
  return { kind: 'dead_capture', accountId, subject: callId ?? message.id, detail }
}

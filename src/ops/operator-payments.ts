// Payments as the operator looks after them: compared with the provider's now instead of tonight, and an event of the provider's
// looked after once more. Neither decides anything: both ask what is.

import { minuteMs } from '#core/clock.ts'
import { refuse, type Refusal, noDatabase } from '#core/errors.ts'
import { type Read, invalid, readFields, readText, textLengthMax } from '#core/fields.ts'
import { readWhole } from '#core/readers.ts'
import type { ReadyParts } from '#payments/parts.ts'
import type { OperatorAnswer, OperatorRequest } from './operator-guard.ts'
import { closed, described, flag, text, type OperatorRoute } from './operator-route.ts'

const minutesMax = 1_440
const minutesDefault = 60

async function comparePayments({ body, parts }: OperatorRequest): Promise<OperatorAnswer> {
  const restMs = readRest(body)
  if (!restMs.ok) return restMs
  const ready = await readyParts(parts)
  if (!('provider' in ready)) return ready
  const { db } = ready
  if (db === undefined) return noDatabase
  const { compareNow } = await import('#payments/compare.ts')
  const { recordFindings } = await import('#settlement/findings.ts')
  const report = await compareNow({ ...ready, db }, restMs.value)
  const { payments, invoices } = report
  await recordFindings(db, report.findings, parts.clock.now())
  return {
    ok: true,
    body: {
      payments: payments.payments,
      credits: payments.credits,
      invoices: invoices.documents,
      is_whole: payments.isWhole && invoices.isWhole,
      findings: report.findings.map(({ kind, accountId, subject }) => ({
        kind,
        account_id: accountId === '' ? null : accountId,
        subject,
      })),
    },
  }
}

async function replayEvent({ body, parts }: OperatorRequest): Promise<OperatorAnswer> {
  const fields = readFields(body, ['event_id'])
  if (!fields.ok) return fields
  const id = readText(fields.value['event_id'], 'event_id', textLengthMax)
  if (!id.ok) return id
  const ready = await readyParts(parts)
  if (!('provider' in ready)) return ready
  const looked = await ready.provider.events.look(id.value)
  if (!looked.ok)
    return looked.code === 'gone'
      ? invalid('event_id', 'The payment provider knows no event of this id; it forgets them after 30 days.')
      : refuse('payment_unavailable')
  const { lookAfter, remember } = await import('#payments/webhook.ts')
  const outcome = await lookAfter(looked.value, ready)
  const { isLive } = ready.provider
  if (ready.db !== undefined) await remember(ready.db, { event: looked.value, isLive, outcome }, ready)
  return { ok: true, body: { event_id: id.value, type: looked.value.type, outcome } }
}

async function readyParts({ payments }: OperatorRequest['parts']): Promise<ReadyParts | Refusal> {
  const provider = await payments.provider()
  return provider === undefined
    ? refuse('not_configured', {
        message: 'This deployment takes no payments: STRIPE_SECRET_KEY is not set.',
      })
    : { ...payments, provider }
}

function readRest(body: unknown): Read<number> {
  const fields = readFields(body ?? {}, ['min_age_minutes'])
  if (!fields.ok) return fields
  const minutes = readWhole(fields.value['min_age_minutes'] ?? minutesDefault)
  return minutes === undefined || minutes > minutesMax
    ? invalid('min_age_minutes', `min_age_minutes must be a whole number from 0 to ${minutesMax}.`)
    : { ok: true, value: minutes * minuteMs }
}

export const paymentRoutes: readonly OperatorRoute[] = [
  {
    answerWith: comparePayments,
    route: {
      ...described(
        'post',
        '/payments/compare',
        'Compares the payments and invoices of the last three days with the books, both ways; what differs is a finding.',
      ),
      body: closed({ min_age_minutes: { type: 'integer', minimum: 0, maximum: minutesMax } }, []),
      answer: {
        type: 'object',
        properties: {
          payments: { type: 'integer' },
          credits: { type: 'integer' },
          invoices: { type: 'integer' },
          is_whole: flag,
          findings: { type: 'array', items: { type: 'object', properties: { kind: text, subject: text } } },
        },
      },
    },
  },
  {
    answerWith: replayEvent,
    route: {
      ...described(
        'post',
        '/payments/replay',
        'Looks after an event of the payment provider once more, as if it had just come.',
      ),
      body: closed({ event_id: text }, ['event_id']),
      answer: { type: 'object', properties: { event_id: text, type: text, outcome: text } },
    },
  },
]

// A line that its object wrote before it was lost and that reached Postgres after the epoch was closed: booked once more as
// the command that it came from, so that the reference or the call's row keeps it from being booked twice.

import { keyNumber, readCallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { KeyTerms } from './account-commands.ts'
import type { ChargeDetail } from './call-commands.ts'
import { readAutoTopUpTerms, readMethod } from './auto-top-up-details.ts'
import { setAutoTopUp } from './auto-top-up-terms.ts'
import { withoutPersonalTexts } from './chain.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import { keepRow, resolvedCall } from './draft.ts'
import type { Entry } from './entry.ts'
import { erase } from './erasure.ts'
import { keepClearing } from './fraud-warnings.ts'
import { readTerms as readKeyTerms } from './key-details.ts'
import { editKey, putKey, revokeKey } from './keys.ts'
import { rebookInvoice } from './invoices.ts'
import { readBucket } from './lots.ts'
import { isMetered } from './meter.ts'
import { readPaymentDetail } from './order-details.ts'
import { rebookOrder } from './orders.ts'
import { readFactDetail, readRecord } from './payment-facts.ts'
import { readTerms } from './plan-details.ts'
import { setPlan } from './plans.ts'
import { rebookMetered } from './rebook-metered.ts'
import { decidedAfter, decidedOf, withoutLater } from './rebook-order.ts'
import { isTold, refundAgain } from './refunds.ts'
import { paidBackOf } from './refunded.ts'
import { commandOfReversal, reverseAgain } from './reversals.ts'
import type { Rebook, RebookAnswer } from './rebuild-commands.ts'
import { changeSettings } from './settings.ts'
import { isOfSubscription } from './subscription-details.ts'
import { rebookGrant } from './subscriptions.ts'
import { tellFacts } from './told-facts.ts'
import { readSettings } from './settings-details.ts'

type Detail = { readonly [name: string]: unknown }

export function rebook(draft: Draft, { entry }: Rebook): RebookAnswer {
  const detail = detailOf(draft, entry)
  // A line of this life of the account is where it belongs.
  if (entry.epoch >= draft.state.epoch) return { ok: true, isBooked: false }
  switch (entry.kind) {
    case 'usage':
    case 'late':
      return rebookCharge(draft, entry, detail)
    case 'purchase':
    case 'auto_top_up':
    case 'bonus':
    case 'grant':
    case 'adjustment':
      return answerOf(credit(draft, { ...creditOf(entry, detail), kind: entry.kind }))
    case 'key':
      return rebookKey(draft, entry, detail)
    case 'settings':
      return rebookSettings(draft, entry, detail)
    case 'erasure':
      return answerOf(
        erase(draft, {
          reference: entry.reference,
          reason: readString(detail['reason']) ?? '',
          actor: readString(detail['actor']) ?? '',
        }),
      )
    case 'order':
      return { ok: true, isBooked: rebookOrder(draft, entry) }
    case 'invoice':
      return { ok: true, isBooked: rebookInvoice(draft, entry) }
    case 'reversal':
      return rebookReversal(draft, entry, detail)
    case 'auto_top_up_terms':
      return rebookTopUpTerms(draft, entry, detail)
    case 'refund':
      return isTold(entry) ? rebookFact(draft, detail) : rebookRefund(draft, entry, detail)
    case 'dispute':
      return rebookFact(draft, detail)
    case 'fraud_warning':
      return rebookWarning(draft, entry, detail)
    // What is paid for is granted again; a period of the calendar the account grants by itself.
    case 'allowance':
      return { ok: true, isBooked: rebookGrant(draft, entry) }
    // What the object decided by itself it decides again; an account is created once.
    case 'plan':
      return rebookPlan(draft, entry, detail)
    case 'level':
    case 'limit_reached':
    // Attempts of a lost object have ended with it; their money comes under their orders.
    case 'attempt':
    // The next checkout links one again.
    case 'customer':
    case 'create':
    case 'finding':
    case 'expiry':
    case 'opening':
      return { ok: true, isBooked: false }
  }
}

/**
 * What is about another line is refused until that one stands, and what came too late comes in any order. The sweep tells these
 * again; a key is never made a second time.
 */
export const waitingCodes: readonly string[] = ['no_such_payment', 'no_such_charge']

/** What was erased meanwhile does not come back with a line that was written before. */
function detailOf({ state }: Draft, { kind, detail }: Entry): Detail {
  const kept = state.erasedSeq > 0 && kind !== 'erasure' ? withoutPersonalTexts(detail) : detail
  return isObject(kept) ? kept : {}
}

function rebookCharge(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  if (isMetered(entry)) return { ok: true, isBooked: rebookMetered(draft, entry) }
  const callId = readCallId(entry.reference)
  if (callId === undefined || entry.keyNumber === null) return { ok: true, isBooked: false }
  const isExpiry = detail['rule'] === 'hold_expired'
  // It stays open to what its owner says in the end, so what is told again here is not a word of its owner's.
  if (isExpiry && resolvedCall(draft, callId) !== undefined) return { ok: true, isBooked: false }
  const admittedAtMs = readWhole(detail['admittedAtMs']) ?? entry.createdAtMs
  const answer = capture(draft, {
    callId,
    keyNumber: entry.keyNumber,
    costNanoUsd: nanoUsd(readWhole(detail['costNanoUsd']) ?? 0),
    tokens: readWhole(detail['tokens']) ?? 0,
    admittedAgoMs: Math.max(0, draft.state.nowMs - admittedAtMs),
    detail: chargeDetailOf(detail),
  })
  // The owner that went silent may still say what the call cost: the difference is booked then.
  const kept = draft.holds.get(callId)
  if (answer.ok && answer.state === 'late' && isExpiry && kept !== undefined)
    keepRow(draft, { ...kept.row, outcome: 'expired', admittedAtMs })
  return answerOf(answer)
}

function rebookReversal(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const callId = readCallId(entry.reference)
  if (callId === undefined) return { ok: true, isBooked: false }
  const command = { reference: commandOfReversal(entry), callId, ...askedIn(detail) }
  return answerOf(reverseAgain(draft, command, entry.amountNanoUsd))
}

function rebookRefund(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const command = {
    reference: entry.reference,
    payment: readString(detail['payment']) ?? null,
    ...askedIn(detail),
    isThroughProvider: detail['isThroughProvider'] === true,
    receivedNanoUsd: readRecord(detail['record'])?.receivedNanoUsd ?? null,
  }
  return answerOf(refundAgain(draft, command, paidBackOf(entry)))
}

/** What a payment's coming had settled its coming again settles. */
function rebookFact(draft: Draft, detail: Detail): RebookAnswer {
  const payment = readString(detail['payment'])
  const fact = readFactDetail(detail['fact'])
  if (payment === undefined || fact === undefined) return { ok: true, isBooked: false }
  const receivedNanoUsd = readRecord(detail['record'])?.receivedNanoUsd ?? null
  return answerOf(tellFacts(draft, { payment, receivedNanoUsd, facts: [fact] }))
}

/** One that the operator had cleared stays so, and the word of it as well. */
function rebookWarning(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const answer = rebookFact(draft, detail)
  if (answer.ok) keepClearing(draft, { ...entry, seq: draft.state.headSeq })
  return answer
}

/** As it was said, so that whoever says it again is told that it stands. */
function askedIn(detail: Detail) {
  const asked = readWhole(detail['asked'])
  return {
    amountNanoUsd: asked === undefined ? null : nanoUsd(asked),
    reason: readString(detail['reason']) ?? '',
    actor: readString(detail['actor']) ?? '',
  }
}

/** Booked even where later ones have left nothing of it, so that it is known when it is told again. */
function rebookSettings(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const later = decidedAfter(draft, entry).map((line) => detailOf(draft, line)['settings'])
  const command = {
    reference: entry.reference,
    settings: withoutLater(readSettings(detail['settings']) ?? {}, later.filter(isObject)),
    reason: readString(detail['reason']) ?? '',
    actor: readString(detail['actor']) ?? '',
  }
  return answerOf(changeSettings(draft, command, decidedOf(entry)))
}

/** As settings: what later lines say stands. */
function rebookTopUpTerms(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const [terms, method] = [readAutoTopUpTerms(detail['terms']), readMethod(detail['method'])]
  const later = decidedAfter(draft, entry).map((line) => detailOf(draft, line))
  const named = withoutLater({ ...(terms && { terms }), ...(method && { method }) }, later)
  const reason = readString(detail['reason']) ?? ''
  const actor = readString(detail['actor']) ?? ''
  const command = { reference: entry.reference, ...named, reason, actor }
  return answerOf(setAutoTopUp(draft, command, decidedOf(entry)))
}

function rebookPlan(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const { reference } = entry
  const terms = readTerms(detail['terms'])
  const later = decidedAfter(draft, entry).filter((line) => !isOfSubscription(line))
  if (terms === undefined || later.length > 0) return { ok: true, isBooked: false }
  const anchorDay = detail['asked'] === 'any' ? null : (readWhole(detail['anchorDay']) ?? null)
  const reason = readString(detail['reason']) ?? ''
  const actor = readString(detail['actor']) ?? ''
  return answerOf(setPlan(draft, { reference, terms, anchorDay, reason, actor }, decidedOf(entry)))
}

function creditOf({ kind, reference, amountNanoUsd, createdAtMs }: Entry, detail: Detail) {
  const expiresAtMs = readWhole(detail['expiresAtMs'])
  const bucket = readBucket(detail['bucket'])
  const payment = readPaymentDetail(detail['payment'])
  return {
    reference,
    amountNanoUsd,
    reason: readString(detail['reason']) ?? '',
    actor: readString(detail['actor']) ?? '',
    // All others say by their kind where they go.
    ...(bucket === undefined || kind !== 'grant' ? {} : { bucket }),
    ...(payment && { payment }),
    ...(expiresAtMs === undefined ? {} : { expiresInMs: expiresAtMs - createdAtMs }),
  }
}

function rebookKey(draft: Draft, entry: Entry, detail: Detail): RebookAnswer {
  const { reference, keyNumber: number } = entry
  if (number === null) return { ok: true, isBooked: false }
  const terms = readKeyTerms(detail) ?? {}
  // A key that was lost left its number to another one, whose end or edit this is not.
  const about = readString(detail['ofSecretHash'])
  const known = draft.state.keys.get(number)
  if (about !== undefined && known !== undefined && known.secretHash !== about)
    return { ok: false, code: 'no_such_key' }
  switch (detail['action']) {
    case 'revoke':
      return answerOf(revokeKey(draft, { reference, keyNumber: number }))
    case 'edit':
      return answerOf(
        editKey(
          draft,
          { reference, keyNumber: number, terms: leftOf(draft, entry, terms) },
          decidedOf(entry),
        ),
      )
    default: {
      const family = readWhole(detail['family'])
      const secretHash = readString(detail['secretHash']) ?? ''
      const named = { name: '', budgets: [], allowedModels: null, ...terms }
      const put = { ...named, reference, keyNumber: number, secretHash }
      // A rotated key goes on counting under its first.
      return answerOf(putKey(draft, family === undefined ? put : { ...put, family: keyNumber(family) }))
    }
  }
}

function leftOf(draft: Draft, entry: Entry, terms: Partial<KeyTerms>): Partial<KeyTerms> {
  const ofKey = decidedAfter(draft, entry).filter(({ keyNumber: number }) => number === entry.keyNumber)
  const edits = ofKey.map((line) => detailOf(draft, line)).filter(({ action }) => action === 'edit')
  return withoutLater(terms, edits)
}

function chargeDetailOf(detail: Detail): ChargeDetail {
  // Written by an object of ours (chargeDetail in charges.ts): carried on as it is, and never interpreted.
  return detail as ChargeDetail
}

function answerOf(answer: { ok: true } | { ok: false; code: string }): RebookAnswer {
  return answer.ok ? { ok: true, isBooked: true } : { ok: false, code: answer.code }
}

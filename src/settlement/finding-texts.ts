// What each finding means and what to do about it, for the operator who reads it at night.

import type { Json } from '#core/errors.ts'
import { isObject, readString } from '#core/readers.ts'
import type { LedgerFinding } from '#ledger/entry.ts'
import type { FindingKind } from './findings.ts'

export type FindingText = { readonly what: string; readonly nextStep: string }

const texts: { readonly [Kind in FindingKind]: FindingText } = {
  hash_conflict: {
    what: 'Two different ledger lines under one number; the first stands.',
    nextStep: 'An object was restored without a rebuild: POST …/rebuild with discard: true.',
  },
  unreadable_message: {
    what: 'A queue message that is no batch of entries; it was set aside.',
    nextStep: 'Nothing is lost: objects send again. Look for another version that writes to the queue.',
  },
  poison_message: {
    what: 'Postgres refuses the rows of a message; detail.code is its reason.',
    nextStep: 'Apply missing migrations; the object sends the same entries again.',
  },
  dead_letter: {
    what: 'A message of entries was tried to the end.',
    nextStep: 'Look whether Postgres was away; the object sends its entries again.',
  },
  dead_capture: {
    what: 'The end of a call was never acknowledged by its object: its cost is not booked.',
    nextStep: 'Book detail.costNanoUsd by POST …/adjustments, or waive it.',
  },
  dead_task: {
    what: 'What an entry asks for outside (a receipt, a notice, a card to charge) failed to the end; the entry stands.',
    nextStep: 'Look at the log line task_failed for the reason, mend it, then POST …/resend {from: 1}.',
  },
  drift: {
    what: 'Two stores, or a sum and its rows, differ.',
    nextStep:
      'Compare detail with GET …/statement; if Postgres was changed, restore its rows or resend {from: 1}.',
  },
  gap: {
    what: 'Entries before detail.maxSeq have not arrived, longer than any retry takes.',
    nextStep: 'POST …/resend; if it stays, read the findings about poison messages.',
  },
  rows_missing: {
    what: 'Rows below the mark are gone from Postgres.',
    nextStep: 'POST …/resend {from: 1} writes them again.',
  },
  mirror_ahead: {
    what: 'Postgres has lines that the object does not know: the object was restored to an earlier time.',
    nextStep: 'POST …/rebuild with discard: true.',
  },
  account_without_object: {
    what: 'Postgres knows an account whose object is empty.',
    nextStep: 'POST …/rebuild makes it anew.',
  },
  stuck_hold: {
    what: 'A hold is open for longer (detail.ageMs) than any call may take: neither its owner nor its expiry ended it.',
    nextStep: 'Read the account’s findings of kind ledger (chore_put_off); its money is held until then.',
  },
  alarm_missing: {
    what: 'Something was due and no wake came; the object was woken and its alarm armed again by the sweep.',
    nextStep: 'None if it stays at one. If it is seen again, read the object’s log for alarm_failed.',
  },
  unconfirmed: {
    what: 'Entries wait for Postgres for longer (detail.forMs) than an hour.',
    nextStep: 'Look at the entries queue, its consumer’s log and Postgres; nothing is lost meanwhile.',
  },
  object_large: {
    what: 'An object has used more than half of what the platform allows it (detail.bytes of detail.bytesMax).',
    nextStep: 'Plan a new account for this customer; at the limit it can take no more calls.',
  },
  sweep_behind: {
    what: 'An account was not compared for longer than it should be (detail.forMs).',
    nextStep:
      'More accounts than the hourly sweep visits: run the trigger more often (crons in wrangler.toml).',
  },
  payment_not_credited: {
    what: 'A payment was received at the provider and its order was never credited by it.',
    nextStep:
      'POST …/payments/replay with its event; if it is a second payment of one order, give it back at the provider.',
  },
  payment_credited_twice: {
    what: 'One payment stands behind more than one credit (detail.credits).',
    nextStep: 'Take the one that is too many off by POST …/adjustments.',
  },
  payment_unknown: {
    what: 'A payment at the provider names no account and no order of ours.',
    nextStep: 'Nothing if something else uses the same provider account; otherwise give it back there.',
  },
  credit_without_payment: {
    what: 'A credit names a payment that the provider does not know, or that was never paid.',
    nextStep: 'Compare detail with the provider’s dashboard; correct the balance by POST …/adjustments.',
  },
  invoice_unknown: {
    what: 'An invoice at the provider asks a customer of ours for money, or was paid, and the books know nothing of it.',
    nextStep:
      'Void it in the provider’s dashboard, or where it is paid, book detail.askedNanoUsd by POST …/adjustments or give it back.',
  },
  invoice_not_credited: {
    what: 'An invoice is paid at the provider and its account has no credit for it.',
    nextStep:
      'POST …/payments/replay with its invoice.paid event; if the account answers that it differs, read the finding invoice_mismatch.',
  },
  invoice_not_paid: {
    what: 'An invoice is credited in the books, and the provider has it as not paid (detail.provider).',
    nextStep:
      'If the money came another way, mark it paid there (POST …/invoices/pay); else correct the balance by POST …/adjustments.',
  },
  invoice_differs: {
    what: 'An invoice has another sum or state at the provider (detail.askedNanoUsd, detail.provider) than in the books (detail.cutNanoUsd, detail.books).',
    nextStep:
      'POST …/payments/replay with its newest event; what stays is corrected in the provider’s dashboard, or voided by POST …/invoices/void and cut again.',
  },
  invoice_not_granted: {
    what: 'An invoice of a plan is paid at the provider and has granted nothing.',
    nextStep:
      'POST …/payments/replay with its invoice.paid event. If the subscription has ended, or the account pays for another plan, give it back at the provider.',
  },
  grant_not_paid: {
    what: 'A period of a plan was granted by an invoice that the provider has as not paid (detail.provider).',
    nextStep:
      'Compare detail with the provider’s dashboard; PUT …/plan puts another plan on, POST …/adjustments takes its money.',
  },
  comparison_cut_short: {
    what: 'More payments or invoices (subject) changed in three days than one night compares; the rest was not looked at.',
    nextStep:
      'Webhooks and sweepers look after each of them all the same. Compare the rest with an export of the provider’s dashboard.',
  },
  stray: {
    what: 'A line of a closed epoch came after its end and was booked again, or refused.',
    nextStep:
      'Where its detail says refused, what it is about is missing; the hourly sweep tries for 7 days. Book by hand what stays.',
  },
  epoch_behind: {
    what: 'The object lives in an older epoch than Postgres: it was restored from before a rebuild.',
    nextStep: 'POST …/rebuild with discard: true.',
  },
  ledger: {
    what: 'The object found something about itself.',
    nextStep: 'Read detail.',
  },
}

/** By the `what` of an object's own finding. */
const ledgerTexts: { readonly [What in LedgerFinding]: FindingText } = {
  chore_put_off: {
    what: 'Something that the account does by itself cannot be written; it is tried again every minute.',
    nextStep: 'detail.detail.message says why. Its hold or credit stays as it is until it can be.',
  },
  command_failed: {
    what: 'A command failed twice and was answered with internal.',
    nextStep: 'detail.detail.message says why; the caller tries again.',
  },
  invariant_broken: {
    what: 'The account’s books do not add up; it admits no calls until they are rebuilt.',
    nextStep: 'Keep the statement, then POST …/rebuild with discard: true.',
  },
  confirmation_differs: {
    what: 'Postgres confirmed other entries than the object has.',
    nextStep: 'Compare detail with GET …/statement; then resend {from: 1} or rebuild.',
  },
  charged_above_hold: {
    what: 'A provider billed more than the dearest honest answer.',
    nextStep: 'Compare the model’s price card and limits with the provider’s.',
  },
  refused_after_dispatch: {
    what: 'A call was sent upstream and then refused: the provider may bill you for it.',
    nextStep: 'None; after three in an hour this account waits for its admissions for a day.',
  },
  order_mismatch: {
    what: 'A payment arrived that is not what its order says (detail.detail.differs); nothing was credited.',
    nextStep: 'Compare detail.detail.facts with Stripe; then POST …/grants, or refund the payment in Stripe.',
  },
  invoice_mismatch: {
    what: 'A payment arrived that is not what its invoice says (detail.detail.differs); nothing was credited.',
    nextStep:
      'Compare detail.detail.facts with Stripe; then POST …/adjustments, or refund the payment in Stripe.',
  },
  invoice_wrong: {
    what: 'Stripe’s document differs from what was cut (detail.detail); it was voided, and the sum is owed again.',
    nextStep:
      'Where detail.detail.why names a missing address, set one (PUT …/billing-emails); any other reason stands in the log line task_failed. The next invoice asks for the sum, or POST …/invoices cuts it now.',
  },
  too_many_facts: {
    what: 'A payment has more refunds and disputes than the books take (32); what came after them is not booked.',
    nextStep:
      'Compare the payment (detail.detail.payment) with Stripe; correct the balance by POST …/adjustments.',
  },
  second_subscription: {
    what: 'An account paid for a second plan while the first one runs (detail.detail); it got nothing for it.',
    nextStep: 'The second one was ended; refund the payments of its invoices in Stripe.',
  },
  unknown_plan: {
    what: 'An invoice of a subscription was paid for a plan that nobody offers (detail.detail.planId); nothing was granted.',
    nextStep:
      'Add the plan to src/catalog/plans.ts, or put one on the account by PUT …/plan and change the subscription in Stripe.',
  },
  written_off: {
    what: 'A part of a cost is paid by nobody: the account had no more.',
    nextStep: 'None; detail.detail.amountNanoUsd is your loss.',
  },
  attempt_mismatch: {
    what: 'An automatic top-up was paid with another amount than was asked for; it is not credited.',
    nextStep: 'Look the payment up (detail.detail.intentId); credit or refund it by hand.',
  },
  capture_too_old: {
    what: 'The end of a call came after the object had forgotten it; it is not booked.',
    nextStep: 'Book it by POST …/adjustments, or waive it.',
  },
}

export function textOfFinding(kind: string, detail: Json): FindingText | undefined {
  const own: unknown = kind === 'ledger' && isObject(detail) ? detail['detail'] : undefined
  const what = isObject(own) ? readString(own['what']) : undefined
  if (what !== undefined && isOfLedger(what)) return ledgerTexts[what]
  return isKnown(kind) ? texts[kind] : undefined
}

function isOfLedger(what: string): what is LedgerFinding {
  return Object.hasOwn(ledgerTexts, what)
}

function isKnown(kind: string): kind is FindingKind {
  return Object.hasOwn(texts, kind)
}

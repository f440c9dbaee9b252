// What an entry says about a subscription: the reader and the writer for both.

import { nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { textCharactersMax } from './detail.ts'
import type { Entry } from './entry.ts'
import { readTerms } from './plan-details.ts'
import type { SubscriptionInvoice, TellSubscription } from './subscription-commands.ts'

type Detail = { readonly [name: string]: unknown }

/** Of the provider's objects; nothing of theirs is longer. */
export function readProviderId(value: unknown): string | undefined {
  const id = readString(value)
  return id !== undefined && id !== '' && id.length <= textCharactersMax ? id : undefined
}

/** The lines about a subscription that are no grants. */
export type SubscriptionStep = 'asked' | 'dropped' | 'followed' | 'payment_failed' | 'over' | 'ended'

const steps: readonly SubscriptionStep[] = ['asked', 'dropped', 'followed', 'payment_failed', 'over', 'ended']

/** Undefined for the plan that the operator puts on an account. */
export function readStep(detail: Detail): SubscriptionStep | undefined {
  return steps.find((step) => step === detail['step'])
}

export function isOfSubscription({ detail }: Pick<Entry, 'detail'>): boolean {
  return isObject(detail) && readStep(detail) !== undefined
}

/** What a grant was paid by. */
export type PaidBy = {
  readonly subscriptionId: string
  readonly invoiceId: string
  readonly kind: SubscriptionInvoice['kind']
  readonly isLive: boolean
  readonly totalNanoUsd: number
}

export function readPaidBy(detail: Detail): PaidBy | undefined {
  const paid = detail['paidBy']
  if (!isObject(paid)) return undefined
  const subscriptionId = readProviderId(paid['subscriptionId'])
  const invoiceId = readProviderId(paid['invoiceId'])
  const totalNanoUsd = readWhole(paid['totalNanoUsd'])
  const { kind, isLive } = paid
  if (subscriptionId === undefined || invoiceId === undefined || totalNanoUsd === undefined) return undefined
  if ((kind !== 'period' && kind !== 'change') || typeof isLive !== 'boolean') return undefined
  return { subscriptionId, invoiceId, kind, isLive, totalNanoUsd }
}

/** As it was told, from its grant: for a line that is booked again. */
export function toldOfGrant(detail: Detail, accountId: string): TellSubscription | undefined {
  const paid = readPaidBy(detail)
  const terms = readTerms(detail['terms'])
  const startMs = readWhole(detail[paid?.kind === 'change' ? 'fromMs' : 'startMs'])
  const endMs = readWhole(detail['endMs'])
  if (paid === undefined || terms === undefined || startMs === undefined || endMs === undefined)
    return undefined
  const { subscriptionId, invoiceId, kind, isLive } = paid
  const invoice = { invoiceId, kind, state: 'paid' as const, planId: terms.id, terms, startMs, endMs }
  const invoices = [{ ...invoice, totalNanoUsd: nanoUsd(paid.totalNanoUsd) }]
  return { subscriptionId, accountId, isLive, state: 'active', isEnding: false, invoices }
}

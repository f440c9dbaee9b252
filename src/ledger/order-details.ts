// How an order's terms stand in the log and in its reference row: the writer and the reader for both.

import type { Json } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, readJson, readString, readWhole } from '#core/readers.ts'
import type { OrderTerms, PaymentFacts } from './order-commands.ts'

/** What a purchase says of the payment that it came by. */
export type PaymentDetail = Pick<PaymentFacts, 'paymentId' | 'receivedNanoUsd' | 'taxNanoUsd'> & {
  /** What was given on top, by the same payment. */
  bonusNanoUsd: number
}

/** The same text for the same terms. */
export function termsText(terms: OrderTerms): string {
  const { kind, netNanoUsd, bonusNanoUsd, isLive, page, origin, savesCard } = terms
  return JSON.stringify({ kind, netNanoUsd, bonusNanoUsd, isLive, page, origin, savesCard })
}

export function termsDetail(terms: OrderTerms): Json {
  const { kind, netNanoUsd, bonusNanoUsd, isLive, page, origin, savesCard } = terms
  return { kind, netNanoUsd, bonusNanoUsd, isLive, page, origin, savesCard }
}

export function readOrderTerms(value: unknown): OrderTerms | undefined {
  if (!isObject(value)) return undefined
  const kind = (['purchase', 'auto_top_up'] as const).find((name) => name === value['kind'])
  const page = ([null, 'embedded', 'hosted'] as const).find((name) => name === value['page'])
  const net = readWhole(value['netNanoUsd'], 1)
  const bonus = readWhole(value['bonusNanoUsd'])
  const origin = readString(value['origin'])
  const { isLive, savesCard } = value
  if (kind === undefined || page === undefined || origin === undefined) return undefined
  if (net === undefined || bonus === undefined) return undefined
  if (typeof isLive !== 'boolean' || typeof savesCard !== 'boolean') return undefined
  return { kind, netNanoUsd: nanoUsd(net), bonusNanoUsd: nanoUsd(bonus), isLive, page, origin, savesCard }
}

/** What the reference row of a placed order says. */
export function saidOfPlaced(terms: OrderTerms, { createdAtMs }: { createdAtMs: number }): string {
  return `${createdAtMs} ${termsText(terms)}`
}

export function readPlaced(said: string): { placedAtMs: number; terms: OrderTerms } | undefined {
  const space = said.indexOf(' ')
  const placedAtMs = readWhole(Number(said.slice(0, space)))
  const terms = readOrderTerms(readJson(said.slice(space + 1)))
  return placedAtMs === undefined || terms === undefined ? undefined : { placedAtMs, terms }
}

export function readPaymentDetail(value: unknown): PaymentDetail | undefined {
  if (!isObject(value)) return undefined
  const paymentId = value['paymentId'] === null ? null : readString(value['paymentId'])
  const received = readWhole(value['receivedNanoUsd'])
  const tax = readWhole(value['taxNanoUsd'])
  const bonusNanoUsd = readWhole(value['bonusNanoUsd'])
  if (paymentId === undefined || received === undefined || tax === undefined) return undefined
  if (bonusNanoUsd === undefined) return undefined
  return { paymentId, receivedNanoUsd: nanoUsd(received), taxNanoUsd: nanoUsd(tax), bonusNanoUsd }
}

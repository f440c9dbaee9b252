// Orders: placed once, opened once, credited once, in whatever order and however often that is told. What was agreed stands
// in a reference row, so that an order is known for ever; the state keeps those that wait for their money.

import { assert } from '#core/assert.ts'
import type { Json } from '#core/errors.ts'
import { type OrderId, readOrderId } from '#core/ids.ts'
import { addNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { balanceMaxNanoUsd, bookCredit } from './credits.ts'
import { textCharactersMax } from './detail.ts'
import { type Draft, append, find, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import type {
  CloseOrder,
  CloseOrderAnswer,
  OpenOrder,
  OpenOrderAnswer,
  OrderEnd,
  OrderTerms,
  OrderView,
  PaymentFacts,
  PayOrder,
  PayOrderAnswer,
  PlaceOrder,
  PlaceOrderAnswer,
} from './order-commands.ts'
import { readOrderTerms, readPlaced, saidOfPlaced, termsDetail, termsText } from './order-details.ts'
import { bonusReferenceOf } from './paid-credits.ts'
import type { Lookup, ReferenceRow } from './rows.ts'
import type { State } from './state.ts'

/** Pages that wait for a person at once: more are nobody's purchase. */
export const openOrdersMax = 20

/** Cards are charged no less than one cent. */
const centNanoUsd = 10_000_000

export function placeOrder(draft: Draft, { orderId, terms, actor }: PlaceOrder): PlaceOrderAnswer {
  const earlier = orderOf(draft, orderId)
  if (earlier !== undefined) {
    const isSame = termsText(earlier.terms) === termsText(terms)
    return isSame ? { ok: true, order: earlier, isRepeat: true } : { ok: false, code: 'reference_reused' }
  }
  if (!isSound(orderId, terms)) return { ok: false, code: 'invalid_command' }
  const code = refusalOf(draft.state, terms)
  if (code !== undefined) return { ok: false, code }
  const entry = appendOrder(draft, orderId, { what: 'placed', terms: termsDetail(terms), actor })
  const said = saidOfPlaced(terms, entry)
  keepReference(draft, { scope: 'order', reference: orderId, seq: entry.seq, said })
  return { ok: true, order: knownOrder(draft, orderId), isRepeat: false }
}

export function openOrder(draft: Draft, { orderId, checkoutId }: OpenOrder): OpenOrderAnswer {
  const order = orderOf(draft, orderId)
  if (order === undefined) return { ok: false, code: 'no_such_order' }
  if (checkoutId === '' || checkoutId.length > textCharactersMax)
    return { ok: false, code: 'invalid_command' }
  if (order.state === 'open') return { ok: true, order }
  if (order.state !== 'placed') return { ok: false, code: 'order_closed' }
  const { seq } = appendOrder(draft, orderId, { what: 'opened', checkoutId })
  keepReference(draft, { scope: 'order_open', reference: orderId, seq, said: checkoutId })
  return { ok: true, order: knownOrder(draft, orderId) }
}

/** Credits what was agreed if what arrived is just that, whatever became of the order meanwhile. */
export function payOrder(draft: Draft, { orderId, facts }: PayOrder): PayOrderAnswer {
  const order = orderOf(draft, orderId)
  if (order === undefined) return { ok: false, code: 'no_such_order' }
  if (order.state === 'paid')
    return { ok: true, order, balanceNanoUsd: draft.state.postedNanoUsd, isRepeat: true }
  const differs = differencesOf(draft.state, order.terms, facts)
  if (differs.length > 0) {
    find(draft, `order_mismatch:${orderId}`, {
      what: 'order_mismatch',
      orderId,
      differs,
      facts: { ...facts },
    })
    end(draft, order, 'mismatch')
    return { ok: false, code: 'mismatch' }
  }
  creditOrder(draft, order, facts)
  const paid = knownOrder(draft, orderId)
  return { ok: true, order: paid, balanceNanoUsd: draft.state.postedNanoUsd, isRepeat: false }
}

export function closeOrder(draft: Draft, { orderId, end: how }: CloseOrder): CloseOrderAnswer {
  const order = orderOf(draft, orderId)
  if (order === undefined) return { ok: false, code: 'no_such_order' }
  if (how === 'abandoned' && order.state === 'open') return { ok: false, code: 'order_open' }
  end(draft, order, how)
  return { ok: true, order: knownOrder(draft, orderId) }
}

type References = Pick<Lookup, 'reference'>

/** The orders that wait for their money, oldest first. */
export function waitingOrders({ orders }: Pick<State, 'orders'>, lookup: References): readonly OrderView[] {
  return orders.flatMap(({ orderId }) => orderFrom(orderId, lookup) ?? [])
}

/** What is known of an order, from rows that are kept for ever; undefined for one that was never placed. */
export function orderFrom(orderId: OrderId, lookup: References): OrderView | undefined {
  const said = lookup.reference('order', orderId)?.said
  const placed = said === undefined ? undefined : readPlaced(said)
  if (placed === undefined) return undefined
  const checkoutId = lookup.reference('order_open', orderId)?.said ?? null
  const creditSeq = lookup.reference('credit', orderId)?.seq ?? null
  const ended = endings.find((name) => name === lookup.reference('order_end', orderId)?.said)
  const waiting = checkoutId === null ? 'placed' : 'open'
  const state = creditSeq === null ? (ended ?? waiting) : 'paid'
  return { orderId, ...placed, state, checkoutId, creditSeq }
}

/** The row that an entry of this kind brought, for a rebuild. */
export function referenceOfOrder(entry: Entry): ReferenceRow | undefined {
  const { reference, seq } = entry
  const detail: { readonly [name: string]: unknown } = isObject(entry.detail) ? entry.detail : {}
  switch (detail['what']) {
    case 'placed': {
      const terms = readOrderTerms(detail['terms'])
      return terms && { scope: 'order', reference, seq, said: saidOfPlaced(terms, entry) }
    }
    case 'opened':
      return { scope: 'order_open', reference, seq, said: readString(detail['checkoutId']) ?? '' }
    case 'closed':
      return { scope: 'order_end', reference, seq, said: readString(detail['end']) ?? '' }
    default:
      return undefined
  }
}

/** A line of a closed epoch that came too late; false where nothing of it is left to book. */
export function rebookOrder(draft: Draft, entry: Entry): boolean {
  const row = referenceOfOrder(entry)
  const orderId = readOrderId(entry.reference)
  if (row === undefined || orderId === undefined) return false
  // What is paid waits for nothing any more.
  const isPaid = referenceOf(draft, 'credit', orderId) !== undefined
  if (isPaid || referenceOf(draft, row.scope, orderId) !== undefined) return false
  const { seq } = appendOrder(draft, orderId, entry.detail)
  keepReference(draft, { ...row, seq })
  return true
}

const endings: readonly OrderEnd[] = ['expired', 'failed', 'abandoned', 'mismatch']

function orderOf(draft: Draft, orderId: OrderId): OrderView | undefined {
  return orderFrom(orderId, { reference: (scope, reference) => referenceOf(draft, scope, reference) })
}

function knownOrder(draft: Draft, orderId: OrderId): OrderView {
  const order = orderOf(draft, orderId)
  assert(order !== undefined, 'an order that was placed is known')
  return order
}

/** The first end stands. */
function end(draft: Draft, { orderId, state, terms }: OrderView, how: OrderEnd): void {
  if (state !== 'placed' && state !== 'open') return
  const { seq } = appendOrder(draft, orderId, {
    what: 'closed',
    end: how,
    kind: terms.kind,
    netNanoUsd: terms.netNanoUsd,
  })
  keepReference(draft, { scope: 'order_end', reference: orderId, seq, said: how })
}

/** The money that was paid and what is given on top, in one transaction: both or none. */
function creditOrder(draft: Draft, { orderId, terms }: OrderView, facts: PaymentFacts): void {
  const { kind, netNanoUsd, bonusNanoUsd } = terms
  const { paymentId, receivedNanoUsd, taxNanoUsd } = facts
  const said = { reason: '', actor: 'payment' }
  bookCredit(draft, {
    ...said,
    kind,
    reference: orderId,
    amountNanoUsd: netNanoUsd,
    payment: { paymentId, receivedNanoUsd, taxNanoUsd, bonusNanoUsd },
  })
  if (bonusNanoUsd > 0)
    bookCredit(draft, {
      ...said,
      kind: 'bonus',
      reference: bonusReferenceOf(orderId),
      amountNanoUsd: bonusNanoUsd,
    })
}

function appendOrder(draft: Draft, orderId: OrderId, detail: Json): Entry {
  return append(draft, {
    kind: 'order',
    reference: orderId,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail,
  })
}

/** What may not be promised: nobody is asked for money that could not be kept. */
function refusalOf(state: State, terms: OrderTerms): 'balance_too_large' | 'too_many_orders' | undefined {
  const { orders, postedNanoUsd } = state
  const pages = orders.filter(({ kind }) => kind === 'purchase')
  if (terms.kind === 'purchase' && pages.length >= openOrdersMax) return 'too_many_orders'
  const awaited = addNanoUsd(...orders.map(({ worthNanoUsd }) => worthNanoUsd))
  const sum = addNanoUsd(postedNanoUsd, awaited, terms.netNanoUsd, terms.bonusNanoUsd)
  return sum > balanceMaxNanoUsd ? 'balance_too_large' : undefined
}

function isSound(orderId: OrderId, terms: OrderTerms): boolean {
  const { netNanoUsd, bonusNanoUsd, page, kind, origin } = terms
  if (readOrderId(orderId) === undefined || readOrderTerms(terms) === undefined) return false
  if (netNanoUsd % centNanoUsd !== 0 || netNanoUsd > balanceMaxNanoUsd) return false
  if (readWhole(bonusNanoUsd) === undefined || bonusNanoUsd > netNanoUsd) return false
  return (page === null) === (kind === 'auto_top_up') && origin.length <= textCharactersMax
}

/** What of a payment is not as it was agreed. */
function differencesOf({ accountId }: State, terms: OrderTerms, facts: PaymentFacts): readonly string[] {
  const asked = addNanoUsd(facts.netNanoUsd, facts.taxNanoUsd)
  const differs = {
    account: facts.accountId !== accountId,
    mode: facts.isLive !== terms.isLive,
    currency: facts.currency !== 'usd',
    amount: facts.netNanoUsd !== terms.netNanoUsd,
    received: facts.receivedNanoUsd < asked,
  }
  return Object.entries(differs).flatMap(([name, isDifferent]) => (isDifferent ? [name] : []))
}

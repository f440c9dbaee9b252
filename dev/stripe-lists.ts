// Lists as Stripe gives them, newest first and page by page, and the fields that a request wants as whole objects.

import type Stripe from 'stripe'
import { cashBalanceOf } from './stripe-cash.ts'
import { refuseRequest } from './stripe-error.ts'
import { type Form, formIn, integerIn, textIn, textsIn } from './stripe-form.ts'
import { idOf, type StripeState } from './stripe-state.ts'

const limits = { usual: 10, max: 100 }
/** Stripe's own limit of what may be expanded. */
const depthMax = 4

export function listOf<Thing extends { id: string; created?: number }>(
  things: Iterable<Thing>,
  { form, url }: { form: Form; url: string },
): Stripe.ApiList<Thing> {
  const limit = integerIn(form, 'limit') ?? limits.usual
  if (limit < 1 || limit > limits.max)
    throw refuseRequest({ message: `Invalid limit: must be 1 to ${limits.max}`, param: 'limit' })
  const isWithin = createdFilter(form)
  const all = [...things].filter(({ created }) => isWithin(created)).reverse()
  const after = textIn(form, 'starting_after')
  const before = textIn(form, 'ending_before')
  if (before !== null) {
    const end = indexOf(all, before, 'ending_before')
    const start = Math.max(0, end - limit)
    return { object: 'list', data: all.slice(start, end), has_more: start > 0, url }
  }
  const start = after === null ? 0 : indexOf(all, after, 'starting_after') + 1
  const data = all.slice(start, start + limit)
  return { object: 'list', data, has_more: start + limit < all.length, url }
}

function indexOf(all: readonly { id: string }[], id: string, param: string): number {
  const index = all.findIndex((thing) => thing.id === id)
  if (index === -1)
    throw refuseRequest({ message: `No such object: '${id}'`, code: 'resource_missing', param })
  return index
}

function createdFilter(form: Form): (created: number | undefined) => boolean {
  if (typeof form['created'] === 'string') {
    const exact = integerIn(form, 'created')
    return (created) => created === exact
  }
  const range = formIn(form, 'created')
  const [gt, gte, lt, lte] = ['gt', 'gte', 'lt', 'lte'].map((name) => integerIn(range, name))
  return (created = 0) =>
    created > (gt ?? -1) &&
    created >= (gte ?? 0) &&
    created < (lt ?? Infinity) &&
    created <= (lte ?? Infinity)
}

/** Those whose fields are what the query says. */
export function having<Thing extends object>(
  things: Iterable<Thing>,
  form: Form,
  names: readonly (keyof Thing & string)[],
): readonly Thing[] {
  const asked = names.flatMap((name) => {
    const text = textIn(form, name)
    return text === null ? [] : [{ name, text }]
  })
  return [...things].filter((thing) => asked.every(({ name, text }) => fieldText(thing[name]) === text))
}

function fieldText(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null && 'id' in value ? idOf({ id: String(value.id) }) : null
}

type Json = { [name: string]: unknown }

/** The answer as it leaves: a copy, with what `expand` names put in place of its id. */
export function expanded(state: StripeState, thing: unknown, form: Form): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(thing))
  for (const path of textsIn(form, 'expand')) expand(state, copy, path.split('.').slice(0, depthMax + 1))
  return copy
}

function expand(state: StripeState, at: unknown, [name, ...rest]: readonly string[]): void {
  if (name === undefined || typeof at !== 'object' || at === null) return
  if (Array.isArray(at)) {
    for (const one of at) expand(state, one, [name, ...rest])
    return
  }
  const holder = at as Json
  const value = holder[name]
  if (typeof value === 'string') {
    const found = state.find(value)
    if (found !== undefined) holder[name] = JSON.parse(JSON.stringify(found))
  } else if (value === undefined) {
    const included = includable(state, String(holder['id']), name)
    if (included !== undefined) holder[name] = JSON.parse(JSON.stringify(included))
  }
  expand(state, holder[name], rest)
}

/** What stands in an object only where it is asked for. */
function includable(state: StripeState, id: string, name: string): unknown {
  if (name === 'payments' && state.invoices.has(id)) {
    const data = [...state.invoicePayments.values()].filter(({ invoice }) => invoice === id)
    return { object: 'list', data, has_more: false, url: '/v1/invoice_payments' }
  }
  if (name === 'cash_balance' && state.customers.has(id)) return cashBalanceOf(state, id)
  if (name !== 'line_items') return undefined
  const data = state.lineItems.get(id)
  if (data === undefined) return undefined
  return { object: 'list', data, has_more: false, url: `/v1/checkout/sessions/${id}/line_items` }
}

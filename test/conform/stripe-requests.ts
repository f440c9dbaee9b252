// Judges one request to Stripe as it went over the wire: its parameters against the types of Stripe's own package (numbers whole,
// lists of words closed), its version, and that whatever changes something has a key of the caller's own.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Definitions, differences, type Schema } from './schema-check.ts'
import type { SchemaFile } from './wire-schemas.ts'

/** What is judged of a request. */
export type AskedOfStripe = {
  method: string
  path: string
  params: { readonly [name: string]: unknown }
  idempotencyKey: string | null
  apiVersion: string | null
}

/** Of each route the name in schemas/stripe-types.ts; the more particular path first. */
const routes: readonly (readonly [method: string, path: string, type: string])[] = [
  ...crud('customers', 'Customer', ['create', 'retrieve', 'update', 'list', 'delete']),
  ['GET', '/v1/customers/:id/payment_methods', 'CustomerPaymentMethodList'],
  ...crud('payment_methods', 'PaymentMethod', ['retrieve', 'update', 'list']),
  ...steps('payment_methods', 'PaymentMethod', { attach: 'Attach', detach: 'Detach' }),
  ...crud('setup_intents', 'SetupIntent', ['create', 'retrieve', 'list']),
  ...steps('setup_intents', 'SetupIntent', { confirm: 'Confirm', cancel: 'Cancel' }),
  ...crud('checkout/sessions', 'Session', ['create', 'retrieve', 'list']),
  ...steps('checkout/sessions', 'Session', { expire: 'Expire' }),
  ['GET', '/v1/checkout/sessions/:id/line_items', 'SessionLineItemList'],
  ...crud('payment_intents', 'PaymentIntent', ['create', 'retrieve', 'update', 'list']),
  ...steps('payment_intents', 'PaymentIntent', { confirm: 'Confirm', cancel: 'Cancel' }),
  ...crud('refunds', 'Refund', ['create', 'retrieve', 'list']),
  ...crud('disputes', 'Dispute', ['retrieve', 'list']),
  ...crud('charges', 'Charge', ['retrieve', 'list']),
  ...crud('balance_transactions', 'BalanceTransaction', ['retrieve', 'list']),
  ...crud('radar/early_fraud_warnings', 'EarlyFraudWarning', ['retrieve', 'list']),
  ...crud('invoices', 'Invoice', ['create', 'retrieve', 'update', 'list', 'delete']),
  ...steps('invoices', 'Invoice', {
    finalize: 'Finalize',
    send: 'Send',
    pay: 'Pay',
    void: 'Void',
    mark_uncollectible: 'MarkUncollectible',
  }),
  ['GET', '/v1/invoices/:id/lines', 'InvoiceLineItemList'],
  ['GET', '/v1/invoice_payments', 'InvoicePaymentList'],
  ...crud('invoiceitems', 'InvoiceItem', ['create', 'list', 'delete']),
  ...crud('subscriptions', 'Subscription', ['create', 'retrieve', 'update', 'list']),
  ['DELETE', '/v1/subscriptions/:id', 'SubscriptionCancel'],
  ...crud('products', 'Product', ['create', 'retrieve']),
  ...crud('prices', 'Price', ['create', 'retrieve', 'list']),
  ['POST', '/v1/billing_portal/sessions', 'PortalSessionCreate'],
  ...crud('events', 'Event', ['retrieve', 'list']),
]

type Verb = 'create' | 'retrieve' | 'update' | 'list' | 'delete'

function crud(folder: string, type: string, verbs: readonly Verb[]): (readonly [string, string, string])[] {
  const of = {
    create: ['POST', '', 'Create'],
    retrieve: ['GET', '/:id', 'Retrieve'],
    update: ['POST', '/:id', 'Update'],
    list: ['GET', '', 'List'],
    delete: ['DELETE', '/:id', 'Delete'],
  } as const
  return verbs.map((verb) => {
    const [method, rest, name] = of[verb]
    return [method, `/v1/${folder}${rest}`, `${type}${name}`] as const
  })
}

function steps(folder: string, type: string, names: { readonly [step: string]: string }) {
  return Object.entries(names).map(
    ([step, name]) => ['POST', `/v1/${folder}/:id/${step}`, `${type}${name}`] as const,
  )
}

export const stripeRouteTypes: readonly string[] = routes.map(([, , type]) => type)

/** Made by schemas/generate.mjs. */
export const stripeSchemas = JSON.parse(
  readFileSync(join(import.meta.dirname, 'schemas/stripe.json'), 'utf8'),
) as SchemaFile

/** In a form everything is text. */
function onTheWire(schema: Schema): Schema {
  const { properties, items, anyOf, additionalProperties: others, ...rest } = schema
  return {
    ...asText(rest),
    ...(properties && { properties: mapped(properties) }),
    ...(items && { items: onTheWire(items) }),
    ...(anyOf && { anyOf: anyOf.map(onTheWire) }),
    ...(others !== undefined && {
      additionalProperties: typeof others === 'object' ? onTheWire(others) : others,
    }),
  }
}

function asText(schema: Schema): Schema {
  const { type } = schema
  if (Array.isArray(type)) return { type: 'string' }
  if ('const' in schema) return { ...schema, type: 'string', const: String(schema.const) }
  switch (type) {
    case 'integer':
      return { type: 'string', pattern: String.raw`^-?\d+$` }
    case 'boolean':
      return { type: 'string', enum: ['true', 'false'] }
    case 'null':
      return { type: 'string', const: '' }
    default:
      return schema
  }
}

function mapped(definitions: Definitions): Definitions {
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, onTheWire(schema)]))
}

const wireDefinitions = mapped(stripeSchemas.definitions)

/** What the package writes where nobody named a key: another one for each request, so that it protects nothing. */
const randomKey = /^stripe-node-retry-/

/** What is wrong with it, one sentence each. */
export function stripeFaults(request: AskedOfStripe, pinnedVersion: string): readonly string[] {
  const { method, path, params, idempotencyKey: key, apiVersion } = request
  const type = routes.find(([verb, pattern]) => verb === method && matches(path, pattern))?.[2]
  const place = `${method} ${path}`
  return [
    ...(type === undefined
      ? [`${place} is no route that is judged`]
      : differences(params, type, wireDefinitions)),
    ...(apiVersion === pinnedVersion ? [] : [`${place} speaks version ${apiVersion}, not ${pinnedVersion}`]),
    ...(method !== 'POST' || (key !== null && !randomKey.test(key))
      ? []
      : [`${place} has no idempotency key of its own`]),
  ]
}

function matches(path: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replace(':id', '[^/]+')}$`).test(path)
}

/** Remembers keys: a second request under one must be the first one again. */
export class StripeKeyJudge {
  private readonly seen = new Map<string, string>()

  faultsOf({ method, path, params, idempotencyKey: key }: AskedOfStripe): readonly string[] {
    if (key === null) return []
    const request = `${method} ${path} ${JSON.stringify(params)}`
    const before = this.seen.get(key)
    this.seen.set(key, before ?? request)
    return before === undefined || before === request
      ? []
      : [`the key ${key} was used for ${before}, and again for ${request}`]
  }
}

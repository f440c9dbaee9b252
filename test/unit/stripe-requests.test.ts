// What the judge of requests to Stripe lets pass and what it reports, asked by the released package of a real stand-in.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Stripe from 'stripe'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cloneDir } from '../../dev/clone.ts'
import { startStripe, type StripeStandIn } from '../../dev/stripe.ts'
import { stripeRoutes } from '../../dev/stripe-routes.ts'
import { stripeApiVersion } from '../../dev/stripe-state.ts'
import { stripeFaults, StripeKeyJudge, stripeRouteTypes, stripeSchemas } from '../conform/stripe-requests.ts'
import { judgeOfStripe } from '../world/judged-stripe.ts'

let standIn: StripeStandIn
let stripe: Stripe

beforeAll(async () => {
  standIn = await startStripe()
  const { hostname, port } = new URL(standIn.url)
  const address = { host: hostname, port, protocol: 'http' as const }
  stripe = new Stripe(standIn.secretKey, { ...address, maxNetworkRetries: 0, telemetry: false })
})

afterAll(() => standIn.stop())

/** What is wrong with the request that this makes. */
async function faultsOf(
  ask: (options: Stripe.RequestOptions) => Promise<unknown>,
): Promise<readonly string[]> {
  standIn.control.forgetRequests()
  // An answer is not the point: what is judged may well be refused.
  await ask({ idempotencyKey: 'of the test' }).catch(() => undefined)
  return standIn.control.requests().flatMap((request) => stripeFaults(request, stripeApiVersion))
}

const checkout: Stripe.Checkout.SessionCreateParams = {
  mode: 'payment',
  ui_mode: 'embedded_page',
  return_url: 'https://shop.example/back',
  customer: 'cus_1',
  client_reference_id: 'acct_1',
  metadata: { order_id: 'ord_1' },
  line_items: [
    {
      quantity: 1,
      price_data: {
        currency: 'usd',
        unit_amount: 1_000,
        tax_behavior: 'exclusive',
        product_data: { name: 'Credit' },
      },
    },
  ],
  automatic_tax: { enabled: true },
  adaptive_pricing: { enabled: true },
  payment_intent_data: { metadata: { order_id: 'ord_1' }, receipt_email: 'a@example.com' },
  payment_method_options: { card: { setup_future_usage: 'off_session' } },
}
const charge: Stripe.PaymentIntentCreateParams = {
  amount: 2_000,
  currency: 'usd',
  customer: 'cus_1',
  payment_method: 'pm_1',
  off_session: true,
  confirm: true,
  error_on_requires_action: true,
  metadata: { attempt: 'ord_2' },
}
/** As a program does that the compiler does not see. */
const odd = <Params>(params: Params, change: object): Params => ({ ...params, ...change })

test.each<[string, (options: Stripe.RequestOptions) => Promise<unknown>]>([
  ['a checkout', (options) => stripe.checkout.sessions.create(checkout, options)],
  ['a charge without the customer', (options) => stripe.paymentIntents.create(charge, options)],
  ['metadata that are emptied', (options) => stripe.customers.update('cus_1', { metadata: '' }, options)],
  [
    'a list with a range',
    () => stripe.paymentIntents.list({ customer: 'cus_1', created: { gte: 1 }, limit: 100 }),
  ],
  [
    'a look with what is to be expanded',
    () => stripe.checkout.sessions.retrieve('cs_1', { expand: ['line_items'] }),
  ],
])('%s passes', async (_, ask) => {
  expect(await faultsOf(ask)).toEqual([])
})

test.each<[string, (options: Stripe.RequestOptions) => Promise<unknown>, string]>([
  [
    'a fraction of a cent',
    (options) => stripe.paymentIntents.create({ ...charge, amount: 10.5 }, options),
    'amount is "10.5"',
  ],
  [
    'a name of last year',
    (options) => stripe.checkout.sessions.create(odd(checkout, { ui_mode: 'embedded' }), options),
    'ui_mode is "embedded"',
  ],
  [
    'a field that is not there',
    (options) => stripe.paymentIntents.create(odd(charge, { receipt: 'yes' }), options),
    'receipt is no field there',
  ],
  [
    'a field that is missing',
    (options) => stripe.paymentIntents.create(odd(charge, { currency: undefined }), options),
    'currency is missing',
  ],
  [
    'a word of an open list',
    (options) =>
      stripe.refunds.create({ payment_intent: 'pi_1', reason: odd('x' as 'duplicate', {}) }, options),
    'reason is',
  ],
  ['no key', () => stripe.paymentIntents.create(charge), 'no idempotency key of its own'],
  [
    'another version',
    (options) => stripe.customers.create({}, { ...options, apiVersion: '2020-08-27' }),
    'speaks version 2020-08-27',
  ],
  ['a route that nobody judges', () => stripe.payouts.list(), 'is no route that is judged'],
])('%s is reported', async (_, ask, says) => {
  expect((await faultsOf(ask)).join('\n')).toContain(says)
})

test('a key that is used for two requests is reported, and one that is sent again is not', () => {
  const keys = new StripeKeyJudge()
  const request = {
    method: 'POST',
    path: '/v1/refunds',
    apiVersion: stripeApiVersion,
    idempotencyKey: 'refund:1',
  }
  expect(keys.faultsOf({ ...request, params: { amount: '1' } })).toEqual([])
  expect(keys.faultsOf({ ...request, params: { amount: '1' } })).toEqual([])
  expect(keys.faultsOf({ ...request, params: { amount: '2' } })).toHaveLength(1)
})

test('a world that is started with the judge tells what was wrong, once', async () => {
  const judged = await startStripe({ judge: judgeOfStripe() })
  const { hostname, port } = new URL(judged.url)
  const address = { host: hostname, port, protocol: 'http' as const }
  const client = new Stripe(judged.secretKey, { ...address, maxNetworkRetries: 0, telemetry: false })
  await client.customers.create({}, { idempotencyKey: 'customer-1' })
  expect(judged.control.takeFaults()).toEqual([])
  await client.customers.create({})
  await client.customers.create({ name: 'A' }, { idempotencyKey: 'customer-1' }).catch(() => undefined)
  expect(judged.control.takeFaults()).toEqual([
    expect.stringContaining('no idempotency key of its own'),
    expect.stringContaining('the key customer-1 was used for'),
  ])
  expect(judged.control.takeFaults()).toEqual([])
  await judged.stop()
})

test('the schemas are those of the package that is installed; `npm run schemas` makes them anew', () => {
  const text = readFileSync(join(cloneDir, 'node_modules/stripe/package.json'), 'utf8')
  expect(stripeSchemas.from).toBe(`stripe ${String((JSON.parse(text) as { version: unknown }).version)}`)
  for (const type of stripeRouteTypes) expect(stripeSchemas.definitions).toHaveProperty([type])
})

test('every route that the stand-in answers is judged', async () => {
  const unjudged = stripeRoutes.filter(({ method, pattern }) => {
    const path = pattern.replace(':id', 'id_1')
    const request = { method, path, params: {}, idempotencyKey: 'a', apiVersion: stripeApiVersion }
    return stripeFaults(request, stripeApiVersion).join().includes('no route that is judged')
  })
  // Made by tests alone: the product gets its cards from pages.
  expect(unjudged.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual(['POST /v1/payment_methods'])
})

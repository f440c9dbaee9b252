// The door for Stripe's events: what is not signed by Stripe, for us and now, changes nothing.

import Stripe from 'stripe'
import { expect, test } from 'vitest'

import { asMillis } from '#core/clock.ts'
import { errorKindOf } from '#core/errors.ts'
import { makeRequestId } from '#core/ids.ts'
import { jsonLog } from '#core/log.ts'
import { paymentConfig, webhookSecrets } from './config.ts'
import type { WebhookParts } from './parts.ts'
import { stripeProvider } from './stripe.ts'
import { webhookRoutes } from './webhook.ts'

const secret = 'whsec_0123456789abcdef0123456789abcdef'
const previous = 'whsec_fedcba9876543210fedcba9876543210'
const now = asMillis(Date.UTC(2026, 10, 21, 12))

const settings = {
  ENVIRONMENT: 'development',
  STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef0123',
  STRIPE_WEBHOOK_SECRET: secret,
  STRIPE_WEBHOOK_SECRET_PREVIOUS: previous,
}

function doorOf(env: Partial<typeof settings> = {}) {
  const read = { ...settings, ...env }
  const config = paymentConfig(read)
  const parts: WebhookParts = {
    provider: async () => (config === undefined ? undefined : stripeProvider(config)),
    accounts: () => {
      throw new Error('No account is asked.')
    },
    plans: { get: () => undefined, list: () => [] },
    db: undefined,
    clock: { now: () => now, sleep: async () => undefined },
    log: jsonLog(
      () => undefined,
      () => now,
    ),
    webhookSecrets: webhookSecrets(read),
    makeRequestId: () => makeRequestId(now, (bytes) => new Uint8Array(bytes)),
    refuseWith: ({ code }) => Response.json({ code }, { status: errorKindOf(code).status }),
  }
  return webhookRoutes(parts)
}

function eventText(more: object = {}): string {
  return JSON.stringify({
    id: 'evt_1',
    object: 'event',
    type: 'an.event.of.no.interest',
    livemode: false,
    data: { object: { id: 'x' } },
    ...more,
  })
}

async function signedWith(with_: string, { text = eventText(), ageSeconds = 0 } = {}): Promise<Request> {
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    payload: text,
    secret: with_,
    timestamp: Math.floor(now / 1_000) - ageSeconds,
    cryptoProvider: Stripe.createSubtleCryptoProvider(),
  })
  return requestOf(text, signature)
}

function requestOf(body: string, signature: string): Request {
  const headers = { 'stripe-signature': signature }
  return new Request('http://localhost/webhooks/stripe', { method: 'POST', body, headers })
}

// Cases: payments 5
test.each([
  ['the present secret', secret],
  ['the one before, during a roll', previous],
])('an event under %s is taken', async (_which, signing) => {
  const response = await doorOf().fetch(await signedWith(signing))
  expect([response.status, await response.json()]).toEqual([200, { received: true, outcome: 'ignored' }])
})

test('an event may be five minutes old', async () => {
  expect((await doorOf().fetch(await signedWith(secret, { ageSeconds: 300 }))).status).toBe(200)
})

// Cases: payments 1, 2, 3, 18
test.each([
  ['of another secret', () => signedWith('whsec_of_somebody_else_altogether')],
  ['without a signature', async () => requestOf(eventText(), '')],
  ['with a signature that is none', async () => requestOf(eventText(), 't=1,v1=zz')],
  ['301 seconds old', () => signedWith(secret, { ageSeconds: 301 })],
  [
    'changed on its way',
    async () => {
      const signed = await signedWith(secret, { text: eventText({ data: { object: { amount: 500 } } }) })
      const changed = (await signed.text()).replace('500', '900')
      return requestOf(changed, signed.headers.get('stripe-signature') ?? '')
    },
  ],
  [
    'of live mode where test money is taken',
    () => signedWith(secret, { text: eventText({ livemode: true }) }),
  ],
  ['that is no event', () => signedWith(secret, { text: '{"object":"event"}' })],
  ['that is no JSON', () => signedWith(secret, { text: 'evt_1' })],
])('an event %s is refused', async (_what, make) => {
  expect((await doorOf().fetch(await make())).status).toBe(400)
})

test('an event of test mode is refused where live money is taken', async () => {
  const door = doorOf({ STRIPE_SECRET_KEY: 'sk_live_0123456789abcdef0123' })
  expect((await door.fetch(await signedWith(secret))).status).toBe(400)
})

// Cases: payments 4; billing-bugs 46
test.each([
  ['no webhook secret', { STRIPE_WEBHOOK_SECRET: '' }],
  ['a webhook secret that can be guessed', { STRIPE_WEBHOOK_SECRET: 'whsec_short' }],
  ['a webhook secret with a blank', { STRIPE_WEBHOOK_SECRET: `${secret} ` }],
  ['no key', { STRIPE_SECRET_KEY: '' }],
  ['a key that is none of Stripe’s', { STRIPE_SECRET_KEY: 'key_0123456789abcdef0123456789' }],
])('with %s the door is closed, whatever is sent', async (_what, env) => {
  const door = doorOf(env)
  expect((await door.fetch(await signedWith(secret))).status).toBe(503)
  expect((await door.fetch(await signedWith(''.padEnd(20, 'x')))).status).toBe(503)
})

test('in production nothing stands in for Stripe', () => {
  const env = { ...settings, STRIPE_BASE_URL: 'http://127.0.0.1:1' }
  expect(paymentConfig(env)?.baseUrl?.port).toBe('1')
  expect(paymentConfig({ ...env, ENVIRONMENT: 'production' })?.baseUrl).toBeUndefined()
})

test('a body without end is refused before much of it is kept, whoever sends it', async () => {
  let chunks = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      chunks += 1
      controller.enqueue(new Uint8Array(65_536))
    },
  })
  // Node wants to know that the answer waits for the body.
  const asked = { method: 'POST', body, duplex: 'half' }
  const request = new Request('http://localhost/webhooks/stripe', asked)
  expect((await doorOf().fetch(request)).status).toBe(413)
  expect(chunks).toBeLessThan(20)
})

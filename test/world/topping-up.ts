// An account with automatic top-up as its owner sees it, for journeys: the console's API on one side, Stripe's stand-in on the
// other. Money is spent by metering messages, which cost two cents each.

import type { StripeRequest } from '../../dev/stripe-control.ts'
import type { FaultKind } from '../../dev/stripe-faults.ts'
import { stripeApiVersion } from '../../dev/stripe-state.ts'
import type { WorldClient } from '../../dev/world-client.ts'
import { type Buyer, buyerOf, readingKey } from './buying.ts'
import { valueAt } from './chat.ts'
import { eventually } from './eventually.ts'
import { ask, type WireAnswer } from './gateway.ts'

const centsPerMessage = 2

export type Owner = Buyer & {
  /** Leaves a card on the provider's page; answers with its id once the account knows it. */
  save(card?: string): Promise<string>
  /** Below $10, $20, unless said otherwise. */
  enable(terms?: object): Promise<WireAnswer>
  spend(dollars: number): Promise<void>
  /** As `GET /api/auto-top-up` says. */
  seen: () => Promise<unknown>
  /** Waits until it says so. */
  becomes(wanted: { readonly [name: string]: unknown }): Promise<unknown>
  /** The payments that Stripe was asked to make, repeats under the same key left out. */
  asked: () => Promise<readonly StripeRequest[]>
  /** Answers the bank's question about the payment that waits, on a page with Stripe's script. */
  confirm(): Promise<void>
  /** The next requests to make one meet this. */
  breakCharge(kind: FaultKind, times?: number): Promise<void>
  /** The account's automatic top-ups, as its books have them. */
  credits: () => Promise<number>
}

export async function newOwner(world: WorldClient, creditUsd: string): Promise<Owner> {
  const account = await world.newAccount({ creditUsd, settings: { rpm: 100_000 }, key: readingKey })
  const { accountId, apiKey } = account
  const { control } = world.stripe
  const buyer = buyerOf(world, account)
  const { api } = buyer
  let messages = 0
  const seen = async () => (await api('GET', '/api/auto-top-up')).body
  return {
    ...buyer,
    save: async (card = 'pm_card_visa') => {
      const before = valueAt(await seen(), 'payment_method')
      const { body } = await api('POST', '/api/payment-methods', { page: 'hosted' })
      await control.pay({ sessionId: String(valueAt(body, 'id')), method: card })
      const now = await eventually(seen, (found) => valueAt(found, 'payment_method') !== before)
      return String(valueAt(now, 'payment_method'))
    },
    enable: (terms = {}) =>
      api('PUT', '/api/auto-top-up', { enabled: true, threshold: '10.00', amount: '20.00', ...terms }),
    spend: async (dollars) => {
      messages += 1
      const quantity = Math.round((dollars * 100) / centsPerMessage)
      const body = { consumable: 'sms', quantity, idempotency_key: `spend ${messages}` }
      const answer = await ask(world, { apiKey, method: 'POST', path: '/v1/meter', body })
      if (answer.status !== 200) throw new Error(`The meter answered ${answer.status}: ${answer.text}`)
    },
    seen,
    becomes: (wanted) => eventually(seen, (found) => hasAll(found, wanted)),
    asked: async () => {
      const requests = await control.requests({
        method: 'POST',
        path: '/v1/payment_intents',
        mentions: accountId,
      })
      const keys = new Set<string | null>()
      return requests.filter(({ path, idempotencyKey }) => {
        if (path !== '/v1/payment_intents' || keys.has(idempotencyKey)) return false
        keys.add(idempotencyKey)
        return true
      })
    },
    confirm: async () => {
      const { body } = await api('GET', '/api/auto-top-up/confirmation')
      const [paymentIntentId, card] = [valueAt(body, 'payment'), valueAt(body, 'payment_method')].map(String)
      await askAsBrowser(world, String(paymentIntentId), String(card))
      await control.authenticate({ paymentIntentId: String(paymentIntentId), isPassed: true })
    },
    breakCharge: (kind, times = 1) =>
      control.plantFault({ kind, method: 'POST', path: '/v1/payment_intents', mentions: accountId, times }),
    credits: async () => (await buyer.transactions()).filter(([type]) => type === 'auto_top_up').length,
  }
}

function hasAll(found: unknown, wanted: { readonly [name: string]: unknown }): boolean {
  return Object.entries(wanted).every(([name, value]) => valueAt(found, name) === value)
}

/** The script's own request. */
async function askAsBrowser({ stripe }: WorldClient, paymentIntentId: string, card: string): Promise<void> {
  await fetch(`${stripe.url}/v1/payment_intents/${paymentIntentId}/confirm`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stripe.secretKey}`,
      'stripe-version': stripeApiVersion,
      'content-type': 'application/x-www-form-urlencoded',
      'idempotency-key': `browser:${paymentIntentId}`,
    },
    body: new URLSearchParams({ payment_method: card, return_url: 'https://example.com/billing' }),
  })
}

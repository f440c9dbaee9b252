// Buying credit as a person does it, for journeys: the console's API on one side, Stripe's stand-in on the other.

import type { WorldClient } from '../../dev/world-client.ts'
import { valueAt } from './chat.ts'
import { ask, type WireAnswer } from './gateway.ts'

export type Buyer = {
  accountId: string
  /** A request under `/api` as the account's owner. */
  api: (
    method: string,
    path: string,
    body?: object,
    headers?: { [name: string]: string },
  ) => Promise<WireAnswer>
  /** Places an order and opens its page. */
  buy(amount: string, more?: { key?: string; save_card?: boolean; page?: string }): Promise<Bought>
  balance: () => Promise<unknown>
  /** The account's movements of money, oldest first. */
  transactions: () => Promise<readonly (readonly [string, string, string])[]>
}

export type Bought = { orderId: string; sessionId: string; answer: WireAnswer }

export async function newBuyer(world: WorldClient, creditUsd = '0'): Promise<Buyer> {
  return buyerOf(world, await world.newAccount({ creditUsd, key: readingKey }))
}

/** Calls, and sees its balance. */
export const readingKey = { scopes: ['inference', 'balance:read'] }

export function buyerOf(
  world: WorldClient,
  { accountId, apiKey }: { accountId: string; apiKey: string },
): Buyer {
  const api: Buyer['api'] = (method, path, body, headers = {}) => {
    const named =
      body === undefined ? `${path}${path.includes('?') ? '&' : '?'}account_id=${accountId}` : path
    const whole = body === undefined ? undefined : { account_id: accountId, ...body }
    return ask(world, { apiKey: world.operatorToken, method, path: named, body: whole, headers })
  }
  return {
    accountId,
    api,
    buy: async (amount, { key, ...more } = {}) => {
      const headers: { [name: string]: string } = key === undefined ? {} : { 'idempotency-key': key }
      const answer = await api('POST', '/api/top-ups', { amount, ...more }, headers)
      return { orderId: String(valueAt(answer.body, 'id')), sessionId: sessionIn(answer), answer }
    },
    balance: async () => valueAt(await world.operator('GET', `/accounts/${accountId}`), 'balance'),
    transactions: async () => {
      const { body } = await ask(world, { apiKey, path: '/v1/account/transactions?limit=100' })
      const data = valueAt(body, 'data')
      const lines: readonly unknown[] = Array.isArray(data) ? data : []
      return lines
        .map((line) => {
          const text = (name: string) => String(valueAt(line, name))
          return [text('type'), text('amount'), text('running_balance')] as const
        })
        .toReversed()
    },
  }
}

/** The client's secret begins with the id of its session, and so does the end of a hosted address. */
function sessionIn({ body }: WireAnswer): string {
  return /cs_test_[0-9A-Za-z]+/.exec(JSON.stringify(valueAt(body, 'checkout') ?? null))?.[0] ?? ''
}

/** The payment of an order's page, by Stripe's own id. */
export async function paymentOf(world: WorldClient, sessionId: string): Promise<string> {
  const session = await world.stripe.control.object({ id: sessionId })
  return String(valueAt(session, 'payment_intent'))
}

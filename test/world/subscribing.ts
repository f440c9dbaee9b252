// An account that pays for a plan as its owner sees it, for journeys: the console's API on one side, Stripe's stand-in on the other.

import { eventually } from './eventually.ts'
import type { WorldClient } from '../../dev/world-client.ts'
import { valueAt } from './chat.ts'
import { ask, type WireAnswer } from './gateway.ts'

export type Subscriber = {
  accountId: string
  apiKey: string
  /** A request under `/api` as the account's owner. */
  api(method: string, path: string, body?: object, headers?: { [name: string]: string }): Promise<WireAnswer>
  /** As `GET /api/plan` says, which looks at Stripe. */
  plan(): Promise<unknown>
  /** The page of a plan, with nothing paid on it yet. */
  begin(plan: string, more?: object): Promise<{ sessionId: string; answer: WireAnswer }>
  /** Pays on a page of it; answers with the subscription. */
  subscribe(plan: string, card?: string): Promise<string>
  /** As the account itself knows it: nobody asks Stripe for this. */
  allowance(consumable?: string): Promise<unknown>
  known(): Promise<unknown>
  /** What has been granted, by the account's own lines. */
  grants(): Promise<readonly string[]>
  meter(quantity: number, key: string): Promise<WireAnswer>
}

export async function newSubscriber(world: WorldClient, creditUsd = '0'): Promise<Subscriber> {
  const { accountId, apiKey } = await world.newAccount({
    creditUsd,
    key: { scopes: ['inference', 'balance:read'] },
  })
  const { control } = world.stripe
  const api: Subscriber['api'] = (method, path, body, headers = {}) => {
    const named =
      body === undefined ? `${path}${path.includes('?') ? '&' : '?'}account_id=${accountId}` : path
    const whole = body === undefined ? undefined : { account_id: accountId, ...body }
    return ask(world, { apiKey: world.operatorToken, method, path: named, body: whole, headers })
  }
  const begin: Subscriber['begin'] = async (plan, more = {}) => {
    const answer = await api('POST', '/api/plan', { plan, ...more })
    return { sessionId: String(valueAt(answer.body, 'checkout', 'id')), answer }
  }
  const known = async () => (await ask(world, { apiKey, path: '/v1/account' })).body
  return {
    accountId,
    apiKey,
    api,
    begin,
    known,
    plan: async () => (await api('GET', '/api/plan')).body,
    subscribe: async (plan, card = 'pm_card_visa') => {
      const { sessionId } = await begin(plan, { page: 'hosted' })
      await control.pay({ sessionId, method: card })
      return String(valueAt(await control.object({ id: sessionId }), 'subscription'))
    },
    allowance: async (consumable = 'sms') => {
      const all = valueAt(await known(), 'allowances')
      const list: readonly unknown[] = Array.isArray(all) ? all : []
      return list.find((one) => valueAt(one, 'consumable') === consumable)
    },
    grants: async () => {
      const rows = await world.sql(
        "select reference from ledger_entries where account_id = $1 and kind = 'allowance' order by seq",
        [accountId],
      )
      return rows.map((row) => String(valueAt(row, 'reference')))
    },
    meter: (quantity, key) =>
      ask(world, { apiKey, path: '/v1/meter', body: { consumable: 'sms', quantity, idempotency_key: key } }),
  }
}

/** The plan in force, as the account's own key sees it. */
export const planOf = async (one: Subscriber): Promise<unknown> => valueAt(await one.known(), 'plan', 'id')

/** The plan in force once it is this one, or what it still is when patience is over. */
export const isOn = (one: Subscriber, plan: string | undefined): Promise<unknown> =>
  eventually(
    () => planOf(one),
    (found) => found === plan,
  )

/** At least so many, from rows that Postgres gets a moment later. */
export const grantsOf = (one: Subscriber, count: number): Promise<readonly string[]> =>
  eventually(
    () => one.grants(),
    (found) => found.length >= count,
  )

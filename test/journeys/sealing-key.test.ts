// The operator rolls the key that seals secrets: a day in three settings, and nobody outside notices.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { makeTemporaryDir } from '../../dev/clone.ts'
import type { ReceivedHook } from '../../dev/webhook-inbox.ts'
import { startWorld, type World } from '../../dev/world.ts'
import { type Buyer, newBuyer } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { leaveCard } from '../world/saving-cards.ts'

const [old, fresh] = ['an old key that has been used for long', 'a new key that nobody else has ever seen']
const folder = makeTemporaryDir()
const keep = { stateDir: join(folder.path, 'state'), postgresDir: join(folder.path, 'postgres') }
const email = 'ada@ada.example'
let world: World | undefined
let accountId = ''
let endpointId = ''
let secret = ''

/** The same deployment with other settings. */
async function deploy(vars: { readonly [name: string]: string }): Promise<World> {
  await world?.stop()
  world = undefined
  world = await startWorld({ keep, vars })
  return world
}

beforeAll(async () => {
  const first = await deploy({ SEALING_KEY: old })
  const buyer = await newBuyer(first)
  ;({ accountId } = buyer)
  const made = await buyer.api('POST', '/api/webhooks', { url: `${first.mailboxUrl}/hooks/${accountId}` })
  ;[endpointId, secret] = [String(valueAt(made.body, 'id')), String(valueAt(made.body, 'secret'))]
  expect((await ask(first, buyer)).status).toBe(201)
}, 120_000)

afterAll(async () => {
  await world?.stop()
  folder.remove()
})

/** Free credit, with a card of one's own. */
async function ask(where: World, buyer: Buyer) {
  await leaveCard(where, buyer)
  return buyer.api('POST', '/api/welcome-credit', { email })
}

/** What the endpoint gets now verifies with the secret that its customer has had from the start. */
async function expectSigned(where: World): Promise<void> {
  const url = `${where.mailboxUrl}/hooks/${accountId}`
  const named = { account_id: accountId }
  await where.api('PATCH', `/webhooks/${endpointId}`, { ...named, url })
  await where.api('POST', `/webhooks/${endpointId}/test`, named)
  const message = await vi.waitFor(
    async () => {
      // The receiver's own list.
      const [first] = (await (await fetch(url)).json()) as readonly ReceivedHook[]
      return first ?? Promise.reject(new Error('nothing yet'))
    },
    { timeout: 30_000 },
  )
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
  )
  expect(new Webhook(secret).verify(message.body, headers)).toMatchObject({ type: 'webhook_test' })
}

const sealed = async (where: World) =>
  (await where.sql('select secret as text from webhook_endpoints union all select sealed from kept_secrets'))
    .map(({ text }) => String(text).split(':')[1])
    .toSorted((a = '', b = '') => a.localeCompare(b))

test('what was sealed before opens during a roll, is sealed anew within the hour and then needs the old key no more', async () => {
  const during = await deploy({ SEALING_KEY: fresh, SEALING_KEY_PREVIOUS: old })
  const before = await sealed(during)
  await expectSigned(during)
  await during.runCron()
  const after = await sealed(during)
  expect(new Set([...before, ...after]).size).toBe(2)
  expect(after).toHaveLength(2)
  const then = await deploy({ SEALING_KEY: fresh })
  await expectSigned(then)
  // The hashes of before are good as well: the mailbox has had its free credit.
  expect(await ask(then, await newBuyer(then))).toMatchObject({
    status: 409,
    body: { error: { metadata: { reason: 'not_eligible' } } },
  })
}, 240_000)

test('with a key that has sealed nothing here no secret is used, and nothing is given or held against anybody', async () => {
  const wrong = await deploy({ SEALING_KEY: 'a key of some other deployment, by mistake' })
  const named = { account_id: accountId }
  await wrong.api('PATCH', `/webhooks/${endpointId}`, {
    ...named,
    url: `${wrong.mailboxUrl}/hooks/${accountId}`,
  })
  await wrong.api('POST', `/webhooks/${endpointId}/test`, named)
  const newest = async () => {
    const path = `/webhooks/${endpointId}/deliveries?account_id=${accountId}`
    return valueAt((await wrong.api('GET', path))['data'], 0)
  }
  await vi.waitFor(
    async () =>
      expect(await newest()).toMatchObject({ state: 'waiting', last_error: 'its secret cannot be opened' }),
    { timeout: 30_000 },
  )
  const endpoint = await wrong.api('GET', `/webhooks/${endpointId}?account_id=${accountId}`)
  expect(endpoint).toMatchObject({ enabled: true, failing_since: null })
  expect(await ask(wrong, await newBuyer(wrong))).toMatchObject({ status: 503, errorCode: 'not_configured' })
}, 120_000)

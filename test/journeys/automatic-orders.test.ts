// Automatic top-ups in the list of what was bought: how each one stands, what it brought, and why it failed.

import { expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { newOwner, type Owner } from '../world/topping-up.ts'
import { eventually } from '../world/eventually.ts'

const { control } = sharedWorld().stripe

async function ready(card?: string): Promise<Owner & { cardId: string }> {
  const owner = await newOwner(sharedWorld(), '10')
  const cardId = await owner.save(card)
  await owner.enable()
  return { ...owner, cardId }
}

const listed = async (owner: Owner) => {
  const data = valueAt((await owner.api('GET', '/api/top-ups')).body, 'data')
  return Array.isArray(data) ? (data as readonly unknown[]) : []
}

const becomes = (owner: Owner, status: string) =>
  eventually(
    () => listed(owner),
    ([first]) => valueAt(first, 'status') === status,
  )

// Requirements: 13, 72
test('an automatic top-up is listed with its receipt, and found by its id', async () => {
  const owner = await ready()
  await owner.spend(1)
  const [first, ...others] = await becomes(owner, 'paid')
  expect(others).toEqual([])
  expect(first).toMatchObject({
    type: 'auto_top_up',
    automatic: true,
    status: 'paid',
    amount: '20.00',
    bonus: '0.00',
    credit: '20.00',
    failure: null,
    receipt: {
      paid: '20.00',
      tax: '0.00',
      payment: expect.stringMatching(/^pi_/),
      entry: expect.any(Number),
    },
    checkout: null,
  })
  const id = String(valueAt(first, 'id'))
  expect(await owner.api('GET', `/api/top-ups/${id}`)).toMatchObject({
    status: 200,
    body: { id, automatic: true },
  })
  const stranger = await newOwner(sharedWorld(), '10')
  expect(await stranger.api('GET', `/api/top-ups/${id}`)).toMatchObject({
    status: 404,
    errorCode: 'not_found',
  })
  const { body } = await askOperator('GET', `/payments?account_id=${owner.accountId}&type=auto_top_up`)
  expect(valueAt(body, 'data')).toMatchObject([
    { id, account_id: owner.accountId, paid: '20.00', status: 'paid' },
  ])
})

test.each([
  ['pm_card_visa', 'insufficient_funds', 'failed', 'insufficient_funds'],
  ['pm_card_visa', 'stolen_card', 'failed', 'stolen_card'],
] as const)(
  'one by %s that is declined (%s) is listed as %s, with why',
  async (card, decline, status, failure) => {
    const owner = await ready(card)
    await control.setCard({ paymentMethodId: owner.cardId, behaviour: { does: 'decline', decline } })
    await owner.spend(1)
    const [first] = await becomes(owner, status)
    expect(first).toMatchObject({ automatic: true, status, failure, amount: '20.00', receipt: null })
  },
)

test('one that its bank wants confirmed is open until its owner has done so', async () => {
  const owner = await ready('pm_card_authenticationRequired')
  await owner.spend(1)
  const [first] = await becomes(owner, 'open')
  expect(first).toMatchObject({ status: 'open', failure: 'authentication_required', receipt: null })
})

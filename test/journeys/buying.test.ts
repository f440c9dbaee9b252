// Buying credit as a new customer does, by every way to pay, and how the operator sees what does not add up with Stripe.

import { expect, test } from 'vitest'
import { type Bought, newBuyer, paymentOf } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { stripeOf } from '../world/stripe.ts'

const control = () => sharedWorld().stripe.control

// Requirements: 32
test('an account is opened, buys credit, gets a key, and its first call is answered', async () => {
  const opened = await askOperator('POST', '/accounts', { name: 'New customer' })
  const accountId = String(valueAt(opened.body, 'id'))
  const { operatorToken: apiKey } = sharedWorld()
  const order = { account_id: accountId, amount: '5', page: 'hosted' }
  const bought = await ask(sharedWorld(), { apiKey, method: 'POST', path: '/api/top-ups', body: order })
  const sessionId = /cs_test_[0-9A-Za-z]+/.exec(String(valueAt(bought.body, 'checkout', 'url')))?.[0] ?? ''
  await control().pay({ sessionId, method: 'pm_card_visa' })
  const issued = await askOperator('POST', `/accounts/${accountId}/keys`, { name: 'first key' })
  const key = String(valueAt(issued.body, 'key'))
  const funded = () => ask(sharedWorld(), { apiKey: key, path: '/v1/key' })
  await eventually(funded, ({ status }) => status === 200)
  const called = () => ask(sharedWorld(), { apiKey: key, body: chatOf({ tokens: 3 }) })
  expect(await eventually(called, ({ status }) => status === 200)).toMatchObject({
    status: 200,
    body: { usage: { cost: expect.any(Number) } },
  })
})

// Requirements: 8, 46
test.each([
  ['a card', 'pm_card_visa', undefined],
  ['a card of another brand', 'pm_card_mastercard', undefined],
  ['a wallet that leads away and back', 'pm_paypal', undefined],
  ['a wallet of another kind', 'pm_cashapp', undefined],
  ['stablecoins', 'pm_crypto', undefined],
  ['a debit of a bank, some days later', 'pm_usBankAccount_success', 'settle'],
  ['a bank transfer, once the money has come', 'pm_bankTransfer', 'transfer'],
] as const)('credit is bought by %s', async (_, method, later) => {
  const buyer = await newBuyer(sharedWorld())
  const { sessionId } = await buyer.buy('20')
  await control().pay({ sessionId, method })
  const paymentIntentId = await paymentOf(sharedWorld(), sessionId)
  if (later !== undefined) {
    await control().deliveriesSettled()
    expect(await buyer.balance()).toBe('0.00')
  }
  if (later === 'settle') await control().settle({ paymentIntentId, end: 'succeeded' })
  if (later === 'transfer') await control().transfer({ paymentIntentId, amount: 2_000 })
  expect(
    await eventually(
      () => buyer.balance(),
      (balance) => balance === '20.00',
    ),
  ).toBe('20.00')
  expect(await buyer.transactions()).toEqual([['purchase', '20.00', '20.00']])
})

type Found = { kind: string; account_id: string | null; subject: string }

async function compare(): Promise<readonly Found[]> {
  const { body } = await askOperator('POST', '/payments/compare', { min_age_minutes: 0 })
  const found = valueAt(body, 'findings')
  return Array.isArray(found) ? (found as Found[]) : []
}

// Cases: payments 57
test('what was paid and not credited, credited twice, or paid for nobody is found, and nothing is changed', async () => {
  const [lost, twice] = [await newBuyer(sharedWorld()), await newBuyer(sharedWorld())]
  await control().holdDeliveries({ mentions: lost.accountId })
  const pay = async ({ sessionId }: Bought) => {
    await control().pay({ sessionId, method: 'pm_card_visa' })
    return paymentOf(sharedWorld(), sessionId)
  }
  const unseen = await pay(await lost.buy('20'))
  await control().dropHeld({ mentions: lost.accountId })
  const double = await pay(await twice.buy('20'))
  await eventually(
    () => twice.balance(),
    (balance) => balance === '20.00',
  )
  const stranger = await stripeOf(sharedWorld()).paymentIntents.create(
    { amount: 700, currency: 'usd', payment_method: 'pm_card_visa', confirm: true, off_session: true },
    { idempotencyKey: `stranger:${unseen}` },
  )
  // As a second credit of the same payment would stand there.
  const rows = () =>
    sharedWorld().sql("select seq from ledger_entries where account_id = $1 and kind = 'purchase'", [
      twice.accountId,
    ])
  await eventually(rows, (found) => found.length === 1)
  await sharedWorld().sql(
    `insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd, balance_after_nano_usd,
       detail, hash, created_at, received_at)
     select account_id, epoch, 1000000 + seq, kind, 'ord_2KKyM7u7c8UqdET02nWDWF', amount_nano_usd, balance_after_nano_usd,
       detail, hash, created_at, received_at
     from ledger_entries where account_id = $1 and kind = 'purchase'`,
    [twice.accountId],
  )
  const found = await compare()
  await sharedWorld().sql('delete from ledger_entries where account_id = $1 and seq > 1000000', [
    twice.accountId,
  ])
  const about = (subject: string) => found.filter((one) => one.subject === subject)
  expect(about(unseen)).toEqual([
    { kind: 'payment_not_credited', account_id: lost.accountId, subject: unseen },
  ])
  expect(about(double)).toEqual([
    { kind: 'payment_credited_twice', account_id: twice.accountId, subject: double },
  ])
  expect(about(stranger.id)).toEqual([{ kind: 'payment_unknown', account_id: null, subject: stranger.id }])
  expect([await lost.balance(), await twice.balance()]).toEqual(['0.00', '20.00'])
  const listed = await askOperator('GET', '/findings?limit=200')
  for (const subject of [unseen, double, stranger.id]) expect(JSON.stringify(listed.body)).toContain(subject)
})

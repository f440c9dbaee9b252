// A receipt for every purchase, once, whatever is told twice; and a word where a purchase has failed.

import { expect, test, vi } from 'vitest'
import { type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { mailsTo, mailTries } from '../world/mailbox.ts'
import { sharedWorld } from '../world/shared-world.ts'

const { control } = sharedWorld().stripe
const patience = { timeout: 30_000 }

async function buyerWithMail(): Promise<{ buyer: Buyer; email: string }> {
  const buyer = await newBuyer(sharedWorld())
  const email = `${buyer.accountId}@customer.example`
  expect((await buyer.api('PUT', '/api/billing-emails', { billing_emails: [email] })).status).toBe(200)
  return { buyer, email }
}

// Requirements: 23
test('a purchase brings its receipt once, though Stripe tells of it again and again', async () => {
  const { buyer, email } = await buyerWithMail()
  const bought = await buyer.buy('1000')
  await control.pay({ sessionId: bought.sessionId, method: 'pm_card_visa' })
  await control.deliveriesSettled()
  const receipts = () => mailsTo(sharedWorld(), email)
  await vi.waitFor(async () => expect(await receipts()).toHaveLength(1), patience)
  await control.redeliver({ mentions: buyer.accountId })
  await control.deliveriesSettled()
  await sharedWorld().operator('POST', `/accounts/${buyer.accountId}/resend`, { from: 1 })
  // The next notice comes behind whatever the repeats would have brought.
  const adjustment = { amount: '-1049.50', reason: 'a test', idempotency_key: 'down' }
  await sharedWorld().operator('POST', `/accounts/${buyer.accountId}/adjustments`, adjustment)
  await vi.waitFor(async () => expect(await receipts()).toHaveLength(2), patience)
  const [receipt, low] = await receipts()
  expect(receipt).toMatchObject({ subject: 'Receipt: $1000.00 of credit', to: [email] })
  expect(receipt?.text).toContain('A bonus of $50.00 comes with it.')
  expect(receipt?.text).toContain('Balance now: $1050.00.')
  expect(receipt?.text).toContain(bought.orderId)
  expect(low?.subject).toBe('Your balance is low: $0.50')
  expect(await mailTries(sharedWorld(), email)).toBe(2)
})

test('a purchase that its bank turns down in the end is told as well', async () => {
  const { buyer, email } = await buyerWithMail()
  const bought = await buyer.buy('10.00')
  await control.pay({ sessionId: bought.sessionId, method: 'pm_usBankAccount_success' })
  const paymentIntentId = await paymentOf(sharedWorld(), bought.sessionId)
  await control.settle({ paymentIntentId, end: 'failed' })
  await control.deliveriesSettled()
  await vi.waitFor(async () => {
    const [mail] = await mailsTo(sharedWorld(), email)
    expect(mail?.subject).toBe('A payment of $10.00 has failed')
  }, patience)
})

// A receipt for every purchase, once, whatever is told twice; and a word where a purchase has failed.

import { expect, test, vi } from 'vitest'
import { type Buyer, newBuyer, paymentOf } from '../world/buying.ts'
import { newOwner } from '../world/topping-up.ts'
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
  expect(receipt?.text).toMatch(
    /Paid: \$1000\.00 by visa ending in 4242\.\s+Your statement shows it as [^\n]+\./,
  )
  expect(receipt?.text).toMatch(/Date: \d{4}-\d\d-\d\d\./)
  expect(receipt?.text).toContain('Seller: Sluice.')
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

const subjectsTo = async (email: string) =>
  (await mailsTo(sharedWorld(), email)).map(({ subject }) => subject)

/** With a saved card, before its threshold is reached. */
async function ownerWithMail() {
  const owner = await newOwner(sharedWorld(), '10.50')
  const email = `${owner.accountId}@customer.example`
  await owner.api('PUT', '/api/billing-emails', { billing_emails: [email] })
  const cardId = await owner.save()
  return { owner, email, cardId }
}

// Requirements: 17, 74
test('an automatic top-up is told when it succeeds, and with it that its card ends soon', async () => {
  const { owner, email, cardId } = await ownerWithMail()
  const soon = new Date()
  await control.updateCard({
    paymentMethodId: cardId,
    expMonth: soon.getUTCMonth() + 1,
    expYear: soon.getUTCFullYear(),
  })
  expect((await owner.enable()).status).toBe(200)
  await owner.spend(1)
  await owner.becomes({ state: 'idle', charged_this_month: '20.00' })
  await vi.waitFor(async () => expect(await subjectsTo(email)).toHaveLength(2), patience)
  expect((await subjectsTo(email)).toSorted()).toEqual([
    'Receipt: automatic top-up of $20.00',
    'Your saved card expires soon',
  ])
})

// Requirements: 17, 74
test('an automatic top-up that is declined is told once, with when it is tried again', async () => {
  const { owner, email, cardId } = await ownerWithMail()
  await control.setCard({
    paymentMethodId: cardId,
    behaviour: { does: 'decline', decline: 'insufficient_funds' },
  })
  expect((await owner.enable()).status).toBe(200)
  await owner.spend(1)
  await owner.becomes({ state: 'waiting' })
  await vi.waitFor(async () => expect(await subjectsTo(email)).toHaveLength(1), patience)
  await owner.spend(1)
  await owner.spend(1)
  const [mail] = await mailsTo(sharedWorld(), email)
  expect(mail?.subject).toBe('A payment of $20.00 has failed')
  expect(mail?.text).toContain('(insufficient funds)')
  expect(mail?.text).toContain('It is tried again at')
  expect(await subjectsTo(email)).toHaveLength(1)
})

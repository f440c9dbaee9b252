// The port of invoices against Stripe's stand-in: what the product asks of Stripe, and how it reads the answers.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccountId, invoiceIdOf } from '#core/ids.ts'
import type { PaymentProvider } from '#payments/provider.ts'
import { stripeProvider } from '#payments/stripe.ts'
import { startStripe, type StripeStandIn } from '../../dev/stripe.ts'

const accountId = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(7))
const november = { periodStartMs: Date.UTC(2026, 10, 1), periodEndMs: Date.UTC(2026, 11, 1) }

let standIn: StripeStandIn
let provider: PaymentProvider
let made = 0

beforeAll(async () => {
  standIn = await startStripe()
  provider = stripeProvider({
    secretKey: standIn.secretKey,
    isLive: false,
    baseUrl: new URL(standIn.url),
    hasAutomaticTax: false,
    statementSuffix: undefined,
  })
})
afterAll(() => standIn.stop())

function valueOf<Value>(answer: { ok: true; value: Value } | { ok: false; message: string }): Value {
  if (!answer.ok) throw new Error(answer.message)
  return answer.value
}

async function finalised(cents: readonly number[]) {
  made += 1
  const invoiceId = invoiceIdOf(accountId, made)
  const key = `inv:${invoiceId}`
  const { customerId } = valueOf(await provider.customers.make({ key: 'customer', accountId }))
  const address = { key: 'address', customerId, email: 'billing@customer.example' }
  expect(await provider.customers.setEmail(address)).toEqual({ ok: true, value: { customerId } })
  const asked = { key, accountId, invoiceId, customerId, dueDays: 30, ...november }
  const draft = valueOf(await provider.invoices.draft(asked))
  const again = valueOf(await provider.invoices.draft(asked))
  expect(again.documentId).toBe(draft.documentId)
  const { documentId } = draft
  for (const [index, one] of [...cents, ...cents].entries()) {
    const place = index % cents.length
    const line = { key: `${key}:l${place + 1}`, accountId, invoiceId, documentId, customerId }
    valueOf(await provider.invoices.addLine({ ...line, text: `line ${place + 1}`, cents: one }))
  }
  const document = valueOf(await provider.invoices.finalise({ key: `${key}:finalise`, documentId }))
  return { document, documentId, invoiceId, customerId }
}

// Cases: payments 44
test('asked for again under its keys, a document is one, and has each of its lines once', async () => {
  const { document, documentId, invoiceId, customerId } = await finalised([1_250, 30, -80])
  expect(document).toMatchObject({
    status: 'open',
    accountId,
    invoiceId,
    isLive: false,
    currency: 'usd',
    netNanoUsd: 12_000_000_000,
    taxNanoUsd: 0,
    paymentId: null,
  })
  expect(document.url).toMatch(/^http/)
  expect(document.dueAtMs).toBeGreaterThan(Date.now() + 29 * 86_400_000)
  expect(await provider.invoices.find({ customerId, invoiceId })).toMatchObject({ value: { documentId } })
  const unknown = invoiceIdOf(accountId, 9_999)
  expect(await provider.invoices.find({ customerId, invoiceId: unknown })).toEqual({ ok: true, value: null })
  expect(await provider.invoices.send({ key: `send ${invoiceId}`, documentId })).toMatchObject({ ok: true })
})

test('paid by card it names its payment; paid past Stripe it names none', async () => {
  const byCard = await finalised([900])
  standIn.control.payInvoice({ invoiceId: byCard.documentId, paymentMethodId: 'pm_card_visa' })
  const paid = valueOf(await provider.invoices.look(byCard.documentId))
  expect(paid).toMatchObject({ status: 'paid', netNanoUsd: 9_000_000_000 })
  expect(paid.paymentId).toMatch(/^pi_/)
  const past = await finalised([900])
  standIn.control.payInvoice({ invoiceId: past.documentId })
  expect(await provider.invoices.look(past.documentId)).toMatchObject({
    value: { status: 'paid', paymentId: null },
  })
})

test('withdrawn, it asks for nothing any more', async () => {
  const { documentId, invoiceId } = await finalised([900])
  const asked = { key: `void ${invoiceId}`, documentId }
  expect(await provider.invoices.withdraw(asked)).toMatchObject({ value: { status: 'void' } })
  expect(await provider.invoices.withdraw(asked)).toMatchObject({ value: { status: 'void' } })
})

test('made for a customer without an address it is refused, as Stripe refuses it', async () => {
  const named = { key: 'nobody', accountId }
  const { customerId } = valueOf(await provider.customers.make(named))
  expect(await provider.customers.look(customerId)).toMatchObject({ value: { accountId, email: null } })
  const asked = { accountId, invoiceId: invoiceIdOf(accountId, 500), customerId, dueDays: 30, ...november }
  expect(await provider.invoices.draft({ key: 'to nobody', ...asked })).toMatchObject({ code: 'refused' })
})

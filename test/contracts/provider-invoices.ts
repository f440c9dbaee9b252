// What any payment provider must do for documents of what is owed: drafted, lined, final, sent, paid or void.

import { describe, expect, test } from 'vitest'
import type { Invoices } from '#payments/provider.ts'
import {
  accountId,
  cents,
  customerWithCard,
  dollars,
  gone,
  newInvoiceId,
  newKey,
  refused,
  unknown,
  valueOf,
} from './provider-shop.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

const dayMs = 86_400_000
const dueDays = 14
/** With two changes each, more than any provider tells on one page. */
const manyDocuments = 55

/** With an address: a document is sent somewhere. */
export async function newPayer(tested: ProviderUnderTest) {
  const payer = await customerWithCard(tested)
  const { customers } = tested.provider
  valueOf(await customers.setEmail({ key: newKey(), customerId: payer.customerId, email: 'a@example.com' }))
  return payer
}

export function invoiceFor(customerId: string) {
  const periodStartMs = Date.UTC(2026, 9, 1)
  const periodEndMs = Date.UTC(2026, 10, 1)
  return {
    key: newKey(),
    accountId,
    invoiceId: newInvoiceId(),
    customerId,
    dueDays,
    periodStartMs,
    periodEndMs,
  }
}

export function lineOf(invoice: ReturnType<typeof invoiceFor>, documentId: string, amount = 1_234) {
  const { invoiceId, customerId } = invoice
  return { key: newKey(), accountId, invoiceId, customerId, documentId, text: 'Tokens', cents: amount }
}

/** Final, over $12.34. */
export async function finalDocument(tested: ProviderUnderTest) {
  const { invoices } = tested.provider
  const payer = await newPayer(tested)
  const invoice = invoiceFor(payer.customerId)
  const { documentId } = valueOf(await invoices.draft(invoice))
  valueOf(await invoices.addLine(lineOf(invoice, documentId)))
  valueOf(await invoices.finalise({ key: newKey(), documentId }))
  return { ...payer, ...invoice, documentId }
}

export function describeInvoices(tested: () => ProviderUnderTest): void {
  describe('an invoice', () => {
    drafts(tested)
    ends(tested)
    finding(tested)
  })
}

function drafts(tested: () => ProviderUnderTest): void {
  test('is drafted once under its key, gets each line once, and says whose it is', async () => {
    const { provider, world } = tested()
    const { invoices } = provider
    const { customerId } = await newPayer(tested())
    const invoice = invoiceFor(customerId)
    const draft = valueOf(await invoices.draft(invoice))
    const { documentId } = draft
    expect(draft).toMatchObject({
      customerId,
      isOfSubscription: false,
      status: 'draft',
      accountId,
      invoiceId: invoice.invoiceId,
      isLive: provider.isLive,
      currency: 'usd',
      netNanoUsd: 0,
      paymentId: null,
    })
    expect(valueOf(await invoices.draft(invoice)).documentId).toBe(documentId)
    const lines = [lineOf(invoice, documentId), lineOf(invoice, documentId, -234)]
    for (const line of [...lines, ...lines]) valueOf(await invoices.addLine(line))
    expect(valueOf(await invoices.look(documentId)).netNanoUsd).toBe(dollars(10))
    const finalise = { key: newKey(), documentId }
    const final = valueOf(await invoices.finalise(finalise))
    expect(final).toMatchObject({
      status: 'open',
      netNanoUsd: dollars(10),
      taxNanoUsd: 0,
      url: expect.stringContaining('http'),
    })
    const dueInMs = (final.dueAtMs ?? 0) - (await world.nowMs())
    expect(Math.round(dueInMs / dayMs)).toBe(dueDays)
    expect(valueOf(await invoices.finalise(finalise))).toEqual(final)
    expect(valueOf(await invoices.send({ key: newKey(), documentId })).status).toBe('open')
  })

  test('and its lines stay as they were when their keys are used for others', async () => {
    const { invoices } = tested().provider
    const { customerId } = await newPayer(tested())
    const invoice = { ...invoiceFor(customerId), key: `${reusedKey}: invoice` }
    const { documentId } = valueOf(await invoices.draft(invoice))
    const otherId = newInvoiceId()
    expect(await invoices.draft({ ...invoice, invoiceId: otherId })).toMatchObject(unknown)
    expect(valueOf(await invoices.find({ customerId, invoiceId: otherId }))).toBeNull()
    const line = { ...lineOf(invoice, documentId), key: `${reusedKey}: line` }
    valueOf(await invoices.addLine(line))
    expect(await invoices.addLine({ ...line, cents: 1 })).toMatchObject(unknown)
    expect(valueOf(await invoices.look(documentId)).netNanoUsd).toBe(cents(1_234))
  })

  test('takes no line and is not made final again once it is final', async () => {
    const { invoices } = tested().provider
    const final = await finalDocument(tested())
    const { documentId } = final
    expect(await invoices.addLine(lineOf(final, documentId))).toMatchObject(refused)
    expect(await invoices.finalise({ key: newKey(), documentId })).toMatchObject(refused)
    expect(valueOf(await invoices.look(documentId)).netNanoUsd).toBe(cents(1_234))
  })

  test('that nobody drafted, or for a customer who was deleted, is gone', async () => {
    const { provider, world } = tested()
    const { invoices } = provider
    const asked = { key: newKey(), documentId: 'nobody' }
    const { customerId } = await newPayer(tested())
    await world.deleteCustomer(customerId)
    const answers = [
      invoices.look('nobody'),
      invoices.finalise(asked),
      invoices.send({ ...asked, key: newKey() }),
      invoices.payOutside({ ...asked, key: newKey() }),
      invoices.withdraw({ ...asked, key: newKey() }),
      invoices.draft(invoiceFor(customerId)),
    ]
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(gone)
  })
}

function ends(tested: () => ProviderUnderTest): void {
  test('that was paid past the provider is paid by no payment, once, and cannot be withdrawn any more', async () => {
    const { invoices } = tested().provider
    const { documentId } = await finalDocument(tested())
    const asked = { key: newKey(), documentId }
    for (const _ of ['first', 'again'])
      expect(valueOf(await invoices.payOutside(asked))).toMatchObject({ status: 'paid', paymentId: null })
    expect(await invoices.payOutside({ ...asked, key: newKey() })).toMatchObject(refused)
    expect(await invoices.withdraw({ ...asked, key: newKey() })).toMatchObject(refused)
    expect(valueOf(await invoices.look(documentId)).status).toBe('paid')
  })

  test('that was paid by its customer names the payment, and the payment says so, however it is looked up', async () => {
    const { provider, world } = tested()
    const { documentId, customerId, cardId, invoiceId } = await finalDocument(tested())
    await world.payDocument({ documentId, cardId })
    const paid = valueOf(await provider.invoices.look(documentId))
    expect(paid).toMatchObject({ status: 'paid', paymentId: expect.any(String) })
    expect(valueOf(await provider.payments.paysInvoice(paid.paymentId ?? ''))).toBe(true)
    expect(valueOf(await provider.payments.look(paid.paymentId ?? ''))).toMatchObject({
      isPaid: true,
      receivedNanoUsd: cents(1_234),
    })
    expect(valueOf(await provider.invoices.find({ customerId, invoiceId }))).toEqual(paid)
  })

  test('that was given up says so, is told as a change, and can be paid all the same', async () => {
    const { provider, world } = tested()
    const fromMs = await world.nowMs()
    const { documentId } = await finalDocument(tested())
    await world.giveUpDocument(documentId)
    expect(valueOf(await provider.invoices.look(documentId)).status).toBe('uncollectible')
    const { changes } = valueOf(await provider.invoices.changedSince({ fromMs, after: null }))
    expect(changes.filter((change) => change.documentId === documentId)).toHaveLength(2)
    expect(valueOf(await provider.invoices.payOutside({ key: newKey(), documentId })).status).toBe('paid')
  })

  test('asks for nothing once it was withdrawn, a draft or final, however often', async () => {
    const { invoices } = tested().provider
    const { documentId } = await finalDocument(tested())
    for (const key of [newKey(), newKey()])
      expect(valueOf(await invoices.withdraw({ key, documentId })).status).toBe('void')
    expect(await invoices.payOutside({ key: newKey(), documentId })).toMatchObject(refused)
    const { customerId } = await newPayer(tested())
    const invoice = invoiceFor(customerId)
    const draft = valueOf(await invoices.draft(invoice))
    const withdraw = { key: newKey(), documentId: draft.documentId }
    expect(valueOf(await invoices.withdraw(withdraw)).status).toBe('void')
    expect(await invoices.look(draft.documentId)).toMatchObject(gone)
    expect(valueOf(await invoices.find({ customerId, invoiceId: invoice.invoiceId }))).toBeNull()
  })
}

function finding(tested: () => ProviderUnderTest): void {
  test('is found by our name of it, in each state, and no other is', async () => {
    const { invoices } = tested().provider
    const { documentId, customerId, invoiceId } = await finalDocument(tested())
    valueOf(await invoices.draft(invoiceFor(customerId)))
    const found = valueOf(await invoices.find({ customerId, invoiceId }))
    expect(found).toEqual(valueOf(await invoices.look(documentId)))
    expect(valueOf(await invoices.find({ customerId, invoiceId: newInvoiceId() }))).toBeNull()
  })

  test('is listed among what has changed, by whosever hand, newest first', async () => {
    const { provider, world } = tested()
    const fromMs = await world.nowMs()
    const { documentId, cardId } = await finalDocument(tested())
    const other = await finalDocument(tested())
    await world.payDocument({ documentId, cardId })
    valueOf(await provider.invoices.withdraw({ key: newKey(), documentId: other.documentId }))
    const { changes } = valueOf(await provider.invoices.changedSince({ fromMs, after: null }))
    const ids = changes.map((change) => change.documentId)
    expect(ids.slice(0, 2)).toEqual([other.documentId, documentId])
    expect(ids.filter((id) => id === documentId)).toHaveLength(2)
    const times = changes.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((one, another) => another - one))
    const later = (await world.nowMs()) + dayMs
    expect(valueOf(await provider.invoices.changedSince({ fromMs: later, after: null }))).toEqual({
      changes: [],
      next: null,
    })
  })

  test('is told in each of its changes once, page by page, however many there are', async () => {
    const { provider, world } = tested()
    const fromMs = await world.nowMs()
    const { customerId } = await newPayer(tested())
    const withdrawn = async () => {
      const invoice = invoiceFor(customerId)
      const { documentId } = valueOf(await provider.invoices.draft(invoice))
      valueOf(await provider.invoices.addLine(lineOf(invoice, documentId)))
      valueOf(await provider.invoices.finalise({ key: newKey(), documentId }))
      valueOf(await provider.invoices.withdraw({ key: newKey(), documentId }))
      return documentId
    }
    const made = await Promise.all(Array.from({ length: manyDocuments }, withdrawn))
    const told: string[] = []
    for (let after: string | null = null, isDone = false; !isDone; isDone = after === null) {
      const page: Awaited<ReturnType<Invoices['changedSince']>> = await provider.invoices.changedSince({
        fromMs,
        after,
      })
      const { changes, next } = valueOf(page)
      told.push(...changes.map(({ documentId }) => documentId))
      after = next
    }
    // Final, and void.
    for (const documentId of made) expect(told.filter((id) => id === documentId)).toHaveLength(2)
  })
}

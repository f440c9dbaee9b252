// What a postpaid account owes, from the cut of its books to the payment: the real Worker, Postgres, and Stripe's stand-in.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { eventually } from '../world/eventually.ts'
import { ask, chatOf, streamOf, type WireAnswer } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { stripeOf } from '../world/stripe.ts'

const world = sharedWorld()
const { control } = world.stripe

/** Four thousand tokens of it are several cents. */
const dearModel = 'claude-opus-4-8'

type Account = { accountId: string; apiKey: string }

function newAccount(settings: object = {}): Promise<Account> {
  const terms = { mode: 'postpaid', credit_limit: '50', ...settings }
  return world.newAccount({ creditUsd: '0', settings: terms })
}

/** Owes so much: an adjustment, since calls cost fractions of a cent. */
async function owe({ accountId }: Account, amount: string): Promise<void> {
  const booking = { amount: `-${amount}`, reason: 'a test', idempotency_key: `owe ${amount}` }
  await world.operator('POST', `/accounts/${accountId}/adjustments`, booking)
}

let cuts = 0
async function cut({ accountId }: Account): Promise<string> {
  cuts += 1
  const asked = { reason: 'a test', idempotency_key: `cut ${cuts}` }
  return String(valueAt(await world.operator('POST', `/accounts/${accountId}/invoices`, asked), 'invoice'))
}

const call = ({ apiKey }: Account): Promise<WireAnswer> => ask(world, { apiKey, body: chatOf({}) })

const balanceOf = async ({ accountId }: Account) =>
  valueAt(await world.operator('GET', `/accounts/${accountId}`), 'balance')

function invoicesOf({ accountId }: Account): Promise<WireAnswer> {
  return ask(world, { apiKey: world.operatorToken, path: `/api/invoices?account_id=${accountId}` })
}

const statusOf = async (account: Account) => valueAt((await invoicesOf(account)).body, 'data', 0, 'status')
const isNow = (account: Account, status: string) =>
  eventually(
    () => statusOf(account),
    (found) => found === status,
    60_000,
  )

/** Stripe's documents of an invoice, with their lines. */
async function documentsOf(invoiceId: string): Promise<readonly unknown[]> {
  const events = await control.events({ types: ['invoice.finalized'], mentions: invoiceId })
  const ids = new Set(events.map((event) => String(valueAt(event, 'data', 'object', 'id'))))
  return Promise.all([...ids].map((id) => control.object({ id })))
}

const idOf = (document: unknown) => String(valueAt(document, 'id'))

describe('an invoice', () => {
  // Cases: payments 46
  // Requirements: 49
  test('is sent with its lines, due in 30 days, and paid past Stripe it is credited once', async () => {
    const account = await newAccount()
    await owe(account, '12.349999999')
    expect(await call(account)).toMatchObject({ status: 200 })
    const invoiceId = await cut(account)
    expect(await isNow(account, 'issued')).toBe('issued')
    const [document, ...others] = await documentsOf(invoiceId)
    expect(others).toEqual([])
    expect(document).toMatchObject({ status: 'open', collection_method: 'send_invoice', auto_advance: false })
    const { body } = await invoicesOf(account)
    const cents = Math.round(Number(valueAt(body, 'data', 0, 'amount')) * 100)
    expect(document).toMatchObject({ total: cents })
    const days = (Number(valueAt(document, 'due_date')) - Number(valueAt(document, 'created'))) / 86_400
    expect(days).toBe(30)
    expect(body).toMatchObject({
      data: [{ id: invoiceId, pay_at: valueAt(document, 'hosted_invoice_url') }],
      suspended_by: null,
    })
    await control.payInvoice({ invoiceId: idOf(document) })
    expect(await isNow(account, 'paid')).toBe('paid')
    await control.deliveriesSettled()
    const [paid] = await control.events({ types: ['invoice.paid'], mentions: invoiceId })
    expect(paid).toBeDefined()
    await control.redeliver({ types: ['invoice.paid'], mentions: invoiceId })
    await control.deliveriesSettled()
    const credits = () =>
      world.sql("select seq from ledger_entries where reference = $1 and kind = 'purchase'", [invoiceId])
    expect(await eventually(credits, (rows) => rows.length > 0)).toHaveLength(1)
    // The rest of a cent stays owed.
    expect(Number(await balanceOf(account))).toBeGreaterThan(-0.01)
  }, 90_000)

  // Cases: payments 46
  test('overdue beyond its days of grace, it refuses calls by its figure until it is paid', async () => {
    const account = await newAccount({ invoice_due_days: 0, invoice_grace_days: 0 })
    await owe(account, '3')
    const invoiceId = await cut(account)
    expect(await isNow(account, 'overdue')).toBe('overdue')
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 403, errorCode: 'account_suspended' })
    expect(refused.message).toContain('$3.00')
    const { body } = await invoicesOf(account)
    expect(refused.message).toContain(String(valueAt(body, 'data', 0, 'pay_at')))
    expect(body).toMatchObject({ suspended_by: invoiceId })
    const [document] = await documentsOf(invoiceId)
    await control.payInvoice({ invoiceId: idOf(document) })
    expect(await isNow(account, 'paid')).toBe('paid')
    expect(await call(account)).toMatchObject({ status: 200 })
  }, 90_000)

  // Cases: payments 45
  test('leaves what is settled after it was cut to the next one', async () => {
    const account = await newAccount()
    const { accountId, apiKey } = account
    await owe(account, '2')
    // A call that runs meanwhile.
    const body = streamOf(
      { tokens: 4_000, firstMs: 1_500 },
      { model: dearModel, max_completion_tokens: 4_000 },
    )
    const running = ask(world, { apiKey, body })
    const holds = async () => valueAt(await world.operator('GET', `/accounts/${accountId}`), 'open_holds')
    expect(await eventually(holds, (count) => count === 1)).toBe(1)
    await cut(account)
    expect((await invoicesOf(account)).body).toMatchObject({ data: [{ amount: '2.00' }], owed: '0.00' })
    const costUsd = Number(valueAt((await running).events.at(-2), 'usage', 'cost'))
    expect(costUsd).toBeGreaterThan(0.01)
    await owe(account, '1')
    await cut(account)
    const next = Number(valueAt((await invoicesOf(account)).body, 'data', 0, 'amount'))
    expect(next).toBe(Math.floor((1 + costUsd) * 100) / 100)
  })

  // Cases: payments 47
  test('is not written over 31 cents, which are carried', async () => {
    const account = await newAccount()
    await owe(account, '0.31')
    const asked = { reason: 'a test', idempotency_key: 'too little' }
    expect(await world.operator('POST', `/accounts/${account.accountId}/invoices`, asked)).toMatchObject({
      invoice: null,
    })
    expect((await invoicesOf(account)).body).toMatchObject({ data: [], owed: '0.31' })
    await owe(account, '0.69')
    await cut(account)
    expect((await invoicesOf(account)).body).toMatchObject({ data: [{ amount: '1.00' }], owed: '0.00' })
  })

  // Cases: payments 44
  test('whose making breaks off after each step is one document with each line once', async () => {
    const account = await newAccount()
    await owe(account, '7.77')
    expect(await call(account)).toMatchObject({ status: 200 })
    const { accountId } = account
    // Each is tried three times by Stripe's package: the fourth try is another run of the task.
    for (const path of ['/v1/invoices', '/v1/invoiceitems'])
      await control.plantFault({
        kind: 'cut_after_commit',
        method: 'POST',
        path,
        mentions: accountId,
        times: 3,
      })
    await control.plantFault({ kind: 'cut_after_commit', method: 'POST', path: '/v1/invoices/in_', times: 3 })
    const invoiceId = await cut(account)
    expect(await isNow(account, 'issued')).toBe('issued')
    const customers = await control.events({ types: ['customer.created'], mentions: accountId })
    expect(customers).toHaveLength(1)
    const made = await control.events({ types: ['invoice.created'], mentions: invoiceId })
    expect(made).toHaveLength(1)
    const [document] = await documentsOf(invoiceId)
    const lines = valueAt(document, 'lines', 'data')
    const cents = Array.isArray(lines) ? lines.map((line: unknown) => Number(valueAt(line, 'amount'))) : []
    const amount = Number(valueAt((await invoicesOf(account)).body, 'data', 0, 'amount'))
    expect(cents.reduce((sum, one) => sum + one, 0)).toBe(Math.round(amount * 100))
    expect(document).toMatchObject({ total: Math.round(amount * 100) })
  }, 120_000)

  test('that somebody voids at Stripe is owed again, and stands on the next one', async () => {
    const account = await newAccount()
    await owe(account, '2')
    const invoiceId = await cut(account)
    await isNow(account, 'issued')
    const [document] = await documentsOf(invoiceId)
    await stripeOf(world).invoices.voidInvoice(idOf(document), {}, { idempotencyKey: `void ${invoiceId}` })
    expect(await isNow(account, 'void')).toBe('void')
    expect((await invoicesOf(account)).body).toMatchObject({ owed: '2.00' })
    await cut(account)
    expect((await invoicesOf(account)).body).toMatchObject({
      data: [{ number: 2, amount: '2.00' }, { number: 1 }],
    })
  }, 90_000)
})

test('an account that is prepaid has no period that an invoice could end', async () => {
  const { accountId } = await world.newAccount({ creditUsd: '1' })
  const answer = await ask(world, {
    apiKey: world.operatorToken,
    method: 'POST',
    path: `/operator/v1/accounts/${accountId}/invoices`,
    body: { reason: 'a test', idempotency_key: 'none' },
  })
  expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  const page = await ask(world, {
    apiKey: world.operatorToken,
    path: `/api/invoices?account_id=${accountId}&limit=0`,
  })
  expect(page).toMatchObject({ status: 400, errorCode: 'invalid_request' })
})

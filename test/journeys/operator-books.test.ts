// The operator's side of money in: what differs between Stripe's invoices and the books, an invoice paid past Stripe or voided, a
// warning of fraud settled by hand, and the lists over all accounts.

import { describe, expect, test } from 'vitest'
import { newBuyer, paymentOf } from '../world/buying.ts'
import { eventually } from '../world/eventually.ts'
import { valueAt } from '../world/chat.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { stripeOf } from '../world/stripe.ts'
import { newSubscriber } from '../world/subscribing.ts'
import { newOwner } from '../world/topping-up.ts'

const world = sharedWorld()
const { control } = world.stripe

type Invoiced = { accountId: string; invoiceId: string; documentId: string }

let cuts = 0
async function invoiced(owes: string): Promise<Invoiced> {
  cuts += 1
  const settings = { mode: 'postpaid', credit_limit: '50' }
  const { accountId } = await world.newAccount({ creditUsd: '0', settings })
  const debt = { amount: `-${owes}`, reason: 'a test', idempotency_key: `owe ${cuts}` }
  await world.operator('POST', `/accounts/${accountId}/adjustments`, debt)
  const cut = { reason: 'a test', idempotency_key: `cut ${cuts}` }
  const made = await world.operator('POST', `/accounts/${accountId}/invoices`, cut)
  const invoiceId = String(valueAt(made, 'invoice'))
  const rows = await eventually(
    () => rowsOf(accountId),
    ([row]) => valueAt(row, 'status') === 'issued',
  )
  return { accountId, invoiceId, documentId: String(valueAt(rows[0], 'document')) }
}

async function rowsOf(accountId: string, filter = ''): Promise<readonly unknown[]> {
  const { body } = await askOperator('GET', `/invoices?account_id=${accountId}${filter}`)
  const data = valueAt(body, 'data')
  return Array.isArray(data) ? (data as readonly unknown[]) : []
}

const statusOf = async ({ accountId }: Invoiced) => valueAt((await rowsOf(accountId))[0], 'status')

const becomes = (invoice: Invoiced, status: string) =>
  eventually(
    () => statusOf(invoice),
    (found) => found === status,
  )

const step = ({ accountId, invoiceId }: Invoiced, name: 'pay' | 'void', more: object = {}) =>
  askOperator('POST', `/accounts/${accountId}/invoices/${name}`, {
    invoice: invoiceId,
    reason: 'a test',
    idempotency_key: name,
    ...more,
  })

const balanceOf = async ({ accountId }: Invoiced) =>
  valueAt(await world.operator('GET', `/accounts/${accountId}`), 'balance')

type Found = { kind: string; account_id: string | null; subject: string }

async function compare(): Promise<readonly Found[]> {
  const { body } = await askOperator('POST', '/payments/compare', { min_age_minutes: 0 })
  const found = valueAt(body, 'findings')
  return Array.isArray(found) ? (found as Found[]) : []
}

describe('the comparison of Stripe’s invoices with the books', () => {
  test('finds nothing in what was bought, topped up, invoiced, refunded and subscribed to as it should be', async () => {
    const buyer = await newBuyer(world)
    const { sessionId, orderId } = await buyer.buy('20.00')
    await control.pay({ sessionId, method: 'pm_card_visa' })
    const owner = await newOwner(world, '10')
    await owner.save()
    await owner.enable()
    await owner.spend(1)
    await eventually(owner.balance, (balance) => balance === '29.00')
    const invoice = await invoiced('3')
    await control.payInvoice({ invoiceId: invoice.documentId, paymentMethodId: 'pm_card_visa' })
    expect(await becomes(invoice, 'paid')).toBe('paid')
    const subscriber = await newSubscriber(world)
    const page = await subscriber.begin('pro')
    await control.pay({ sessionId: page.sessionId, method: 'pm_card_visa' })
    await eventually(
      () => subscriber.grants(),
      (grants) => grants.length > 0,
    )
    expect((await subscriber.api('PUT', '/api/plan', { plan: 'team' })).status).toBe(200)
    const grants = await eventually(
      () => subscriber.grants(),
      (made) => made.length > 1,
    )
    expect(grants).toHaveLength(2)
    const back = { payment: orderId, amount: '5.00', reason: 'a test', idempotency_key: 'back' }
    await world.operator('POST', `/accounts/${buyer.accountId}/refunds`, back)
    await control.deliveriesSettled()
    const accounts = [buyer, owner, invoice, subscriber].map(({ accountId }) => accountId)
    const found = await compare()
    expect(found.filter(({ account_id: account }) => accounts.includes(String(account)))).toEqual([])
  }, 120_000)

  // Cases: payments 57
  test('finds what is paid and not credited, credited and not paid, voided, of another sum or unknown, and changes nothing', async () => {
    const [fine, unheard, unpaid, voided] = [
      await invoiced('3'),
      await invoiced('4'),
      await invoiced('5'),
      await invoiced('6'),
    ]
    const stripe = stripeOf(world)
    await control.holdDeliveries({ mentions: unheard.accountId })
    await control.holdDeliveries({ mentions: voided.accountId })
    await control.payInvoice({ invoiceId: unheard.documentId })
    await stripe.invoices.voidInvoice(voided.documentId, {}, { idempotencyKey: `void ${voided.invoiceId}` })
    await control.dropHeld({ mentions: unheard.accountId })
    await control.dropHeld({ mentions: voided.accountId })
    await control.resumeDeliveries()
    // Made by hand in the dashboard, for a customer of ours.
    const { customer } = Object(await control.object({ id: fine.documentId }))
    const draft = await stripe.invoices.create(
      { customer: String(customer), collection_method: 'send_invoice', days_until_due: 30 },
      { idempotencyKey: `by hand ${fine.invoiceId}` },
    )
    await stripe.invoiceItems.create(
      { customer: String(customer), invoice: draft.id, amount: 700, currency: 'usd' },
      { idempotencyKey: `by hand, line ${fine.invoiceId}` },
    )
    await stripe.invoices.finalizeInvoice(
      draft.id,
      {},
      { idempotencyKey: `by hand, final ${fine.invoiceId}` },
    )
    // As if somebody had credited it without any payment.
    await world.sql(
      `insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd, balance_after_nano_usd,
         detail, hash, created_at, received_at)
       select account_id, epoch, 1000000 + seq, 'purchase', $2, 5000000000, 0, '{}', hash, created_at, received_at
       from ledger_entries where account_id = $1 and seq = 1`,
      [unpaid.accountId, unpaid.invoiceId],
    )
    const before = await Promise.all([unheard, unpaid, voided].map(balanceOf))
    const found = await compare()
    await world.sql('delete from ledger_entries where account_id = $1 and seq > 1000000', [unpaid.accountId])
    const about = (subject: string) => found.filter((one) => one.subject === subject)
    expect(about(unheard.documentId)).toEqual([
      { kind: 'invoice_not_credited', account_id: unheard.accountId, subject: unheard.documentId },
    ])
    expect(about(voided.documentId)).toEqual([
      { kind: 'invoice_differs', account_id: voided.accountId, subject: voided.documentId },
    ])
    expect(about(unpaid.invoiceId)).toEqual([
      { kind: 'invoice_not_paid', account_id: unpaid.accountId, subject: unpaid.invoiceId },
    ])
    expect(about(draft.id)).toEqual([
      { kind: 'invoice_unknown', account_id: fine.accountId, subject: draft.id },
    ])
    expect(about(fine.documentId)).toEqual([])
    expect(await Promise.all([unheard, unpaid, voided].map(balanceOf))).toEqual(before)
    const { body } = await askOperator(
      'GET',
      `/findings?kind=invoice_not_credited&account_id=${unheard.accountId}`,
    )
    expect(valueAt(body, 'data')).toMatchObject([
      {
        subject: unheard.documentId,
        detail: { provider: 'paid', books: 'issued', askedNanoUsd: 4_000_000_000 },
        next_step: expect.stringContaining('payments/replay'),
      },
    ])
    // The finding's own next step.
    const [event] = await control.events({ types: ['invoice.paid'], mentions: unheard.invoiceId })
    const replay = await askOperator('POST', '/payments/replay', { event_id: event?.id })
    expect(replay).toMatchObject({ status: 200, body: { outcome: 'done' } })
    expect(await becomes(unheard, 'paid')).toBe('paid')
  }, 120_000)
})

// Cases: payments 44
test('an invoice waits for an address to be sent to, and then is one document for a customer that has it', async () => {
  const settings = { mode: 'postpaid', credit_limit: '50' }
  const { accountId } = await world.newAccount({ creditUsd: '0', settings })
  const addressed = (billing_emails: readonly string[]) =>
    world.operator('PUT', `/accounts/${accountId}/billing-emails`, { billing_emails })
  await addressed([])
  const debt = { amount: '-3', reason: 'a test', idempotency_key: 'owe' }
  await world.operator('POST', `/accounts/${accountId}/adjustments`, debt)
  const cut = { reason: 'a test', idempotency_key: 'cut' }
  const made = await world.operator('POST', `/accounts/${accountId}/invoices`, cut)
  const invoiceId = String(valueAt(made, 'invoice'))
  const customers = () => control.events({ types: ['customer.created'], mentions: accountId })
  await eventually(customers, (events) => events.length > 0)
  expect(await control.events({ types: ['invoice.created'], mentions: invoiceId })).toEqual([])
  expect(await statusOf({ accountId, invoiceId, documentId: '' })).toBe('draft')
  const email = `${accountId}@later.example`
  await addressed([email])
  expect(await becomes({ accountId, invoiceId, documentId: '' }, 'issued')).toBe('issued')
  expect(await control.events({ types: ['invoice.created'], mentions: invoiceId })).toHaveLength(1)
  const [row] = await rowsOf(accountId)
  expect(await control.object({ id: String(valueAt(row, 'document')) })).toMatchObject({
    customer_email: email,
  })
}, 120_000)

// Cases: payments 57
test('a plan that is paid at Stripe and has granted nothing is found, and one that is granted and not paid', async () => {
  const stripe = stripeOf(world)
  const { accountId } = await world.newAccount({ creditUsd: '0' })
  const key = (what: string) => ({ idempotencyKey: `${what} ${accountId}` })
  const customer = await stripe.customers.create(
    { email: 'a@customer.example', metadata: { account_id: accountId }, payment_method: 'pm_card_visa' },
    key('customer'),
  )
  const { data } = await stripe.customers.listPaymentMethods(customer.id)
  const product = await stripe.products.create({ name: 'A plan of nobody’s' }, key('product'))
  const price = {
    currency: 'usd',
    product: product.id,
    unit_amount: 900,
    recurring: { interval: 'month' as const },
  }
  const subscription = await stripe.subscriptions.create(
    {
      customer: customer.id,
      items: [{ price_data: price }],
      default_payment_method: data[0]?.id ?? '',
      metadata: { account_id: accountId },
    },
    key('subscription'),
  )
  const { latest_invoice: latest } = subscription
  const paid = typeof latest === 'string' ? latest : (latest?.id ?? '')
  const unpaid = await stripe.invoices.create({ customer: customer.id }, key('unpaid'))
  // As a grant by it would stand there.
  await world.sql(
    `insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd, balance_after_nano_usd,
       detail, hash, created_at, received_at)
     values ($1, 1, 1000000, 'allowance', 'allow:x:1', 0, 0, jsonb_build_object('paidBy', jsonb_build_object('invoiceId', $2::text)),
       '', now(), now())`,
    [accountId, unpaid.id],
  )
  const found = await compare()
  await world.sql('delete from ledger_entries where account_id = $1 and seq = 1000000', [accountId])
  expect(found.filter((one) => one.account_id === accountId)).toEqual([
    { kind: 'invoice_not_granted', account_id: accountId, subject: paid },
    { kind: 'grant_not_paid', account_id: accountId, subject: unpaid.id },
  ])
})

test('an invoice is mailed by Stripe once, however often its account sends its log again', async () => {
  const { accountId, invoiceId } = await invoiced('3')
  const sent = () => control.events({ types: ['invoice.sent'], mentions: invoiceId })
  expect(await eventually(sent, (events) => events.length > 0)).toHaveLength(1)
  await world.operator('POST', `/accounts/${accountId}/resend`, { from: 1 })
  const asked = () =>
    control.requests({ method: 'POST', path: '/v1/invoices/', mentions: `inv:${invoiceId}:send` })
  expect(await eventually(asked, (requests) => requests.length > 1)).toMatchObject([
    { isReplay: false },
    { isReplay: true },
  ])
  expect(await sent()).toHaveLength(1)
})

describe('the operator', () => {
  // Cases: payments 46
  test('marks an invoice paid that was paid past Stripe: it is paid there, credited once, and stands with who and why', async () => {
    const invoice = await invoiced('3')
    expect(await step(invoice, 'pay', { reason: 'a bank transfer' })).toMatchObject({
      status: 200,
      body: { invoice: invoice.invoiceId, status: 'paid', is_repeat: false },
    })
    expect(await control.object({ id: invoice.documentId })).toMatchObject({ status: 'paid' })
    await control.deliveriesSettled()
    expect(await step(invoice, 'pay', { reason: 'a bank transfer' })).toMatchObject({
      status: 200,
      body: { status: 'paid', is_repeat: true },
    })
    expect(await balanceOf(invoice)).toBe('0.00')
    const asked = () =>
      world.sql("select detail from ledger_entries where reference = $1 and detail ->> 'what' = 'asked'", [
        invoice.invoiceId,
      ])
    expect(await eventually(asked, (rows) => rows.length > 0)).toMatchObject([
      { detail: { ask: 'pay_outside', actor: 'operator', reason: 'a bank transfer' } },
    ])
    expect(await step(invoice, 'void')).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  }, 90_000)

  test('voids an invoice at Stripe, and its sum is owed again', async () => {
    const invoice = await invoiced('3')
    expect(await step(invoice, 'void')).toMatchObject({ status: 200, body: { status: 'void' } })
    expect(await control.object({ id: invoice.documentId })).toMatchObject({ status: 'void' })
    expect(await becomes(invoice, 'void')).toBe('void')
    const { body } = await askOperator('POST', `/accounts/${invoice.accountId}/invoices`, {
      reason: 'again',
      idempotency_key: 'again',
    })
    expect(body).toMatchObject({ amount: '3.00' })
  }, 90_000)

  test('hears of an ask that Stripe could not be told, which is done all the same', async () => {
    const invoice = await invoiced('3')
    // Each is tried three times by Stripe's package: the next try is the task's.
    await control.plantFault({
      kind: 'server_error',
      method: 'POST',
      path: `/v1/invoices/${invoice.documentId}/pay`,
      times: 3,
    })
    expect(await step(invoice, 'pay')).toMatchObject({ status: 202 })
    expect(await becomes(invoice, 'paid')).toBe('paid')
    expect(await balanceOf(invoice)).toBe('0.00')
  }, 90_000)

  test.each([
    ['invoice', { invoice: 'inv_w00000000000001_9' }],
    ['invoice', { invoice: 7 }],
    ['reason', { reason: '' }],
    ['idempotency_key', { idempotency_key: '' }],
    ['amount', { amount: '1' }],
  ])('with a wrong %s is refused by its name', async (param, wrong) => {
    const { accountId } = await world.newAccount({ creditUsd: '1' })
    const unknown = { accountId, invoiceId: 'inv_w00000000000001_1', documentId: '' }
    expect(await step(unknown, 'pay', wrong)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param } },
    })
  })

  // Cases: payments 42
  test('clears a warning of fraud, and automatic top-up goes on', async () => {
    const owner = await newOwner(world, '0')
    const { body } = await owner.api('POST', '/api/top-ups', { amount: '15.00', page: 'hosted' })
    const orderId = String(valueAt(body, 'id'))
    const sessionId = /cs_test_\w+/.exec(JSON.stringify(body))?.[0] ?? ''
    await control.pay({ sessionId, method: 'pm_card_visa' })
    await control.deliveriesSettled()
    await owner.save()
    await owner.enable()
    await control.fraudWarning({ paymentIntentId: await paymentOf(world, sessionId) })
    await owner.becomes({ why: 'payment_in_doubt' })
    await owner.spend(6)
    expect(await owner.asked()).toHaveLength(0)
    const path = `/accounts/${owner.accountId}/fraud-warnings`
    const shown = await eventually(
      async () => (await askOperator('GET', path)).body,
      (found) => valueAt(found, 'data', 0) !== undefined,
    )
    expect(valueAt(shown, 'data')).toMatchObject([{ payment: orderId, open: true }])
    const clear = { payment: orderId, reason: 'spoke to them', idempotency_key: 'c' }
    expect(await askOperator('POST', `${path}/clear`, { ...clear, payment: 'ord_x' })).toMatchObject({
      status: 400,
    })
    expect(await askOperator('POST', `${path}/clear`, clear)).toMatchObject({
      status: 201,
      body: { cleared: 1, is_repeat: false },
    })
    expect(await askOperator('POST', `${path}/clear`, clear)).toMatchObject({
      status: 200,
      body: { cleared: 0, is_repeat: true },
    })
    await eventually(owner.balance, (balance) => balance === '29.00')
    expect([await owner.balance(), (await owner.asked()).length]).toEqual(['29.00', 1])
    const { body: back } = await askOperator(
      'GET',
      `/refunds?account_id=${owner.accountId}&type=fraud_warning`,
    )
    expect(valueAt(back, 'data')).toMatchObject([
      { payment: orderId, reason: 'spoke to them', actor: 'operator' },
      { payment: orderId, reason: null },
    ])
  }, 90_000)
})

describe('the operator’s lists', () => {
  test('of orders and of what went back go page by page, and by account, state and time', async () => {
    const buyer = await newBuyer(world)
    const orders: string[] = []
    for (const amount of ['10.00', '11.00', '12.00']) orders.push((await buyer.buy(amount)).orderId)
    const list = async (filter: string) => {
      const { body } = await askOperator('GET', `/payments?account_id=${buyer.accountId}${filter}`)
      const data = valueAt(body, 'data')
      const ids = Array.isArray(data) ? data.map((row: unknown) => String(valueAt(row, 'id'))) : []
      return { ids, next: valueAt(body, 'next_cursor') }
    }
    await eventually(
      () => list('&status=open'),
      ({ ids }) => ids.length === 3,
    )
    const first = await list('&limit=2')
    const second = await list(`&limit=2&cursor=${String(first.next)}`)
    expect([...first.ids, ...second.ids]).toEqual(orders.toReversed())
    expect(second.next).toBe(null)
    expect((await list('&status=paid')).ids).toEqual([])
    expect((await list('&to=2020-01-01')).ids).toEqual([])
    expect((await list('&from=2020-01-01')).ids).toHaveLength(3)
  })

  test('of what an account was told goes page by page', async () => {
    const buyer = await newBuyer(world)
    for (const amount of ['10.00', '11.00']) {
      const { sessionId } = await buyer.buy(amount)
      await control.pay({ sessionId, method: 'pm_card_visa' })
    }
    const path = `/accounts/${buyer.accountId}/notices`
    const told = async (query: string) => (await askOperator('GET', `${path}${query}`)).body
    await eventually(
      () => told(''),
      (found) => valueAt(found, 'data', 1) !== undefined,
    )
    const first = await told('?limit=1')
    const second = await told(`?limit=1&cursor=${String(valueAt(first, 'next_cursor'))}`)
    const amounts = [first, second].map((page) => valueAt(page, 'data', 0, 'figures', 'amount'))
    expect(amounts).toEqual(expect.arrayContaining(['10.00', '11.00']))
    expect(valueAt(second, 'next_cursor')).toBe(null)
    expect(valueAt(first, 'data', 0)).toMatchObject({
      type: 'receipt',
      figures: { paid: amounts[0], method: 'visa', last4: '4242', statement: expect.any(String) },
    })
    expect(await askOperator('GET', `${path}?cursor=x`)).toMatchObject({
      status: 400,
      errorCode: 'invalid_request',
    })
  })

  test.each([
    ['/payments', 'status=strange', 'status'],
    ['/payments', 'type=refund', 'type'],
    ['/invoices', 'status=cut', 'status'],
    ['/invoices', 'account_id=7', 'account_id'],
    ['/refunds', 'from=yesterday', 'from'],
    ['/refunds', 'limit=201', 'limit'],
    ['/payments/events', 'cursor=x', 'cursor'],
    ['/payments/events', 'outcome=x', 'outcome'],
    ['/findings', 'account_id=x', 'account_id'],
  ])('%s?%s is refused by the name of what is wrong', async (path, query, param) => {
    expect(await askOperator('GET', `${path}?${query}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param } },
    })
  })

  test('of events has each that Stripe signed, and any of them is looked after again', async () => {
    const buyer = await newBuyer(world)
    const { sessionId } = await buyer.buy('10.00')
    await control.pay({ sessionId, method: 'pm_card_visa' })
    await control.deliveriesSettled()
    const stored = async () => {
      const { body } = await askOperator('GET', `/payments/events?account_id=${buyer.accountId}&outcome=done`)
      const data = valueAt(body, 'data')
      return Array.isArray(data) ? (data as readonly unknown[]) : []
    }
    const events = await eventually(stored, (found) =>
      found.some((one) => valueAt(one, 'type') === 'checkout.session.completed'),
    )
    for (const event of events) {
      const replayed = await askOperator('POST', '/payments/replay', { event_id: valueAt(event, 'id') })
      expect(replayed).toMatchObject({ status: 200, body: { outcome: 'done' } })
    }
    expect(await buyer.balance()).toBe('10.00')
  })
})

// What any payment provider's implementation must make of a bad network: nothing is thrown, nothing is believed that the provider
// did not say, and what is asked again under the same key is there once.

import { describe, expect, test } from 'vitest'
import type { ProviderAnswer } from '#payments/provider.ts'
import { invoiceFor, lineOf, newPayer } from './provider-invoices.ts'
import {
  accountId,
  cents,
  chargeOf,
  dollars,
  gone,
  newKey,
  pageFor,
  paidOrder,
  savedCard,
  unknown,
  valueOf,
} from './provider-shop.ts'
import { smallPlan, subscribed } from './provider-plans.ts'
import { earlyTroubles, type ProviderUnderTest, type Trouble } from './provider-world.ts'

type Asked = { readonly [what: string]: () => Promise<ProviderAnswer<unknown>> }

/** One of everything that is made under a key, for things that are there. */
async function commandsFor(tested: ProviderUnderTest) {
  const { provider } = tested
  const payer = await newPayer(tested)
  const { customerId } = payer
  const { paymentId, checkoutId } = await paidOrder(tested, { customerId })
  const lined = invoiceFor(customerId)
  const { documentId } = valueOf(await provider.invoices.draft(lined))
  const final = invoiceFor(customerId)
  const finalId = valueOf(await provider.invoices.draft(final)).documentId
  valueOf(await provider.invoices.addLine(lineOf(final, finalId)))
  const finalise = { key: newKey(), documentId: finalId }
  const removal = { key: newKey(), cardId: await savedCard(tested, customerId) }
  const newCustomer = { key: newKey(), accountId }
  const [page, charge, drafted] = [pageFor(customerId), chargeOf(payer), invoiceFor(customerId)]
  const refund = { key: newKey(), paymentId, amountNanoUsd: dollars(4), reference: `again ${paymentId}` }
  const line = lineOf(lined, documentId)
  const cardPage = { key: newKey(), accountId, customerId, page: 'hosted' as const, origin: page.origin }
  const email = { key: newKey(), customerId, email: 'b@example.com' }
  const plan = { ...cardPage, key: newKey(), plan: smallPlan }
  const portal = { key: newKey(), customerId, returnUrl: page.origin }
  const commands = {
    customer: () => provider.customers.make(newCustomer),
    email: () => provider.customers.setEmail(email),
    page: () => provider.checkouts.open(page),
    cardPage: () => provider.cards.openPage(cardPage),
    charge: () => provider.charges.make(charge),
    refund: () => provider.payments.refund(refund),
    draft: () => provider.invoices.draft(drafted),
    line: () => provider.invoices.addLine(line),
    finalise: () => provider.invoices.finalise(finalise),
    removal: () => provider.cards.remove(removal),
    plan: () => provider.subscriptions.openPage(plan),
    portal: () => provider.portals.open(portal),
  } satisfies Asked
  return { commands, ...payer, paymentId, checkoutId, documentId, finalId, charge, drafted }
}

type Arranged = Awaited<ReturnType<typeof commandsFor>>

/** All at once: an implementation may take its time to give up. */
async function answersTo(asked: Asked): Promise<readonly (readonly [string, ProviderAnswer<unknown>])[]> {
  return Promise.all(Object.entries(asked).map(async ([what, ask]) => [what, await ask()] as const))
}

const unknownEach = (asked: Asked) =>
  Object.keys(asked).map((what) => [what, expect.objectContaining(unknown)])

async function during<Value>(
  { world }: ProviderUnderTest,
  trouble: Trouble | { trouble: Trouble; door: string },
  run: () => Promise<Value>,
): Promise<Value> {
  if (typeof trouble === 'string') await world.begin(trouble)
  else await world.begin(trouble.trouble, trouble.door)
  try {
    return await run()
  } finally {
    await world.endTrouble()
  }
}

/** What there is of what the commands make: one of each, or nothing. */
async function made({ provider }: ProviderUnderTest, arranged: Arranged) {
  const { customerId, paymentId, documentId, finalId, charge, drafted } = arranged
  const cards = valueOf(await provider.cards.list(customerId))
  return {
    cards: cards.length,
    final: valueOf(await provider.invoices.look(finalId)).status,
    charge: valueOf(await provider.charges.find({ customerId, orderId: charge.orderId }))?.status,
    refunds: valueOf(await provider.payments.look(paymentId)).facts.map(({ takenNanoUsd }) => takenNanoUsd),
    draft: valueOf(await provider.invoices.find({ customerId, invoiceId: drafted.invoiceId }))?.status,
    line: valueOf(await provider.invoices.look(documentId)).netNanoUsd,
  }
}

const nothing = { cards: 2, final: 'draft', charge: undefined, refunds: [], draft: undefined, line: 0 }
const oneOfEach = {
  cards: 1,
  final: 'open',
  charge: 'succeeded',
  refunds: [dollars(4)],
  draft: 'draft',
  line: cents(1_234),
}

/** Everything that is only looked at. */
function looksOf({ provider }: ProviderUnderTest, arranged: Arranged): Asked {
  const { customerId, cardId, paymentId, checkoutId, documentId, charge, drafted } = arranged
  return {
    page: () => provider.checkouts.look(checkoutId),
    unused: () => provider.customers.unused(customerId),
    card: () => provider.cards.look(cardId),
    found: () => provider.charges.find({ customerId, orderId: charge.orderId }),
    described: () => provider.payments.describe(paymentId),
    paysInvoice: () => provider.payments.paysInvoice(paymentId),
    ofCharge: () => provider.payments.paymentOfCharge('nobody'),
    draft: () => provider.invoices.find({ customerId, invoiceId: drafted.invoiceId }),
    planPage: () => provider.subscriptions.lookAtPage(checkoutId),
    plan: () => provider.subscriptions.look('nobody'),
    planOf: () => provider.subscriptions.paidBy(paymentId),
    customer: () => provider.customers.look(customerId),
    payment: () => provider.payments.look(paymentId),
    charge: () => provider.charges.look(paymentId),
    cards: () => provider.cards.list(customerId),
    confirmed: () => provider.cards.confirmed(customerId),
    document: () => provider.invoices.look(documentId),
    changes: () => provider.invoices.changedSince({ fromMs: 0, after: null }),
    payments: () => provider.payments.madeBetween({ fromMs: 0, toMs: 1_000, after: null }),
    event: () => provider.events.look('nobody'),
    running: () => provider.subscriptions.running(customerId),
  }
}

/** Each has a provider of its own: an implementation waits before it tries again, and none has to wait for another. */
export function describeTroubles(start: () => Promise<ProviderUnderTest>): void {
  async function withOwn(run: (tested: ProviderUnderTest) => Promise<void>): Promise<void> {
    const tested = await start()
    try {
      await run(tested)
      expect(await tested.complaints()).toEqual([])
    } finally {
      await tested.stop()
    }
  }

  describe.concurrent('trouble on the way to the provider', () => {
    test.each(earlyTroubles)(
      '(%s) is no answer: nobody knows, nothing is thrown, and nothing was done',
      (trouble) => withOwn((tested) => isNoAnswer(tested, trouble)),
    )

    test('at one of its doors alone makes no answer smaller: it is whole, or nobody knows', () =>
      withOwn(isWholeOrUnknown))

    test('after the provider has done it leaves nobody knowing, and the same again gives what was made, once', () =>
      withOwn(isDoneOnce))

    test('that the provider keeps under the key leaves what was made to be found by our name of it', () =>
      withOwn(async (tested) => {
        const arranged = await commandsFor(tested)
        const { commands } = arranged
        expect(await during(tested, 'kept_errors', () => answersTo(commands))).toEqual(unknownEach(commands))
        await answersTo(commands)
        expect(await made(tested, arranged)).toEqual(oneOfEach)
      }))

    test('while a draft is withdrawn leaves it, or nothing to be asked for, however it is asked again', () =>
      withOwn(isWithdrawn))
  })
}

async function isNoAnswer(tested: ProviderUnderTest, trouble: Trouble): Promise<void> {
  const arranged = await commandsFor(tested)
  const { commands } = arranged
  const looks = looksOf(tested, arranged)
  const [answers, seen] = await during(tested, trouble, () =>
    Promise.all([answersTo(commands), answersTo(looks)]),
  )
  expect(answers).toEqual(unknownEach(commands))
  expect(seen).toEqual(unknownEach(looks))
  expect(await made(tested, arranged)).toEqual(nothing)
  for (const [, answer] of await answersTo(commands)) expect(answer).toMatchObject({ ok: true })
  expect(await made(tested, arranged)).toEqual(oneOfEach)
}

/** A refund that is not seen would be money that is spent twice. */
async function isWholeOrUnknown(tested: ProviderUnderTest): Promise<void> {
  const { provider, world } = tested
  const arranged = await commandsFor(tested)
  const { paymentId } = arranged
  await world.warnOfFraud({ paymentId })
  await world.refund({ paymentId, amountNanoUsd: dollars(1) })
  await world.openDispute({ paymentId })
  const { subscriptionId } = await subscribed(tested)
  const { cardId } = valueOf(await provider.subscriptions.look(subscriptionId))
  const planPaymentId = await world.newestPaymentBy(cardId ?? '')
  const looks: Asked = {
    ...looksOf(tested, arranged),
    plan: () => provider.subscriptions.look(subscriptionId),
    planOf: () => provider.subscriptions.paidBy(planPaymentId),
    paysPlan: () => provider.payments.paysInvoice(planPaymentId),
  }
  const saidTo = async () => (await answersTo(looks)).map(([what, answer]) => [what, saidBy(answer)] as const)
  const whole = Object.fromEntries(await saidTo())
  for (const door of world.doors) {
    const said = await during(tested, { trouble: 'empty_answer', door }, saidTo)
    const answered = said.filter(([, answer]) => answer !== 'unknown')
    expect([door, answered.length < said.length]).toEqual([door, true])
    for (const [what, answer] of answered) expect([door, what, answer]).toEqual([door, what, whole[what]])
  }
}

/** Without the words of a failure, which are for the log. */
const saidBy = (answer: ProviderAnswer<unknown>) => (answer.ok ? { value: answer.value } : answer.code)

async function isDoneOnce(tested: ProviderUnderTest): Promise<void> {
  const arranged = await commandsFor(tested)
  const { commands } = arranged
  const lost = await during(tested, 'lost_answers', () => answersTo(commands))
  expect(lost).toEqual(unknownEach(commands))
  expect(await made(tested, arranged)).toEqual(oneOfEach)
  const first = await answersTo(commands)
  for (const [, answer] of first) expect(answer).toMatchObject({ ok: true })
  expect(await answersTo(commands)).toEqual(first)
  expect(await made(tested, arranged)).toEqual(oneOfEach)
}

async function isWithdrawn(tested: ProviderUnderTest): Promise<void> {
  const { customerId, documentId, drafted } = await commandsFor(tested)
  const { invoices } = tested.provider
  const withdraw = () => invoices.withdraw({ key: `withdraw ${documentId}`, documentId })
  expect(await during(tested, 'hang_up', withdraw)).toMatchObject(unknown)
  expect(valueOf(await invoices.look(documentId)).status).toBe('draft')
  expect(valueOf(await withdraw()).status).toBe('void')
  expect(await withdraw()).toMatchObject(gone)
  const other = valueOf(await invoices.draft(drafted)).documentId
  expect(valueOf(await invoices.withdraw({ key: newKey(), documentId: other })).status).toBe('void')
  expect(valueOf(await invoices.find({ customerId, invoiceId: drafted.invoiceId }))).toBeNull()
}

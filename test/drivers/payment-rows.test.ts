// The rows of payments, invoices and events against a real Postgres through the real Neon driver: told in any order they end alike,
// and the sweepers find what waits.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { migrate } from 'drizzle-orm/neon-http/migrator'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { asMillis, dayMs, minuteMs } from '#core/clock.ts'
import { invoiceIdOf, makeAccountId, orderIdOf } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { makeDb, type Db } from '#db/client.ts'
import type { InvoiceView } from '#ledger/invoice-commands.ts'
import { waitingInvoices, writeInvoice } from '#payments/invoice-store.ts'
import {
  forgetEvents,
  type PaymentFigures,
  paymentRowOf,
  waitingPayments,
  writePayment,
  writeSeenEvent,
} from '#payments/payment-store.ts'
import { startNeonEndpoint, type NeonEndpoint } from '../../dev/neon-endpoint.ts'
import { startPostgres, type Postgres } from '../../dev/postgres.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-payments-'))
const now = asMillis(Date.UTC(2026, 10, 21, 12))
const after = (ms: number) => asMillis(now + ms)
const accountId = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(5))
const orderOf = (n: number) => orderIdOf(new Uint8Array(16).fill(n))

let postgres: Postgres
let endpoint: NeonEndpoint
let db: Db

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(home, 'postgres') })
  endpoint = await startNeonEndpoint({ postgresUrl: postgres.url })
  const made = makeDb({ DATABASE_URL: postgres.url, NEON_HTTP: endpoint.url })
  if (made === undefined) throw new Error('no database')
  db = made
  await migrate(db, { migrationsFolder: 'migrations' })
})

afterAll(async () => {
  await endpoint.stop()
  await postgres.stop()
  rmSync(home, { recursive: true, force: true })
})

beforeEach(async () => {
  await db.execute(sql`truncate payments, invoices, stripe_events`)
})

function attempt(n: number, changes: Partial<PaymentFigures>): PaymentFigures {
  return {
    accountId,
    orderId: orderOf(n),
    kind: 'auto_top_up',
    state: 'placed',
    netNanoUsd: nanoUsd(20_000_000_000),
    bonusNanoUsd: zeroNanoUsd,
    isLive: false,
    checkoutId: null,
    paymentId: null,
    failure: null,
    payment: null,
    creditSeq: null,
    placedAtMs: now,
    ...changes,
  }
}

const payment = {
  paymentId: 'pi_1',
  receivedNanoUsd: nanoUsd(24_000_000_000),
  taxNanoUsd: nanoUsd(4_000_000_000),
  bonusNanoUsd: 0,
}

const life: readonly PaymentFigures[] = [
  attempt(1, {}),
  attempt(1, {
    state: 'open',
    paymentId: 'pi_1',
    failure: 'authentication_required',
    placedAtMs: now + 1_000,
  }),
  attempt(1, { state: 'paid', paymentId: 'pi_1', payment, creditSeq: 9, placedAtMs: now + 2_000 }),
]

function ordersOf<One>(all: readonly One[]): readonly (readonly One[])[] {
  return all.length < 2
    ? [all]
    : all.flatMap((one, at) => ordersOf(all.toSpliced(at, 1)).map((rest) => [one, ...rest]))
}

test.each(ordersOf(life))(
  'what is told of an attempt ends in the same row, whatever comes first (%#)',
  async (...told) => {
    for (const figures of [...told, ...told]) await writePayment(db, figures, now)
    expect(await paymentRowOf(db, accountId, orderOf(1))).toMatchObject({
      state: 'paid',
      failure: null,
      paymentId: 'pi_1',
      creditSeq: 9,
      receivedNanoUsd: 24_000_000_000n,
      taxNanoUsd: 4_000_000_000n,
      placedAt: new Date(now),
    })
  },
)

test('the sweeper finds orders that wait, and attempts that can be paid, for 30 days', async () => {
  await writePayment(db, attempt(1, { kind: 'purchase', state: 'open' }), now)
  await writePayment(db, attempt(2, { state: 'open', paymentId: 'pi_2' }), now)
  await writePayment(db, attempt(3, {}), now)
  await writePayment(db, attempt(4, { state: 'failed', paymentId: 'pi_4' }), now)
  const found = async (atMs: number) => {
    const placedBefore = after(atMs - 15 * minuteMs)
    const rows = await waitingPayments(db, {
      placedBefore,
      attemptsSince: after(atMs - 30 * dayMs),
      limit: 10,
    })
    return rows.map(({ orderId, paymentId }) => [orderId, paymentId])
  }
  expect(await found(14 * minuteMs)).toEqual([])
  const order = [orderOf(1), null]
  const both = await found(16 * minuteMs)
  expect(both).toHaveLength(2)
  expect(both).toEqual(expect.arrayContaining([order, [orderOf(2), 'pi_2']]))
  expect(await found(31 * dayMs)).toEqual([order])
})

function invoiceOf(number: number, state: InvoiceView['state']) {
  const terms = {
    number,
    periodStartMs: now,
    periodEndMs: now + 1,
    fromSeq: 1,
    throughSeq: 2,
    amountNanoUsd: nanoUsd(5_000_000_000),
    dueDays: 30,
  }
  const invoiceId = invoiceIdOf(accountId, number)
  return { accountId, invoice: { invoiceId, terms, issued: null, state, creditSeq: null }, cutAtMs: now }
}

test('an invoice that was given up is looked at for 90 days, one that asks for money for ever', async () => {
  await writeInvoice(db, invoiceOf(1, 'issued'), now)
  await writeInvoice(db, invoiceOf(2, 'uncollectible'), now)
  await writeInvoice(db, invoiceOf(3, 'paid'), now)
  await writeInvoice(db, invoiceOf(3, 'issued'), now)
  const found = async (atMs: number) =>
    (await waitingInvoices(db, { now: after(atMs), limit: 10 })).map(({ invoiceId }) => invoiceId).toSorted()
  const [asking, givenUp] = [invoiceIdOf(accountId, 1), invoiceIdOf(accountId, 2)]
  expect(await found(89 * dayMs)).toEqual([asking, givenUp])
  expect(await found(91 * dayMs)).toEqual([asking])
})

test('events are forgotten after 90 days', async () => {
  const event = { type: 'invoice.paid', objectId: null, accountId: null, isLive: false, outcome: 'done' }
  await writeSeenEvent(db, { ...event, id: 'evt_old' }, now)
  await writeSeenEvent(db, { ...event, id: 'evt_new' }, after(5 * dayMs))
  await forgetEvents(db, after(91 * dayMs))
  const { rows } = await db.execute(sql`select id from stripe_events`)
  expect(rows).toEqual([{ id: 'evt_new' }])
})

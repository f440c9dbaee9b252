// How an account's events look to a client, and what it says when it comes back.

import { expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { AccountEvent } from '#ledger/events.ts'
import { framesOf, readLastEventId } from './events.ts'

const balanceNanoUsd = nanoUsd(1_500_000_000)
const atMs = Date.UTC(2026, 10, 20)
const events: readonly AccountEvent[] = [
  {
    event: 'top_up',
    seq: 7,
    kind: 'purchase',
    amountNanoUsd: nanoUsd(1_000_000_000),
    balanceNanoUsd,
    atMs,
  },
  { event: 'recovered', seq: 7, balanceNanoUsd, thresholdNanoUsd: nanoUsd(1), atMs },
  {
    event: 'balance',
    seq: 9,
    balanceNanoUsd: nanoUsd(-1),
    heldNanoUsd: nanoUsd(2),
    availableNanoUsd: nanoUsd(-3),
    openHolds: 1,
    level: 'depleted',
    atMs,
  },
]

test('an event has a name, its figures in dollars, and as its id the entry behind which nothing is missing', () => {
  expect(framesOf(events).split('\n\n')).toEqual([
    'event: top_up\ndata: {"seq":7,"balance":"1.50","at":"2026-11-20T00:00:00.000Z","kind":"purchase","amount":"1.00"}',
    'event: recovered\nid: 7\ndata: {"seq":7,"balance":"1.50","at":"2026-11-20T00:00:00.000Z","low_balance_threshold":"0.000000001"}',
    'event: balance\nid: 9\ndata: {"seq":9,"balance":"-0.000000001","at":"2026-11-20T00:00:00.000Z","held":"0.000000002","available":"-0.000000003","open_holds":1,"level":"depleted"}',
    '',
  ])
})

test.each([
  [null, null],
  ['', null],
  ['0', 0],
  ['42', 42],
])('a client that comes back with %j has heard of %j', (text, value) => {
  expect(readLastEventId(text)).toEqual({ ok: true, value })
})

test.each(['-1', '1.5', '1e3', 'x', '9'.repeat(16), ' 1', "1' OR 1"])(
  'no stream has given the id %j',
  (text) => {
    expect(readLastEventId(text)).toMatchObject({
      ok: false,
      code: 'invalid_request',
      param: 'Last-Event-ID',
    })
  },
)

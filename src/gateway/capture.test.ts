// The end of a call on its way to the ledger: delivered, parked, refused or lost, and never thrown.
import { beforeEach, describe, expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Capture, CaptureAnswer } from '#ledger/call-commands.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import { timings } from '#ledger/timings.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, startOfTest } from '../../test/world/hand-clock.ts'
import { type CallEnd, type CaptureParts, deliverEnd } from './capture.ts'
import { commandOf, endingOf } from './ending.ts'
import { aCall } from './test-call.ts'
import { noUsage } from '#calls/usage.ts'

const call = aCall()
const { accountId } = call.caller

const times = {
  startedAt: startOfTest,
  admittedAt: startOfTest,
  firstTokenAt: undefined,
  endedAt: startOfTest,
}
const used = { usage: { ...noUsage, input: 10 }, source: 'final' as const }
const capture: CallEnd = commandOf(call, endingOf(call, 'done', 'after_terminator', used), times, {})
const release: CallEnd = { release: { callId: call.callId, reason: 'timeout_unanswered' } }

const settled: CaptureAnswer = {
  ok: true,
  state: 'settled',
  chargedNanoUsd: nanoUsd(10_000),
  balanceNanoUsd: nanoUsd(0),
  availableNanoUsd: nanoUsd(0),
}

let clock = new HandClock()
let asked: { atMs: number; command: unknown }[] = []
let ports = 0
let parked: ParkedCapture[] = []
let logged: { event: string; fields: unknown }[] = []

beforeEach(() => {
  clock = new HandClock()
  asked = []
  ports = 0
  parked = []
  logged = []
})

type Answering = () => Promise<CaptureAnswer>

function partsWith(answer: Answering, park?: (message: ParkedCapture) => Promise<void>): CaptureParts {
  const ask = (command: unknown) => {
    asked.push({ atMs: clock.elapsedMs, command })
    return answer()
  }
  const port: unknown = { capture: ask, release: ask }
  return {
    clock,
    random: (bytes) => new Uint8Array(bytes).fill(255),
    timings,
    accounts: () => {
      ports += 1
      return port as AccountPort
    },
    captures: { park: park ?? (async (message) => void parked.push(message)) },
    log: {
      info: (event, fields) => void logged.push({ event, fields }),
      error: (event, fields) => void logged.push({ event, fields }),
    },
  }
}

const yes: Answering = async () => settled
const hangs: Answering = () => new Promise(() => undefined)
const breaks: Answering = async () => {
  throw new Error('.overloaded')
}
const says =
  (code: 'too_old' | 'internal'): Answering =>
  async () => ({ ok: false, code })

test.each([
  ['a charge', capture],
  ['a release', release],
])('%s that the object acknowledges is delivered once', async (_name, end) => {
  expect(await deliverEnd(accountId, end, partsWith(yes))).toBe('delivered')
  expect(asked.map(({ command }) => command)).toEqual(Object.values(end))
  expect([parked, logged, clock.sleepers]).toEqual([[], [], 0])
})

// Cases: billing-bugs 68
test('an object that was reset is told again, each time through a fresh port', async () => {
  const answers = [breaks, says('internal'), yes]
  const delivery = deliverEnd(
    accountId,
    capture,
    partsWith(() => (answers[asked.length - 1] ?? yes)()),
  )
  await clock.advance(20_000)
  expect(await delivery).toBe('delivered')
  expect([asked.length, ports]).toEqual([3, 3])
  expect(new Set(asked.map(({ command }) => JSON.stringify(unaged(command)))).size).toBe(1)
})

const unaged = (command: unknown) => ({ ...(command as Capture), admittedAgoMs: 0 })

test('each try says how long ago the call was admitted by then, so that none counts in a later window', async () => {
  const answers = [breaks, breaks, yes]
  const delivery = deliverEnd(
    accountId,
    capture,
    partsWith(() => (answers[asked.length - 1] ?? yes)()),
  )
  await clock.advance(20_000)
  await delivery
  const ages = asked.map(({ command }) => (command as Capture).admittedAgoMs)
  expect(ages).toEqual(asked.map(({ atMs }) => atMs))
  expect(ages.at(-1)).toBeGreaterThan(0)
})

describe('an end that is not acknowledged', () => {
  test.each([
    ['hangs', hangs],
    ['breaks', breaks],
    ['fails', says('internal')],
  ])(
    'within 20 s by an object that %s is parked with what is needed to book it later',
    async (_name, answer) => {
      const delivery = deliverEnd(accountId, capture, partsWith(answer))
      await clock.advance(25_000)
      expect(await delivery).toBe('parked')
      // The tries are a part of its way.
      expect(parked).toEqual([{ accountId, parkedAtMs: startOfTest, ...capture }])
      expect(asked.every(({ atMs }) => atMs < 20_000)).toBe(true)
      expect(logged).toEqual([{ event: 'capture_parked', fields: { account: accountId, call: call.callId } }])
      expect(clock.sleepers).toBe(0)
    },
  )

  test('is parked sooner where its client has left and the platform counts the seconds', async () => {
    const delivery = deliverEnd(accountId, capture, partsWith(breaks), 3_000)
    await clock.advance(3_000)
    expect(await delivery).toBe('parked')
  })

  test('is tried once and parked where no time is left', async () => {
    expect(await deliverEnd(accountId, release, partsWith(breaks), 0)).toBe('parked')
    expect(asked).toHaveLength(1)
    expect(parked).toEqual([{ accountId, parkedAtMs: startOfTest, ...release }])
  })

  test('and that the queue does not take either is said with account and call, and nothing is thrown', async () => {
    const full = async () => {
      throw new Error('queue away')
    }
    expect(await deliverEnd(accountId, capture, partsWith(breaks, full), 0)).toBe('lost')
    expect(logged).toEqual([{ event: 'capture_lost', fields: { account: accountId, call: call.callId } }])
  })
})

test('an answer that trying again would not change is not tried again, and is said', async () => {
  expect(await deliverEnd(accountId, capture, partsWith(says('too_old')))).toBe('refused')
  expect([asked.length, parked.length]).toEqual([1, 0])
  expect(logged).toEqual([
    {
      event: 'capture_refused',
      fields: { account: accountId, call: call.callId, code: 'too_old' },
    },
  ])
})

test('a repeat and a late capture are acknowledgements like any other', async () => {
  for (const state of ['repeat', 'late'] as const)
    expect(
      await deliverEnd(
        accountId,
        capture,
        partsWith(async () => ({ ...settled, state })),
      ),
    ).toBe('delivered')
})

// Typed here, so that a field that the ledger needs without a hold cannot be dropped unnoticed.
test('a parked charge says how long ago it was admitted, not when: clocks differ', () => {
  const parkedFields: (keyof Capture)[] = [
    'callId',
    'keyNumber',
    'costNanoUsd',
    'tokens',
    'admittedAgoMs',
    'detail',
  ]
  expect('capture' in capture ? Object.keys(capture.capture).sort() : []).toEqual(parkedFields.sort())
})

// Parked captures on their way from the queue to their object: acknowledged only when the object has acknowledged.
import { beforeEach, describe, expect, test } from 'vitest'

import { addMillis } from '#core/clock.ts'
import { type AccountId, makeAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Capture, CaptureAnswer } from '#ledger/call-commands.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import { timings } from '#ledger/timings.ts'
import { noUsage } from '#calls/usage.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, startOfTest } from '../../test/world/hand-clock.ts'
import { commandOf, endingOf } from './ending.ts'
import { type ParkedMessage, consumeParkedCaptures } from './parked-captures.ts'
import { aCall } from './test-call.ts'

const call = aCall()
const { accountId } = call.caller
const otherAccountId = makeAccountId('e', (bytes) => new Uint8Array(bytes).fill(9))

const times = {
  startedAt: startOfTest,
  admittedAt: startOfTest,
  firstTokenAt: undefined,
  endedAt: addMillis(startOfTest, 4_000),
}
const used = { usage: { ...noUsage, input: 10 }, source: 'final' as const }
const end = commandOf(call, endingOf(call, 'done', 'after_terminator', used), times, {})
const parkedCapture: ParkedCapture = { accountId, parkedAtMs: startOfTest, ...end }
const release = { callId: call.callId, reason: 'admission_unanswered' }
const parkedRelease: ParkedCapture = { accountId, parkedAtMs: startOfTest, release }

const settled: CaptureAnswer = {
  ok: true,
  state: 'late',
  chargedNanoUsd: nanoUsd(10_000),
  balanceNanoUsd: nanoUsd(0),
  availableNanoUsd: nanoUsd(0),
}

let clock = new HandClock()
let told: unknown[] = []
let logged: { event: string; fields: unknown }[] = []

beforeEach(() => {
  clock = new HandClock()
  told = []
  logged = []
})

type Answering = () => Promise<CaptureAnswer>

function partsWith(answerOf: (accountId: AccountId) => Answering) {
  return {
    clock,
    timings,
    accounts: (id: AccountId) => {
      const tell = (command: unknown) => {
        told.push(command)
        return answerOf(id)()
      }
      // A release is answered with a part of what a capture is.
      const port: unknown = { capture: tell, release: tell }
      return port as AccountPort
    },
    log: {
      info: (event: string, fields: unknown) => void logged.push({ event, fields }),
      error: (event: string, fields: unknown) => void logged.push({ event, fields }),
    },
  }
}

/** A message of the queue that remembers what became of it. */
function messageOf(body: ParkedCapture, attempts = 1): ParkedMessage & { outcomes: string[] } {
  const outcomes: string[] = []
  return {
    body,
    attempts,
    outcomes,
    ack: () => void outcomes.push('ack'),
    retry: ({ delaySeconds }) => void outcomes.push(`retry in ${delaySeconds} s`),
  }
}

const yes: Answering = async () => settled
const breaks: Answering = async () => {
  throw new Error('The object was reset.')
}
const hangs: Answering = () => new Promise(() => undefined)

test.each([
  ['charge', parkedCapture],
  ['release', parkedRelease],
])('a parked %s that the object acknowledges leaves the queue', async (_name, body) => {
  const message = messageOf(body)
  await consumeParkedCaptures(
    [message],
    partsWith(() => yes),
  )
  expect([message.outcomes, told.length, logged]).toEqual([['ack'], 1, []])
})

test('the time in the queue is added to the age of the admission', async () => {
  await clock.advance(90_000)
  await consumeParkedCaptures(
    [messageOf(parkedCapture)],
    partsWith(() => yes),
  )
  expect((told[0] as Capture).admittedAgoMs).toBe(94_000)
})

test('a clock that went back makes nobody younger', async () => {
  const ahead: ParkedCapture = { ...parkedCapture, parkedAtMs: startOfTest + 5_000 }
  await consumeParkedCaptures(
    [messageOf(ahead)],
    partsWith(() => yes),
  )
  expect((told[0] as Capture).admittedAgoMs).toBe(4_000)
})

describe('an object that does not acknowledge', () => {
  test.each([
    [1, 2],
    [2, 4],
    [5, 32],
    [9, 300],
    [100, 300],
  ])(
    'keeps its message in the queue: after attempt %d the next comes %d s later',
    async (attempts, seconds) => {
      const message = messageOf(parkedCapture, attempts)
      await consumeParkedCaptures(
        [message],
        partsWith(() => breaks),
      )
      expect(message.outcomes).toEqual([`retry in ${seconds} s`])
      expect(logged).toEqual([
        { event: 'capture_waits', fields: { account: accountId, call: call.callId, attempts } },
      ])
    },
  )

  test('because it hangs or answers that it failed is tried again as well', async () => {
    const failing: Answering = async () => ({ ok: false, code: 'internal' })
    for (const answer of [hangs, failing]) {
      const message = messageOf(parkedCapture)
      const consumed = consumeParkedCaptures(
        [message],
        partsWith(() => answer),
      )
      await clock.advance(5_000)
      await consumed
      expect(message.outcomes).toEqual(['retry in 2 s'])
    }
    expect(clock.sleepers).toBe(0)
  })

  test('delays no other account of the same batch', async () => {
    const slow = messageOf(parkedCapture)
    const quick = messageOf({ ...parkedRelease, accountId: otherAccountId })
    const consumed = consumeParkedCaptures(
      [slow, quick],
      partsWith((id) => (id === accountId ? hangs : yes)),
    )
    await clock.advance(1)
    expect([slow.outcomes, quick.outcomes]).toEqual([[], ['ack']])
    await clock.advance(5_000)
    await consumed
  })
})

test('an answer that trying again would not change leaves the queue and is said with account, call and code', async () => {
  const message = messageOf(parkedCapture)
  await consumeParkedCaptures(
    [message],
    partsWith(() => async () => ({ ok: false, code: 'too_old' })),
  )
  expect(message.outcomes).toEqual(['ack'])
  expect(logged).toEqual([
    {
      event: 'capture_refused',
      fields: { account: accountId, call: call.callId, code: 'too_old' },
    },
  ])
})

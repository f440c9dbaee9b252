// A stream under a hold that grows, on a clock that the test moves: when it asks for more, what waits, where it ends.

import { beforeEach, describe, expect, test } from 'vitest'

import { aModel } from '#catalog/test-model.ts'
import { secondMs } from '#core/clock.ts'
import { type NanoUsd, nanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Extend, ExtendAnswer } from '#ledger/call-commands.ts'
import { timings } from '#ledger/timings.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { Pacing } from './pacing.ts'
import { aCall } from './test-call.ts'

/** A slice of 1,000 tokens; the answer may have five of them. */
const model = aModel({ stopsOnAbort: true, visibleOutput: true, tokensPerSecond: 10, outputTokensMax: 5_000 })
const call = aCall({ model, asked: { outputTokensMax: undefined } })
const sliceBytes = 1_000 * 3
const refusal: ExtendAnswer = { ok: false, code: 'insufficient_credits' }

let clock = new HandClock()
let asked: Extend[] = []

beforeEach(() => {
  clock = new HandClock()
  asked = []
})

type Answer = 'yes' | 'no' | 'hangs' | 'throws'

/** The object answers each extension in order; the last answer repeats. */
function paced(...answers: Answer[]): Pacing {
  const port: Partial<AccountPort> = {
    extend: (command) => {
      const answer = answers[asked.length] ?? answers.at(-1) ?? 'yes'
      asked.push(command)
      if (answer === 'hangs') return new Promise(() => undefined)
      if (answer === 'throws') return Promise.reject(new Error('The object was reset.'))
      return Promise.resolve(answer === 'yes' ? { ok: true, heldNanoUsd: command.totalNanoUsd } : refusal)
    },
  }
  return new Pacing({
    call,
    heldNanoUsd: call.quote.holdNanoUsd,
    account: () => port as AccountPort,
    clock,
    timings,
  })
}

const totalAfter = (slices: number): NanoUsd =>
  nanoUsd(call.quote.holdNanoUsd + slices * call.quote.sliceNanoUsd)

describe('within its hold', () => {
  test('a stream asks for nothing until half of the slice is used', () => {
    const pacing = paced()
    expect(pacing.passes(sliceBytes / 2)).toBe(true)
    expect(asked).toEqual([])
  })

  test('half of the slice asks for the next one in the background, once, and nothing waits for it', async () => {
    const pacing = paced('hangs')
    for (const bytes of [sliceBytes / 2 + 50, sliceBytes - 50, sliceBytes])
      expect(pacing.passes(bytes)).toBe(true)
    await settled()
    expect(asked).toMatchObject([{ callId: call.callId, totalNanoUsd: totalAfter(1) }])
    expect(pacing.heldNanoUsd).toBe(call.quote.holdNanoUsd)
  })

  test('a refusal in the background is not asked about again before the edge', async () => {
    const pacing = paced('no')
    for (const bytes of [sliceBytes - 900, sliceBytes - 600, sliceBytes - 300]) {
      expect(pacing.passes(bytes)).toBe(true)
      await settled()
    }
    expect(asked).toHaveLength(1)
  })
})

// Cases: billing-bugs 18, 27
describe('what the hold does not cover', () => {
  test('waits for the extension, and goes out once it is acknowledged', async () => {
    const pacing = paced('yes')
    const waits = pacing.passes(sliceBytes + 1)
    expect(waits).not.toBe(true)
    expect(await waits).toBe(true)
    expect(pacing.heldNanoUsd).toBe(totalAfter(1))
  })

  test('is not delivered where the object refuses', async () => {
    const pacing = paced('no')
    expect(await pacing.passes(sliceBytes + 1)).toBe(false)
    expect(pacing.heldNanoUsd).toBe(call.quote.holdNanoUsd)
  })

  test('is asked for once more where the background was refused: money may have come since', async () => {
    const pacing = paced('no', 'yes')
    expect(pacing.passes(sliceBytes - 300)).toBe(true)
    await settled()
    expect(await pacing.passes(sliceBytes + 1)).toBe(true)
    expect(asked).toHaveLength(2)
  })

  test.each(['hangs', 'throws'] as const)(
    'is not delivered where the object %s for five seconds',
    async (answer) => {
      const pacing = paced(answer)
      const waits = pacing.passes(sliceBytes + 1)
      await clock.advance(5 * secondMs)
      expect(await waits).toBe(false)
      expect(clock.sleepers).toBe(0)
    },
  )

  test('takes several slices at once where one is not enough', async () => {
    const pacing = paced('yes')
    expect(await pacing.passes(sliceBytes * 3)).toBe(true)
    expect(asked.map(({ totalNanoUsd }) => totalNanoUsd)).toEqual([totalAfter(1), totalAfter(2)])
  })
})

describe('at its ceiling', () => {
  test('a stream holds no more, asks for no more and is no longer paced', async () => {
    const pacing = paced('yes')
    expect(await pacing.passes(sliceBytes * 5)).toBe(true)
    expect(pacing.heldNanoUsd).toBe(call.quote.ceilingNanoUsd)
    const questions = asked.length
    expect(pacing.passes(sliceBytes * 50)).toBe(true)
    expect(pacing.passesCost(nanoUsd(call.quote.ceilingNanoUsd * 2))).toBe(true)
    expect(asked).toHaveLength(questions)
  })
})

describe('a cost that the provider states', () => {
  test('beyond the hold waits as well, and is refused as well', async () => {
    expect(paced().passesCost(call.quote.holdNanoUsd)).toBe(true)
    expect(await paced('yes').passesCost(nanoUsd(call.quote.holdNanoUsd + 1))).toBe(true)
    asked = []
    expect(await paced('no').passesCost(nanoUsd(call.quote.holdNanoUsd + 1))).toBe(false)
  })
})

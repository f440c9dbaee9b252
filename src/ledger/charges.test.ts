// What a call is charged: captures in time, late, twice, without an admission, beyond the hold, and after silence.

import { describe, expect, test } from 'vitest'

import { dayMs, hourMs, minuteMs, secondMs } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import { keyNumber } from '#core/ids.ts'
import { type NanoUsd, nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { callCostMaxNanoUsd, capture, overrunDebtMaxNanoUsd } from './charges.ts'
import type { Admit, Capture } from './call-commands.ts'
import { credit } from './credits.ts'
import { admitOf, callAt, captureOf, dollar, exampleDetail, grantOf } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { timings } from './timings.ts'

function started(account: Simulator, changes: Partial<Admit> = {}): CallId {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId, changes)))
  return callId
}

const end = (account: Simulator, callId: CallId, cost: number, changes: Partial<Capture> = {}) =>
  account.ask((draft) => capture(draft, captureOf(callId, cost, changes)))

const sign = (account: Simulator, callId: CallId, n: number, cost: number) =>
  account.ask((draft) => beat(draft, { callId, n, costNanoUsd: nanoUsd(cost) }))

const free = (account: Simulator, callId: CallId) =>
  account.ask((draft) => release(draft, { callId, reason: 'test' }))

/** What was shown to the operator, oldest first. */
const findingsOf = (account: Simulator) =>
  account.store.entries
    .filter(({ kind }) => kind === 'finding')
    .map(({ detail }) => Object(detail) as { readonly [name: string]: unknown })

function silence(account: Simulator): void {
  account.nowMs += timings.holdExpiryMs
  account.ask(() => true)
}

describe('a capture', () => {
  // Requirements: 1, 24, 37
  test('charges the cost, frees the rest of the hold and records how the cost came about', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    expect(end(account, callId, 400)).toEqual({
      ok: true,
      state: 'settled',
      chargedNanoUsd: 400,
      balanceNanoUsd: 10 * dollar - 400,
      availableNanoUsd: 10 * dollar - 400,
    })
    expect(account.store.entries.at(-1)).toMatchObject({
      kind: 'usage',
      reference: callId,
      amountNanoUsd: -400,
      balanceAfterNanoUsd: 10 * dollar - 400,
      keyNumber: 1,
      detail: { ...exampleDetail, costNanoUsd: 400, heldNanoUsd: dollar, tokens: 100 },
    })
  })

  // Cases: billing-bugs 32, 45
  test('said again is a repeat that tells the first charge, whatever it says now and whatever was lost', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    account.askTogether([
      (draft) => void capture(draft, captureOf(callId, 400)),
      (draft) => void capture(draft, captureOf(callId, 400)),
    ])
    expect(end(account, callId, 900)).toMatchObject({ state: 'repeat', chargedNanoUsd: 400 })
    account.crash()
    expect(end(account, callId, 400)).toMatchObject({ state: 'repeat', chargedNanoUsd: 400 })
    expect(account.chargesOf(callId)).toHaveLength(1)
  })

  // Cases: billing-bugs 33
  test('is not undone by a release that comes after it', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    end(account, callId, 400)
    expect(free(account, callId)).toEqual({ ok: true })
    expect(account.live).toMatchObject({ postedNanoUsd: 10 * dollar - 400, heldNanoUsd: 0 })
    account.crash()
    expect(end(account, callId, 400)).toMatchObject({ state: 'repeat', chargedNanoUsd: 400 })
    expect(account.chargesOf(callId)).toHaveLength(1)
  })

  test('after a release books nothing: the call was said to cost nothing', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    free(account, callId)
    expect(end(account, callId, 400)).toMatchObject({ state: 'repeat', chargedNanoUsd: 0 })
    expect(account.live.postedNanoUsd).toBe(10 * dollar)
  })

  test('of nothing is still a line in the log', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    expect(end(account, callId, 0)).toMatchObject({ state: 'settled', chargedNanoUsd: 0 })
    expect(account.chargesOf(callId)).toHaveLength(1)
  })

  // Cases: billing-bugs 17, 30
  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53, callCostMaxNanoUsd + 1, '5', null, undefined])(
    'of %s is refused and writes nothing',
    (value) => {
      const account = Simulator.opened(10)
      const callId = started(account)
      const before = account.store.rowsWritten
      const broken = (field: object) => ({ ...captureOf(callId, 5), ...field })
      const fields = [{ costNanoUsd: value }]
      if (value !== callCostMaxNanoUsd + 1)
        fields.push({ tokens: value } as never, { admittedAgoMs: value } as never)
      for (const field of fields) {
        const answer = account.ask((draft) => capture(draft, broken(field)))
        expect(answer).toEqual({ ok: false, code: 'invalid_command' })
      }
      expect(account.store.rowsWritten).toBe(before)
      expect(account.live).toMatchObject({ postedNanoUsd: 10 * dollar, heldNanoUsd: dollar })
    },
  )

  test('with a detail too large for a message keeps its plain values and a mark', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    const usage = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`unit${n}`, n]))
    end(account, callId, 5, { detail: { ...exampleDetail, usage, upstreamId: 'x'.repeat(50_000) } })
    const [entry] = account.chargesOf(callId)
    expect(JSON.stringify(entry?.detail).length).toBeLessThan(4_000)
    expect(entry?.detail).toMatchObject({ isClipped: true, model: 'm', costNanoUsd: 5, requestId: 'req_1' })
  })
})

describe('a cost beyond the hold', () => {
  test('takes from what is available first', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    expect(end(account, callId, 4 * dollar)).toMatchObject({
      chargedNanoUsd: 4 * dollar,
      availableNanoUsd: 6 * dollar,
    })
  })

  // Cases: billing-bugs 28
  test("is charged and shown to the operator; a cost within the hold is nobody's business", () => {
    const account = Simulator.opened(10)
    end(account, started(account), dollar)
    expect(account.store.entries.filter(({ kind }) => kind === 'finding')).toEqual([])
    const callId = started(account)
    end(account, callId, dollar + 1)
    expect(account.store.entries.filter(({ kind }) => kind === 'finding')).toMatchObject([
      { detail: { what: 'charged_above_hold', callId, heldNanoUsd: dollar, costNanoUsd: dollar + 1 } },
    ])
  })

  test('becomes debt up to the cap of the account, and the rest is written off with a finding', () => {
    const account = Simulator.opened(2)
    const other = started(account)
    const callId = started(account)
    const answer = end(account, callId, 50 * dollar)
    expect(answer).toMatchObject({ chargedNanoUsd: dollar + overrunDebtMaxNanoUsd })
    expect(account.live.postedNanoUsd).toBe(dollar - overrunDebtMaxNanoUsd)
    expect(account.store.entries.at(-1)).toMatchObject({
      kind: 'finding',
      amountNanoUsd: 0,
      detail: { what: 'written_off', callId, amountNanoUsd: 50 * dollar - dollar - overrunDebtMaxNanoUsd },
    })
    end(account, other, 50 * dollar)
    const unknown = account.newCall()
    end(account, unknown, 50 * dollar)
    expect(account.live.postedNanoUsd).toBe(0 - overrunDebtMaxNanoUsd)
    // One for each call, of an admitted one and of one that was never seen alike.
    const writtenOff = findingsOf(account).filter(({ what }) => what === 'written_off')
    expect(writtenOff.map((finding) => finding['callId'])).toEqual([callId, other, unknown])
  })

  test('is shown for each call, and what a silent one cannot pay is written off as well', () => {
    const account = Simulator.opened(10)
    const [first, second] = [started(account), started(account)]
    end(account, first, dollar + 1)
    end(account, second, dollar + 1)
    expect(findingsOf(account).map(({ callId }) => callId)).toEqual([first, second])
    const silent = started(account)
    sign(account, silent, 1, 100)
    silence(account)
    const late = end(account, silent, 50 * dollar)
    expect(late).toMatchObject({ ok: true, state: 'late', availableNanoUsd: 0 - overrunDebtMaxNanoUsd })
    expect(findingsOf(account).at(-1)).toMatchObject({ what: 'written_off', callId: silent })
  })

  // Cases: billing-bugs 41
  test('leaves a debt that is told as it is and that new money pays first', () => {
    const account = Simulator.opened(1)
    end(account, started(account), dollar + 300)
    expect(account.live.postedNanoUsd).toBe(-300)
    const answer = account.ask((draft) => credit(draft, grantOf(1_000, { kind: 'purchase' })))
    expect(answer).toMatchObject({ ok: true, balanceNanoUsd: 700 })
  })
})

describe('silence', () => {
  test('ends a hold after a minute and charges what the last beat said', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    sign(account, callId, 1, 300)
    sign(account, callId, 3, 500)
    sign(account, callId, 2, 900)
    sign(account, callId, 4, 100)
    account.nowMs += timings.holdExpiryMs - 1
    account.ask(() => true)
    expect(account.live.holds.size).toBe(1)
    account.nowMs += 1
    account.ask(() => true)
    expect(account.live).toMatchObject({ heldNanoUsd: 0, postedNanoUsd: 10 * dollar - 500 })
    expect(account.chargesOf(callId)[0]).toMatchObject({
      kind: 'usage',
      detail: {
        rule: 'hold_expired',
        status: 'owner_lost',
        requestId: `req_${callId.slice(4)}`,
        costNanoUsd: 500,
      },
    })
  })

  test('without any beat costs nothing', () => {
    const account = Simulator.opened(10)
    started(account)
    silence(account)
    expect(account.live).toMatchObject({ heldNanoUsd: 0, postedNanoUsd: 10 * dollar })
  })

  test('is broken by every beat, old or new, whatever restarts', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    for (let n = 1; n <= 20; n += 1) {
      account.nowMs += timings.beatEveryMs
      expect(sign(account, callId, n % 3, n)).toEqual({ state: 'ok' })
      account.crash()
    }
    expect(end(account, callId, 50)).toMatchObject({ state: 'settled' })
  })

  test('after an outage begins anew, once, however often the object restarts', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    sign(account, callId, 1, 500)
    const restartAfter = (ms: number) => {
      account.nowMs += ms
      account.crash()
      account.ask(() => true)
    }
    restartAfter(10 * minuteMs)
    restartAfter(timings.holdExpiryMs - 1)
    expect(account.live.holds.size).toBe(1)
    restartAfter(1)
    expect(account.live.holds.size).toBe(0)
    expect(account.chargesOf(callId)).toMatchObject([{ kind: 'usage', amountNanoUsd: 0 }])
  })

  test('is not broken for ever: after a day a hold ends whoever beats', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    for (let n = 1; account.nowMs < account.live.nowMs + 25 * hourMs && n < 4_000; n += 1) {
      account.nowMs += 30 * secondMs
      if (sign(account, callId, n, n).state === 'resolved') break
    }
    expect(account.live.holds.size).toBe(0)
  })

  // Cases: billing-bugs 34
  test.each([
    { said: 1_000, difference: -500 },
    { said: 200, difference: 300 },
    { said: 500, difference: 0 },
  ])('and then a capture of $said books the signed difference $difference, once', ({ said, difference }) => {
    const account = Simulator.opened(10)
    const callId = started(account)
    sign(account, callId, 1, 500)
    silence(account)
    expect(end(account, callId, said)).toMatchObject({ state: 'late', chargedNanoUsd: said })
    expect(end(account, callId, said)).toMatchObject({ state: 'repeat', chargedNanoUsd: said })
    account.crash()
    expect(end(account, callId, said)).toMatchObject({ state: 'repeat', chargedNanoUsd: said })
    expect(account.chargesOf(callId).map(({ kind, amountNanoUsd }) => [kind, amountNanoUsd])).toEqual([
      ['usage', -500],
      ['late', difference],
    ])
    expect(account.chargesOf(callId)[1]?.detail).toMatchObject({ costNanoUsd: said })
  })

  // Cases: billing-bugs 34
  test('and then a release takes nothing back', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    sign(account, callId, 1, 500)
    silence(account)
    expect(free(account, callId)).toEqual({ ok: true })
    expect(account.live.postedNanoUsd).toBe(10 * dollar - 500)
    expect(sign(account, callId, 2, 900)).toEqual({ state: 'resolved' })
  })
})

describe('a capture of a call that was never admitted here', () => {
  test('is booked late, under the budgets of its admission, and its admission is refused after it', () => {
    const account = Simulator.opened(10)
    const callId = callAt(account.nowMs - 2 * dayMs + minuteMs, 1)
    const answer = end(account, callId, 400, { admittedAgoMs: 2 * dayMs - minuteMs })
    expect(answer).toMatchObject({ state: 'late', chargedNanoUsd: 400 })
    const spending = account.live.keys.get(keyNumber(1))?.spending
    expect([spending?.day.spentNanoUsd, spending?.lifetime.spentNanoUsd]).toEqual([400, 400])
    expect(spending?.day.startMs).toBeLessThan(account.nowMs - dayMs)
    expect(end(account, callId, 400)).toMatchObject({ state: 'repeat' })
  })

  test('does not count as a request of this minute', () => {
    const account = Simulator.opened(10, { rpm: 1 })
    end(account, account.newCall(), 400)
    account.crash()
    expect(account.live.rate.requests).toBe(0)
  })

  test('that is older than what is remembered is a finding and books nothing', () => {
    const account = Simulator.opened(10)
    const callId = callAt(account.nowMs - 2 * dayMs - 1, 1)
    expect(end(account, callId, 400)).toEqual({ ok: false, code: 'too_old' })
    expect(end(account, callId, 400)).toEqual({ ok: false, code: 'too_old' })
    expect(account.live.postedNanoUsd).toBe(10 * dollar)
    const findings = account.store.entries.filter(({ kind }) => kind === 'finding')
    expect(findings.map(({ detail }) => detail)).toMatchObject([
      { what: 'capture_too_old', costNanoUsd: 400, detail: { ...exampleDetail } },
    ])
    const another = callAt(account.nowMs - 2 * dayMs - 1, 2)
    end(account, another, 400)
    expect(findingsOf(account).map((finding) => finding['callId'])).toEqual([callId, another])
  })

  test('at the very end of what is remembered is still booked', () => {
    const account = Simulator.opened(10)
    expect(end(account, callAt(account.nowMs - 2 * dayMs, 1), 400)).toMatchObject({ state: 'late' })
  })

  test.each([
    { costNanoUsd: nanoUsd(callCostMaxNanoUsd + 1) },
    { costNanoUsd: -1 as NanoUsd },
    { costNanoUsd: 0.5 as NanoUsd },
    { costNanoUsd: Number.NaN as NanoUsd },
    { keyNumber: keyNumber(-1) },
    { keyNumber: keyNumber(1.5) },
    { tokens: -1 },
    { admittedAgoMs: Number.NaN },
  ])('with %j is refused and books nothing', (changes) => {
    const account = Simulator.opened(10)
    const before = account.store.entries.length
    expect(end(account, account.newCall(), 400, changes)).toEqual({ ok: false, code: 'invalid_command' })
    expect(account.store.entries.length).toBe(before)
  })

  test('of the most that one call may cost is no broken owner', () => {
    const account = Simulator.opened(10)
    expect(end(account, account.newCall(), callCostMaxNanoUsd)).toMatchObject({ ok: true })
  })

  test('is remembered for two days after its admission, also by a restarted object', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    end(account, callId, 400)
    account.nowMs += 2 * dayMs - secondMs
    end(account, account.newCall(), 1)
    account.crash()
    expect(end(account, callId, 400)).toMatchObject({ state: 'repeat', chargedNanoUsd: 400 })
  })

  test('with an id that is none is refused', () => {
    const account = Simulator.opened(10)
    const answer = end(account, 'gen_nonsense' as CallId, 400)
    expect(answer).toEqual({ ok: false, code: 'invalid_command' })
  })
})

test('time never goes back, whatever the clock says', () => {
  const account = Simulator.opened(10)
  const callId = started(account)
  const startedAtMs = account.nowMs
  account.nowMs -= hourMs
  end(account, callId, 5)
  account.crash()
  end(account, account.newCall(), 5)
  const times = account.store.entries.map(({ createdAtMs }) => createdAtMs)
  expect(Math.min(...times)).toBe(startedAtMs)
})

describe('a beat', () => {
  test('says stop when the key is revoked or the account frozen, and resolved or unknown when there is no hold', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    expect(sign(account, account.newCall(), 1, 1)).toEqual({ state: 'unknown_call' })
    const key = account.live.keys.get(keyNumber(1))
    if (key !== undefined) account.live.keys.set(key.keyNumber, { ...key, isDisabled: true })
    expect(sign(account, callId, 1, 1)).toEqual({ state: 'stop' })
    end(account, callId, 5)
    expect(sign(account, callId, 2, 1)).toEqual({ state: 'resolved' })
  })

  test('is written at most every half minute per hold', () => {
    const account = Simulator.opened(10)
    const callId = started(account)
    const before = account.store.rowsWritten
    for (let n = 1; n <= 8; n += 1) {
      account.nowMs += timings.beatEveryMs
      sign(account, callId, n, n)
    }
    expect(account.store.rowsWritten - before).toBe(4)
  })

  // Cases: billing-bugs 30
  test.each([-1, 1.5, Number.NaN, '5', null])('with %s changes nothing', (value) => {
    const account = Simulator.opened(10)
    const callId = started(account)
    sign(account, callId, 1, 50)
    for (const field of [{ n: value }, { costNanoUsd: value }]) {
      const command = { callId, n: 2, costNanoUsd: 60, ...field } as unknown as Parameters<typeof beat>[1]
      expect(account.ask((draft) => beat(draft, command))).toEqual({ state: 'internal' })
    }
    expect(account.live.holds.get(callId)).toMatchObject({ checkpointNanoUsd: 50, beatN: 1 })
  })
})

test('a charge names the hosts that were tried in vain before', () => {
  const account = Simulator.opened(1)
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId)))
  const attempts = [{ provider: 'groq', verdict: 'busy', status: 429, durationMs: 12 }]
  const detail = { ...exampleDetail, attempts }
  account.ask((draft) => capture(draft, captureOf(callId, 400, { detail })))
  expect(account.store.entries.at(-1)?.detail).toMatchObject({ attempts })
})

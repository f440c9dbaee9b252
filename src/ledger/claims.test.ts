// Idempotency-Keys in the ledger: at most one executed and charged call per claim, in any order and across restarts.

import { describe, expect, test } from 'vitest'

import type { CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { claimKeptMs } from './claims.ts'
import { type Claim, type StoredAnswer, storedAnswerBytesMax } from './claim.ts'
import { admitOf, captureOf, dollar } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { timings } from './timings.ts'

const claim: Claim = { reference: 'a'.repeat(32), bodyHash: 'b'.repeat(32) }

function ask(account: Simulator, callId: CallId = account.newCall(), claimed: Claim | null = claim) {
  const answer = account.ask((draft) => admit(draft, admitOf(callId, { claim: claimed })))
  return { callId, answer }
}

const answer: StoredAnswer = { contentType: 'application/json', body: '{"ok":true}' }

/** As an owner ends a claimed call: with the answer that its client was given. */
const end = (account: Simulator, callId: CallId, cost: number, kept: StoredAnswer | null = answer) =>
  account.ask((draft) =>
    capture(draft, captureOf(callId, cost, { claim: { reference: claim.reference, answer: kept } })),
  )

/** An attempt whose owner dies after it has reported a cost. */
function lose(account: Simulator, cost: number): CallId {
  const { callId } = ask(account)
  account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(cost) }))
  account.nowMs += timings.holdExpiryMs
  account.ask(() => true)
  return callId
}

const spent = (account: Simulator) => {
  account.check()
  account.checkRestart()
  return 10 * dollar - account.live.postedNanoUsd
}

describe('the same Idempotency-Key with the same body', () => {
  // Cases: billing-bugs 22
  test('is in progress while its call runs, and the repeat holds nothing', () => {
    const account = Simulator.opened(10)
    const first = ask(account)
    expect(first.answer).toMatchObject({ ok: true })
    expect(ask(account).answer).toMatchObject({
      ok: false,
      code: 'idempotency_in_progress',
      earlier: { callId: first.callId },
    })
    expect(account.live.heldNanoUsd).toBe(dollar)
  })

  // Cases: billing-bugs 22
  test('gets the receipt once its call is charged, also from a restarted object', () => {
    const account = Simulator.opened(10)
    const first = ask(account)
    end(account, first.callId, 400)
    account.crash()
    expect(ask(account).answer).toMatchObject({
      ok: false,
      code: 'idempotency_completed',
      earlier: { callId: first.callId, chargedNanoUsd: 400, answer },
    })
    expect(account.live.postedNanoUsd).toBe(10 * dollar - 400)
  })

  test('is the same admission when it comes from the same call', () => {
    const account = Simulator.opened(10)
    const first = ask(account)
    expect(ask(account, first.callId).answer).toMatchObject({ ok: true, heldNanoUsd: dollar })
    expect(account.live.heldNanoUsd).toBe(dollar)
  })

  test('runs anew after a call that cost nothing: released, or lost before anything was delivered', () => {
    const account = Simulator.opened(10)
    const released = ask(account)
    account.ask((draft) => release(draft, { callId: released.callId, reason: 'upstream_error' }))
    expect(ask(account).answer).toMatchObject({ ok: true })
    account.nowMs += timings.holdExpiryMs
    const third = ask(account)
    expect(third.answer).toMatchObject({ ok: true })
    end(account, third.callId, 400)
    expect(ask(account).answer).toMatchObject({ code: 'idempotency_completed' })
    expect(account.live.postedNanoUsd).toBe(10 * dollar - 400)
  })

  test('is free again after a day', () => {
    const account = Simulator.opened(10)
    end(account, ask(account).callId, 400)
    account.nowMs += claimKeptMs - 1
    expect(ask(account).answer).toMatchObject({ code: 'idempotency_completed' })
    account.nowMs += 1
    expect(ask(account).answer).toMatchObject({ ok: true })
  })
})

test('the same Idempotency-Key with another body is refused', () => {
  const account = Simulator.opened(10)
  end(account, ask(account).callId, 400)
  const other = { ...claim, bodyHash: 'c'.repeat(32) }
  expect(ask(account, account.newCall(), other).answer).toMatchObject({ code: 'idempotency_key_reused' })
})

test('a claim that is refused for money claims nothing', () => {
  const account = Simulator.opened(0)
  expect(ask(account).answer).toMatchObject({ code: 'insufficient_credits' })
  expect(ask(account).answer).toMatchObject({ code: 'insufficient_credits' })
})

test('a claim that is no pair of hashes is refused', () => {
  const account = Simulator.opened(10)
  for (const odd of [
    { reference: "'; DROP TABLE entry", bodyHash: '' },
    { ...claim, bodyHash: '' },
    { ...claim, reference: 'A'.repeat(32) },
  ])
    expect(ask(account, account.newCall(), odd).answer).toMatchObject({ code: 'internal' })
})

describe('the answer of a claimed call', () => {
  // Cases: billing-bugs 22
  test('is given again before limits and money are asked: an empty account gets what it has paid for', () => {
    const account = Simulator.opened(1, { rpm: 1 })
    const first = ask(account)
    end(account, first.callId, dollar)
    expect(account.live.postedNanoUsd).toBe(0)
    expect(ask(account).answer).toMatchObject({ code: 'idempotency_completed', earlier: { answer } })
  })

  test('of another key of the account is another claim', () => {
    const account = Simulator.opened(10)
    end(account, ask(account).callId, 400)
    const other = { ...claim, reference: 'd'.repeat(32) }
    expect(ask(account, account.newCall(), other).answer).toMatchObject({ ok: true })
  })

  test.each([
    [storedAnswerBytesMax, 'kept'],
    [storedAnswerBytesMax + 1, 'not kept: the repeat gets its receipt'],
  ])('of %i bytes is %s', (bytes, fate) => {
    const account = Simulator.opened(10)
    const long = { ...answer, body: 'x'.repeat(bytes) }
    end(account, ask(account).callId, 400, long)
    expect(ask(account).answer).toMatchObject({
      code: 'idempotency_completed',
      earlier: { chargedNanoUsd: 400, answer: fate === 'kept' ? long : null },
    })
  })

  test('that comes twice is the first one for ever, and one of an unclaimed call is not kept', () => {
    const account = Simulator.opened(10)
    const { callId } = ask(account)
    end(account, callId, 400)
    end(account, callId, 900, { ...answer, body: 'another' })
    expect(ask(account).answer).toMatchObject({ earlier: { chargedNanoUsd: 400, answer } })
    expect(account.store.answers.size).toBe(1)
  })
})

// Cases: billing-bugs 22, 42
describe('an attempt whose owner died after it was charged a part', () => {
  test('runs anew, and in the end only the repeat is charged', () => {
    const account = Simulator.opened(10)
    lose(account, 300)
    expect(spent(account)).toBe(300)
    const repeat = ask(account)
    expect(repeat.answer).toMatchObject({ ok: true })
    end(account, repeat.callId, 500)
    expect(spent(account)).toBe(500)
    expect(ask(account).answer).toMatchObject({
      earlier: { callId: repeat.callId, chargedNanoUsd: 500, answer },
    })
  })

  test('and whose own end arrives after the repeat was charged changes nothing any more', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    const repeat = ask(account)
    end(account, repeat.callId, 500)
    expect(end(account, first, 900)).toMatchObject({ ok: true, state: 'repeat' })
    expect(spent(account)).toBe(500)
  })

  test('and whose own end arrives before the repeat has ended is the one that is charged', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    const repeat = ask(account)
    end(account, first, 900)
    expect(end(account, repeat.callId, 500)).toMatchObject({ ok: true, chargedNanoUsd: 0 })
    expect(spent(account)).toBe(900)
  })

  // Nothing was delivered by the last beat that arrived; what its owner says in the end may be parked for a long while.
  test.each([0, 300])(
    'of %d, and whose own end comes first or last, is charged once with its repeat',
    (checkpoint) => {
      for (const isFirst of [true, false]) {
        const account = Simulator.opened(10)
        const first = lose(account, checkpoint)
        account.crash()
        const repeat = ask(account)
        if (isFirst) end(account, first, 900)
        account.crash()
        end(account, repeat.callId, 500)
        account.crash()
        if (!isFirst) end(account, first, 900)
        expect(spent(account)).toBe(isFirst ? 900 : 500)
      }
    },
  )

  test.each([[[300, 0]], [[0, 300]], [[0, 0]]])(
    'one of several (%j), and whose own end comes last of all, is charged once with the last repeat',
    (checkpoints) => {
      const account = Simulator.opened(10)
      const lost = checkpoints.map((cost) => lose(account, cost))
      account.crash()
      const last = ask(account)
      for (const callId of lost) end(account, callId, 900)
      end(account, last.callId, 500)
      for (const callId of lost) end(account, callId, 900)
      expect([500, 900]).toContain(spent(account))
    },
  )

  test('and whose own end says that it cost nothing leaves its repeat to be charged', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    const repeat = ask(account)
    end(account, first, 0)
    end(account, repeat.callId, 500)
    expect(spent(account)).toBe(500)
  })

  test('and whose own end cost nothing may be tried a third time where its repeat was lost as well', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    ask(account)
    end(account, first, 0)
    account.nowMs += timings.holdExpiryMs
    account.ask(() => true)
    const third = ask(account)
    expect(third.answer).toMatchObject({ ok: true })
    end(account, third.callId, 500)
    expect(spent(account)).toBe(500)
  })

  // The second one's checkpoint takes the place of the first one's, even if nobody asks again.
  test.each([
    [300, 200, 200],
    [300, 0, 300],
    [0, 200, 200],
    [0, 0, 0],
  ])(
    'of %d and whose repeat was lost as well, at %d, is charged once, at %d, whatever its own end says after that',
    (checkpoint, second, charged) => {
      const account = Simulator.opened(10)
      const first = lose(account, checkpoint)
      account.crash()
      lose(account, second)
      expect(spent(account)).toBe(charged)
      account.crash()
      if (second > 0) end(account, first, 900)
      expect(spent(account)).toBe(charged)
    },
  )

  test('and whose own end came before its repeat was lost is charged for that end alone', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    const repeat = ask(account)
    end(account, first, 900)
    account.ask((draft) => beat(draft, { callId: repeat.callId, n: 1, costNanoUsd: nanoUsd(200) }))
    account.nowMs += timings.holdExpiryMs
    account.ask(() => true)
    expect(spent(account)).toBe(900)
    end(account, repeat.callId, 500)
    expect(spent(account)).toBe(900)
  })

  test('keeps its charge where its repeat ends and cost nothing', () => {
    const account = Simulator.opened(10)
    lose(account, 300)
    end(account, ask(account).callId, 0)
    expect(spent(account)).toBe(300)
  })

  test('leaves nothing of itself where its repeat is charged, and says why in its line', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    const repeat = ask(account)
    end(account, repeat.callId, 500)
    expect(account.chargesOf(first).at(-1)).toMatchObject({
      kind: 'late',
      amountNanoUsd: 300,
      detail: { rule: 'reversed_by_repeat' },
    })
    expect(end(account, repeat.callId, 700)).toMatchObject({ state: 'repeat', chargedNanoUsd: 500 })
    expect(spent(account)).toBe(500)
  })

  test('and whose own end arrives while the repeat runs is answered again, also where the repeat is lost or refused', () => {
    for (const isLost of [true, false]) {
      const account = Simulator.opened(10)
      const first = lose(account, 0)
      const repeat = ask(account)
      end(account, first, 900)
      account.crash()
      if (isLost) account.nowMs += timings.holdExpiryMs + timings.beatWriteEveryMs
      else account.ask((draft) => release(draft, { callId: repeat.callId, reason: 'upstream_error' }))
      expect(ask(account).answer).toMatchObject({
        code: 'idempotency_completed',
        earlier: { callId: first, chargedNanoUsd: 900, answer },
      })
      expect(spent(account)).toBe(900)
    }
  })

  test('keeps its charge where the repeat costs nothing', () => {
    const account = Simulator.opened(10)
    lose(account, 300)
    const repeat = ask(account)
    account.ask((draft) => release(draft, { callId: repeat.callId, reason: 'upstream_error' }))
    expect(spent(account)).toBe(300)
  })

  test.each([[[300, 0]], [[0, 300]], [[0, 300, 0]]])(
    'one of several (%j) keeps the charge of what was delivered where the last repeat costs nothing',
    (checkpoints) => {
      const account = Simulator.opened(10)
      for (const cost of checkpoints) lose(account, cost)
      const last = ask(account)
      account.ask((draft) => release(draft, { callId: last.callId, reason: 'upstream_error' }))
      expect(spent(account)).toBe(300)
    },
  )

  test('and whose own end arrives when the day of its claim is over is charged by it', () => {
    const account = Simulator.opened(10)
    const first = lose(account, 300)
    account.nowMs += claimKeptMs
    end(account, first, 900)
    expect(spent(account)).toBe(900)
  })

  test('more than once is charged for one of them, over a restart at every step', () => {
    const account = Simulator.opened(10)
    for (const cost of [300, 200, 100]) {
      lose(account, cost)
      account.crash()
    }
    expect(spent(account)).toBe(100)
    const last = ask(account)
    account.crash()
    end(account, last.callId, 500)
    expect(spent(account)).toBe(500)
  })
})

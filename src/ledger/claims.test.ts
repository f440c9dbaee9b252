// Idempotency-Keys in the ledger: at most one executed and charged call per claim, in any order and across restarts.

import { describe, expect, test } from 'vitest'

import type { CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { claimKeptMs } from './claims.ts'
import type { Claim } from './claim.ts'
import { admitOf, captureOf, dollar } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { timings } from './timings.ts'

const claim: Claim = { reference: 'a'.repeat(32), bodyHash: 'b'.repeat(32) }

function ask(account: Simulator, callId: CallId = account.newCall(), claimed: Claim | null = claim) {
  const answer = account.ask((draft) => admit(draft, admitOf(callId, { claim: claimed })))
  return { callId, answer }
}

const end = (account: Simulator, callId: CallId, cost: number) =>
  account.ask((draft) => capture(draft, captureOf(callId, cost)))

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
      earlier: { callId: first.callId, chargedNanoUsd: 400 },
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

  // Cases: billing-bugs 22
  test('does not run anew after a call that was lost when part of it was charged', () => {
    const account = Simulator.opened(10)
    const first = ask(account)
    account.ask((draft) => beat(draft, { callId: first.callId, n: 1, costNanoUsd: nanoUsd(300) }))
    account.nowMs += timings.holdExpiryMs
    expect(ask(account).answer).toMatchObject({
      code: 'idempotency_completed',
      earlier: { callId: first.callId, chargedNanoUsd: 300 },
    })
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
  const odd = { reference: "'; DROP TABLE entry", bodyHash: '' }
  expect(ask(account, account.newCall(), odd).answer).toMatchObject({ code: 'internal' })
})

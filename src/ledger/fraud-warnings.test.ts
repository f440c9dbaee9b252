// A warning of fraud that a human has looked at: cleared once, with who and why, and not opened again by what comes late.

import { describe, expect, test } from 'vitest'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { dollar, grantOf } from './example-commands.ts'
import type { ClearWarnings } from './fraud-warning-commands.ts'
import { clearWarnings } from './fraud-warnings.ts'
import type { Fact } from './payment-facts.ts'
import { isPaymentInDoubt } from './payment-risk.ts'
import { rebook } from './rebook.ts'
import { tellFacts } from './told-facts.ts'

const payment = 'ord_1'

/** As the provider tells it: 1 while something can be done about it, 2 after. */
function warning(id: string, version: 1 | 2): Fact {
  return { id, kind: 'fraud_warning', version, takenNanoUsd: zeroNanoUsd, isOpen: version === 1 }
}

const tell = (account: Simulator, ...facts: readonly Fact[]) =>
  account.ask((draft) => tellFacts(draft, { payment, receivedNanoUsd: null, facts }))

const clear = (account: Simulator, changes: Partial<ClearWarnings> = {}) =>
  account.ask((draft) =>
    clearWarnings(draft, {
      reference: 'clear:1',
      payment,
      reason: 'called them',
      actor: 'operator',
      ...changes,
    }),
  )

function warned(): Simulator {
  const account = Simulator.opened(0)
  account.ask((draft) =>
    credit(draft, grantOf(nanoUsd(20 * dollar), { reference: payment, kind: 'purchase' })),
  )
  tell(account, warning('issfr_1', 1), warning('issfr_2', 1))
  return account
}

describe('clearing the warnings of a payment', () => {
  // Cases: payments 42
  test('ends the doubt with who and why, moves no money, and is known again', () => {
    const account = warned()
    expect(isPaymentInDoubt(account.live.risk)).toBe(true)
    expect(clear(account)).toEqual({ ok: true, cleared: 2, isRepeat: false })
    expect(account.live).toMatchObject({ risk: { fraudWarnings: 0 }, postedNanoUsd: 20 * dollar })
    const said = { reason: 'called them', actor: 'operator', fraudWarnings: -1 }
    expect(account.store.entries.slice(-2)).toMatchObject([
      { kind: 'fraud_warning', amountNanoUsd: 0, detail: { ...said, command: 'clear:1' } },
      { kind: 'fraud_warning', amountNanoUsd: 0, detail: said },
    ])
    const { length } = account.store.entries
    account.crash()
    expect(clear(account)).toEqual({ ok: true, cleared: 0, isRepeat: true })
    expect(account.store.entries).toHaveLength(length)
    account.checkRestart()
    checkRebuild(account)
  })

  test('is not undone by what the provider says late or again, but another warning is another one', () => {
    const account = warned()
    clear(account)
    tell(account, warning('issfr_1', 1), warning('issfr_2', 2))
    expect(account.live.risk.fraudWarnings).toBe(0)
    tell(account, warning('issfr_3', 1))
    expect(account.live.risk.fraudWarnings).toBe(1)
    expect(clear(account)).toEqual({ ok: true, cleared: 0, isRepeat: true })
    expect(account.live.risk.fraudWarnings).toBe(1)
    expect(clear(account, { reference: 'clear:2' })).toEqual({ ok: true, cleared: 1, isRepeat: false })
    checkRebuild(account)
  })

  test.each([
    ['no_such_payment', { payment: 'ord_2' }],
    ['invalid_command', { reference: '' }],
    ['invalid_command', { reference: 'x'.repeat(201) }],
  ] as const)('is refused as %s with %j', (code, changes) => {
    const account = warned()
    expect(clear(account, changes)).toEqual({ ok: false, code })
    expect(account.live.risk.fraudWarnings).toBe(2)
  })

  test('under a name that was used for another payment is refused, and so where none is open', () => {
    const account = warned()
    clear(account)
    tell(account, warning('issfr_1', 1))
    expect(clear(account, { payment: 'ord_2' })).toEqual({ ok: false, code: 'reference_reused' })
    expect(clear(account, { reference: 'clear:2' })).toEqual({ ok: false, code: 'no_open_warning' })
  })

  test('stands also where its line comes from a closed epoch too late', () => {
    const lost = warned()
    clear(lost)
    const lines = lost.store.entries.filter(({ kind }) => kind === 'fraud_warning')
    const account = warned()
    for (const entry of lines.toReversed())
      account.ask((draft) => {
        draft.state.epoch = 2
        return rebook(draft, { entry })
      })
    expect(account.live.risk.fraudWarnings).toBe(0)
    expect(clear(account)).toEqual({ ok: true, cleared: 0, isRepeat: true })
  })
})

// The settle table, every cell: each way to end × how far it had come × each policy × what the provider said has its
// charge written here a second time, or the reason why it cannot occur.
import { describe, expect, test } from 'vitest'

import type { UsageSource } from '#calls/usage.ts'
import type { CancellationPolicy } from '#catalog/model.ts'
import {
  type Charge,
  type Ending,
  type Phase,
  type Statement,
  endCauses,
  impossibleCell,
  isBefore,
  phases,
  settle,
  statementOf,
  statements,
} from './settle.ts'

// A policy decides whether a call runs on when its client leaves, never what an end costs: but for `accept`, whose calls cost
// their fee from the answer's head on, whatever else the table says. The record has to name them all.
const policies = Object.keys({
  finish: true,
  stop: true,
  accept: true,
  job: true,
} satisfies Record<CancellationPolicy, true>) as CancellationPolicy[]

// One column per cause, in this order: done, client_gone, provider_cap, upstream_error, cut, timeout, hold_refused, key_revoked,
// cover_lost, drain_limit, cancel, relay_lost. · cannot occur · 0 nothing · U what the provider said · D the delivered by our own count.
const table: Record<Phase, Record<Statement, string>> = {
  before_dispatch: {
    said: '. . . . . . . . . . . .',
    said_zero: '. . . . . . . . . . . .',
    not_said: '. 0 0 . . . 0 0 0 . 0 .',
  },
  dispatched: {
    said: '. . . . . . . . . . . .',
    said_zero: '. . . . . . . . . . . .',
    not_said: '. 0 . 0 0 0 0 0 0 . 0 0',
  },
  answered: {
    said: 'U U . U U U U U U U U U',
    said_zero: 'U U . U U U U U U U U U',
    not_said: '0 0 . 0 0 0 0 0 0 0 0 0',
  },
  delivering: {
    said: 'U U . U U U U U U U U U',
    said_zero: 'U U . U U U U U U U U U',
    not_said: 'D D . D D D D D D D D D',
  },
  after_usage: {
    said: 'U U . U U U U U U U U U',
    said_zero: 'U U . U U U U U U U U U',
    not_said: '. . . . . . . . . . . .',
  },
  after_terminator: {
    said: 'U U . U U U U U U U U U',
    said_zero: 'U U . U U U U U U U U U',
    not_said: 'D D . D D D D D D D D D',
  },
}

const charges: Record<string, Charge> = { '0': 'nothing', U: 'usage', D: 'delivered', F: 'fee' }

const cells: (Ending & { mark: string | undefined })[] = phases.flatMap((phase) =>
  statements.flatMap((statement) =>
    endCauses.flatMap((cause, column) => {
      const mark = table[phase][statement].split(' ')[column]
      const isFee = mark !== '.' && !isBefore(phase, 'answered')
      return policies.map((policy) => {
        const own = policy === 'accept' && isFee ? 'F' : mark
        return { cause, phase, policy, statement, mark: own }
      })
    }),
  ),
)

const possible = cells.filter(({ mark }) => mark !== '.')
/** All but the calls of a fixed fee. */
const byUsage = possible.filter(({ policy }) => policy !== 'accept')
const impossible = cells.filter(({ mark }) => mark === '.')

describe('the settle table', () => {
  // Cases: billing-bugs 11
  test('has a cell here for every cause, phase, policy and statement that exists', () => {
    expect(cells).toHaveLength(endCauses.length * phases.length * policies.length * statements.length)
    for (const phase of phases)
      for (const statement of statements)
        expect(table[phase][statement].split(' ').filter((mark) => /^[.0UD]$/.test(mark))).toHaveLength(
          endCauses.length,
        )
  })

  // Cases: billing-bugs 11
  test.each(possible)('charges by the table: $cause, $phase, $policy, $statement is $mark', (cell) => {
    expect(impossibleCell(cell)).toBeUndefined()
    expect(settle(cell).charge).toBe(charges[cell.mark ?? ''])
  })

  // Cases: billing-bugs 11
  test.each(impossible)('has a reason why it cannot be: $cause, $phase, $policy, $statement', (cell) => {
    expect(impossibleCell(cell)).toMatch(/^[a-z].{15,}$/)
  })

  test('never charges before an answer began, not even in a cell that cannot be', () => {
    const early = cells.filter(({ phase }) => isBefore(phase, 'answered'))
    expect(new Set(early.map((cell) => settle(cell).charge))).toEqual(new Set(['nothing']))
  })

  test('names for every charge the way it ended and the basis of the figure', () => {
    const bases: Record<string, RegExp> = {
      nothing: /_(unanswered|nothing_delivered)$/,
      usage: /_(usage_said|said_zero)$/,
      delivered: /_counted$/,
      fee: /_accepted$/,
    }
    for (const cell of cells) {
      const { charge, rule } = settle(cell)
      expect(rule.startsWith(`${cell.cause}_`)).toBe(true)
      expect(rule).toMatch(bases[charge] ?? /never/)
    }
  })

  // Cases: billing-bugs 4
  test('charges a client that leaves before the answer nothing, and never for its input alone', () => {
    const left = cells.filter(({ cause, phase }) => cause === 'client_gone' && isBefore(phase, 'answered'))
    expect(new Set(left.map((cell) => settle(cell).charge))).toEqual(new Set(['nothing']))
  })

  // Requirements: 21
  test('charges a fixed fee from the acceptance on, whatever is said or comes after, and nothing before', () => {
    const accepted = possible.filter(({ policy }) => policy === 'accept')
    for (const cell of accepted) {
      const { charge, rule } = settle(cell)
      expect(charge).toBe(isBefore(cell.phase, 'answered') ? 'nothing' : 'fee')
      expect(rule.endsWith('_accepted')).toBe(charge === 'fee')
    }
    expect(new Set(accepted.map((cell) => settle(cell).charge)).size).toBe(2)
  })

  // Cases: billing-bugs 6
  test('takes a stated zero at its word however the call ended, and counts only where nothing was said', () => {
    for (const cell of byUsage.filter(({ phase }) => !isBefore(phase, 'answered'))) {
      const { charge } = settle(cell)
      expect(charge === 'usage').toBe(cell.statement !== 'not_said')
    }
  })

  // Cases: billing-bugs 8
  test('charges delivered output by our own count where the provider never said its usage', () => {
    const silent = byUsage.filter(
      ({ phase, statement }) => statement === 'not_said' && !isBefore(phase, 'delivering'),
    )
    expect(new Set(silent.map((cell) => settle(cell).charge))).toEqual(new Set(['delivered']))
  })

  // Cases: billing-bugs 9
  test('charges nothing for an answer of which only an error arrived', () => {
    for (const policy of policies.filter((one) => one !== 'accept'))
      expect(
        settle({ cause: 'upstream_error', phase: 'answered', policy, statement: 'not_said' }).charge,
      ).toBe('nothing')
  })
})

// Cases: billing-bugs 6
test('a zero that the provider declares is a statement, our own count and silence are not', () => {
  const statementsOf: Record<UsageSource, Statement> = {
    final: 'said',
    cumulative: 'said',
    zero: 'said_zero',
    counted: 'not_said',
    none: 'not_said',
  }
  for (const [source, statement] of Object.entries(statementsOf))
    expect([source, statementOf(source as UsageSource)]).toEqual([source, statement])
})

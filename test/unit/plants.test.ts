// The bugs that the simulation must find (test/simulation/plants.ts), held against the files that they are planted in: fast,
// so that whoever changes such a line is told at once. That each is found is shown by `npm run simulate -- --planted`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { plants, waiting } from '../simulation/plants.ts'

const source = join(import.meta.dirname, '../../src')

/** Of issue 3, in its words. */
const known = [
  'stale yes of a repeated admit',
  'release before admit',
  'extend by delta',
  'beat out of order',
  'no fence',
  'restart expires live holds',
  'memory ahead of a rollback',
  'poison group',
  'RPM reset by hibernation',
  'window by capture date',
  'bucket expiry under a hold',
  'allowance pays debt',
  'delta reversals',
  'mark = sent',
  'old-epoch rows dropped',
  'opening counted twice',
  'revoked key revived by rebuild',
  'idempotency repeat dispatched in parallel',
  'expired claim charged twice',
  'unbounded parallel burst',
  'top-up on available',
  'alarm moved later',
  'late posted twice',
  'empty object revived by a webhook',
  'snapshot of another version believed',
  'more goes back than was paid',
  'what goes back was held',
  'metered twice',
  'allowance never used up',
  'top-up credited twice',
  // Of issue 5.
  'Postgres told before whoever acts',
  'credited once the page is complete',
  'order credited by its page and by its payment',
  'what goes back booked per event',
  'dispute by its status alone',
  'bonus kept by who gets the money back',
  'hold of a refund released on a time-out',
  'invoice made again once its key is forgotten',
  'owed again while an invoice asks for it',
  'suspended without grace',
]

test('every bug that the simulation must find is planted or says what it waits for', () => {
  expect([...plants.map(({ name }) => name), ...waiting.map(({ name }) => name)].sort()).toEqual(known.sort())
})

describe('a planted bug still fits the file that it is planted in, at one place', () => {
  test.each(plants)('$name', ({ file, find }) => {
    expect(readFileSync(join(source, file), 'utf8').split(find)).toHaveLength(2)
  })
})

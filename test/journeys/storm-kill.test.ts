// SIGKILL to the product's whole process group, again and again, at moments that the seed chooses, and to Postgres as well.
// Nobody gets to tidy up: what was acknowledged is on the disk or it is lost, and it must not be lost.
//
// Acknowledged is a hold whose client has seen the answer's headers, and a charge that the object has confirmed to the
// owner, which is when the request's line appears in the log.

import { setTimeout } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { parseUsd } from '#core/money.ts'

import { type World, startWorld } from '../../dev/world.ts'
import { openLimits, randomFrom, range, report, storm } from '../world/storm.ts'
import {
  type Account,
  type Books,
  lowestBalance,
  quietBooks,
  untilNothingIsHeld,
} from '../world/storm-books.ts'
import { type StormStream, costOfWords, startStream } from '../world/storm-client.ts'

const streams = 50
/** Also in `npm run storms`: between two kills there must be time for checkpoints. */
const scale = 20
const gapMs = 100
const wordsMax = 80
/** The kill comes while some have ended, some run and none is left to start. */
const killFromMs = 500
const killWithinMs = 6_000
const quietWithinMs = 120_000
/** Beats are due every 15 s and written every 30 s, and our own timers may be late. */
const checkpointAgeMs = 45_000 / scale + 700

let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: String(scale) } })
})

afterAll(() => world.stop())

type Round = { account: Account; ended: readonly StormStream[]; killedAt: number; isPostgresKilled: boolean }

async function strike(random: () => number): Promise<Round> {
  const account = await world.newAccount({ settings: openLimits })
  const endpoint = { baseUrl: world.baseUrl, apiKey: account.apiKey }
  const running = range(streams, () => {
    const tokens = 2 + Math.floor(random() * wordsMax)
    return startStream(endpoint, { upstream: { tokens, gapMs }, outputTokens: tokens })
  })
  const isPostgresKilled = random() < 0.34
  await setTimeout(killFromMs + Math.floor(random() * (killWithinMs - killFromMs)))
  if (isPostgresKilled) await world.pausePostgres({ sigkill: true })
  const killedAt = Date.now()
  await world.product().kill()
  const ended = await Promise.all(running.map(({ ended }) => ended))
  await world.startProductAgain()
  if (isPostgresKilled) await world.startPostgresAgain()
  return { account, ended, killedAt, isPostgresKilled }
}

/** What the log says was charged, by call id: each line is written after the object has confirmed the charge. */
function acknowledgedCharges(): ReadonlyMap<string, number> {
  const log = world.logFile === null ? '' : readFileSync(world.logFile, 'utf8')
  const charges = new Map<string, number>()
  for (const line of log.split('\n')) {
    const at = line.indexOf('{"time"')
    // The last line before a kill may be cut.
    if (at === -1 || !line.endsWith('}') || !line.includes('"event":"request"')) continue
    const said: { request: string; code: string; cost: string } = JSON.parse(line.slice(at))
    if (said.code === 'ok') charges.set(said.request.replace('req_', 'gen_'), Number(parseUsd(said.cost)))
  }
  return charges
}

type Counts = { acknowledged: number; captured: number; expired: number; beaten: number; seenWhole: number }

/** Holds one round's books to what its clients saw and what its log said. */
function expectNothingLost(round: Round, books: Books, acknowledged: ReadonlyMap<string, number>): Counts {
  const counts: Counts = { acknowledged: 0, captured: 0, expired: 0, beaten: 0, seenWhole: 0 }
  for (const stream of round.ended) {
    if (stream.status !== 200) continue
    const charge = books.charges.get(stream.callId)
    expect(charge?.entries, `${stream.callId}: an acknowledged hold ends as one charge`).toHaveLength(1)
    const cost = charge?.costNanoUsd ?? 0
    const isExpired = charge?.entries[0]?.rule === 'hold_expired'
    const said = acknowledged.get(stream.callId)
    if (said !== undefined)
      expect({ cost, isExpired }, stream.callId).toEqual({ cost: said, isExpired: false })
    if (isExpired) expectCheckpoint(stream, cost, round.killedAt)
    else if (stream.costNanoUsd !== undefined) expect(cost, stream.callId).toBe(stream.costNanoUsd)
    counts.acknowledged += said === undefined ? 0 : 1
    counts.captured += isExpired ? 0 : 1
    counts.expired += isExpired ? 1 : 0
    counts.beaten += isExpired && cost > 0 ? 1 : 0
    counts.seenWhole += stream.isDone ? 1 : 0
  }
  expect(lowestBalance(books)).toBe(0)
  return counts
}

/** A checkpoint was written within the last beats, and never says more than the upstream has written. */
function expectCheckpoint({ callId, wordsAt, headersAt }: StormStream, cost: number, killedAt: number): void {
  // Words are at most one gap away from their client; the chunk that was on its way counts as well.
  expect(cost, callId).toBeLessThanOrEqual(costOfWords(wordsAt.length + 10))
  if (killedAt - headersAt < checkpointAgeMs) return
  const wordsThen = wordsAt.filter((at) => at < killedAt - checkpointAgeMs).length
  expect(cost, callId).toBeGreaterThanOrEqual(costOfWords(wordsThen))
}

describe(`SIGKILL under 50 streams, ${storm.kills} times with seed ${storm.seed}`, () => {
  test(
    'loses no acknowledged hold and no acknowledged charge; holds expire by their last checkpoint; every entry reaches Postgres',
    async () => {
      const random = randomFrom(storm.seed)
      const rounds: Round[] = []
      for (let round = 0; round < storm.kills; round += 1) rounds.push(await strike(random))

      const total: Counts = { acknowledged: 0, captured: 0, expired: 0, beaten: 0, seenWhole: 0 }
      const acknowledged = acknowledgedCharges()
      for (const round of rounds) {
        // Nobody asks the object for anything: its own alarm has to survive the kill.
        await untilNothingIsHeld(world, round.account, quietWithinMs)
        await world.operator('POST', `/accounts/${round.account.accountId}/resend`)
        const books = await quietBooks(world, round.account, quietWithinMs)
        const counts = expectNothingLost(round, books, acknowledged)
        for (const name of ['acknowledged', 'captured', 'expired', 'beaten', 'seenWhole'] as const)
          total[name] += counts[name]
      }
      expect(total.acknowledged).toBeGreaterThan(0)
      expect(total.beaten).toBeGreaterThan(0)
      report(`SIGKILL under 50 streams`, {
        seed: storm.seed,
        kills: rounds.length,
        'with Postgres': rounds.filter(({ isPostgresKilled }) => isPostgresKilled).length,
        'streams begun': rounds.flatMap(({ ended }) => ended).filter(({ status }) => status === 200).length,
        'seen to their end': total.seenWhole,
        captured: total.captured,
        'acknowledged before the kill': total.acknowledged,
        'expired by their checkpoint': total.expired,
        'of them above zero': total.beaten,
        lost: 0,
      })
    },
    storm.kills * 20_000 + quietWithinMs,
  )
})

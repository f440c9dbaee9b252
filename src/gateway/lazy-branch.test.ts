// The meter's branch of a raw stream: late and in large pieces, and never much ahead of the client.

import { beforeEach, describe, expect, test } from 'vitest'

// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { LazyBranch } from './lazy-branch.ts'

const kib = 1024
const stallMs = 30_000
/** Minutes of a stream in small steps. */
const longTest = 30_000

/** A branch as the platform's tee gives it: what the client has drawn waits, and a read of ours draws at most 16 KiB itself. */
class Tee {
  readonly stream: ReadableStream<Uint8Array>
  /** Drawn by the client and not read here; still in the upstream. */
  waiting = 0
  upstream = 0
  drawnHere = 0
  isEnded = false
  #asks: ReadableByteStreamController | undefined

  constructor() {
    this.stream = new ReadableStream({
      type: 'bytes',
      pull: (controller) => {
        this.#asks = controller
        this.#answer()
      },
    })
  }

  /** The upstream sends, and a client that reads takes it at once. */
  send(bytes: number, isTaken: boolean): void {
    if (isTaken) {
      this.waiting += this.upstream + bytes
      this.upstream = 0
    } else this.upstream += bytes
    this.#answer()
  }

  end(): void {
    this.isEnded = true
    this.#answer()
  }

  #answer(): void {
    const request = this.#asks?.byobRequest
    if (this.#asks === undefined || request === null || request === undefined) return
    const room = request.view?.byteLength ?? 0
    const fromWaiting = Math.min(room, this.waiting)
    const drawn = fromWaiting > 0 ? 0 : Math.min(room, this.upstream, 16 * kib)
    if (fromWaiting + drawn === 0) {
      if (!this.isEnded) return
      this.#asks.close()
      request.respond(0)
      return
    }
    this.waiting -= fromWaiting
    this.upstream -= drawn
    this.drawnHere += drawn
    this.#asks = undefined
    request.respond(fromWaiting + drawn)
  }
}

let clock = new HandClock()
let tee = new Tee()
let branch: LazyBranch
let reads: number[] = []
let isOver = false

beforeEach(() => {
  clock = new HandClock()
  tee = new Tee()
  branch = new LazyBranch(tee.stream, { clock, stallMs })
  reads = []
  isOver = false
})

async function follow(): Promise<void> {
  const followed = branch
  for (;;) {
    const bytes = await followed.next()
    if (bytes === undefined) break
    reads.push(bytes.length)
    followed.relax()
  }
  isOver = true
}

const sendsPerSecond = 4

/** So many seconds of a stream that sends so much every 250 ms. */
async function stream(seconds: number, bytes: number, isTaken: boolean): Promise<void> {
  for (let at = 0; at < seconds * sendsPerSecond; at += 1) {
    tee.send(bytes, isTaken)
    await clock.advance(1_000 / sendsPerSecond)
  }
}

describe('a branch whose client takes the stream as it comes', () => {
  test('is read at once until the first token, then a few times a second at most', async () => {
    void follow()
    tee.send(200, true)
    await settled()
    expect(reads).toEqual([200])
    await stream(10, 200, true)
    expect(reads.length).toBeLessThan(40)
    expect(tee.drawnHere).toBe(0)
    expect(branch.isStalled).toBe(false)
  })

  test.each([100, 2_500, 25_000, 50_000])(
    'is never taken for stalled, nor left far behind, at %i bytes every 250 ms',
    async (bytes) => {
      void follow()
      let behind = 0
      for (let second = 0; second < 60; second += 1) {
        await stream(1, bytes, true)
        behind = Math.max(behind, second < 5 ? 0 : tee.waiting)
        expect(branch.isStalled).toBe(false)
      }
      expect(behind).toBeLessThanOrEqual(256 * kib)
    },
    longTest,
  )

  test('is read to its end at once when the client has all it gets', async () => {
    void follow()
    await stream(2, 5_000, true)
    tee.end()
    branch.hurry()
    await settled()
    await settled()
    expect(isOver).toBe(true)
    expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBe(2 * sendsPerSecond * 5_000)
  })
})

describe('a branch whose client takes nothing', () => {
  test.each([1_000, 25_000, 250_000])(
    'draws no more than 256 KiB, and is told from a silent one, at %i bytes every 250 ms',
    async (bytes) => {
      void follow()
      await stream(5, bytes, true)
      const before = tee.drawnHere
      for (let second = 0; second < 240 && !branch.isStalled; second += 1) await stream(1, bytes, false)
      expect(branch.isStalled).toBe(true)
      expect(tee.drawnHere - before).toBeLessThanOrEqual(256 * kib)
    },
    longTest,
  )

  test(
    'and goes on before its time is over is not stalled',
    async () => {
      void follow()
      await stream(5, 5_000, true)
      await stream(15, 5_000, false)
      expect(branch.isStalled).toBe(false)
      await stream(60, 5_000, true)
      expect(branch.isStalled).toBe(false)
    },
    longTest,
  )
})

test('silence is the upstream’s, not the pause before a read', async () => {
  void follow()
  tee.send(200, true)
  await settled()
  expect(branch.silentMs(clock.now())).toBe(0)
  await clock.advance(2_000)
  expect(branch.silentMs(clock.now())).toBeGreaterThan(1_000)
})

// One stream from upstream to client in workerd, on a clock that the test moves: what is passed on, and every way that it
// can end.
import { beforeEach, describe, expect, test } from 'vitest'

import type { CancellationPolicy } from '#catalog/model.ts'
import { timings } from '#ledger/timings.ts'
import { upstreamTimings } from '#providers/upstream-timings.ts'
import { type Frame, frameBytesMax } from '#sse/frames.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { ClientStream } from './client-stream.ts'
import { Relay, type RelayedFrame } from './relay.ts'
import type { EndCause } from './settle.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** A stream whose chunks the test sends one by one; counts how often it was asked for more. */
class Upstream {
  readonly body: ReadableStream<Uint8Array>
  pulls = 0
  isCancelled = false
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(onPull?: (upstream: Upstream) => void) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.pulls += 1
          onPull?.(this)
        },
        cancel: () => {
          this.isCancelled = true
        },
      },
      { highWaterMark: 0 },
    )
  }

  async send(text: string): Promise<void> {
    this.#controller?.enqueue(bytesOf(text))
    await settled()
  }

  /** Without waiting for what it causes. */
  push(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes)
  }

  async end(): Promise<void> {
    this.#controller?.close()
    await settled()
  }

  async breakOff(): Promise<void> {
    this.#controller?.error(new Error('connection reset'))
    await settled()
  }
}

/** Reads as fast as bytes come and keeps each read apart. */
class EagerClient {
  readonly reads: string[] = []
  outcome: 'open' | 'whole' | 'broken' = 'open'
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader()
    this.#read().then(
      () => {
        this.outcome = 'whole'
      },
      () => {
        this.outcome = 'broken'
      },
    )
  }

  get text(): string {
    return this.reads.join('')
  }

  leave(): Promise<void> {
    return this.#reader.cancel()
  }

  async #read(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) return
      this.reads.push(textOf(value))
    }
  }
}

type Options = {
  pace?: (frame: Frame) => true | Promise<boolean>
  policy?: CancellationPolicy
  edit?: (frame: Frame) => RelayedFrame
  upstream?: Upstream
  isEager?: boolean
}

let clock = new HandClock()
let seen: string[] = []
let hangUps = 0
let leaves = 0
let faults: unknown[] = []
let isCovered = true
let isComplete = false

beforeEach(() => {
  clock = new HandClock()
  seen = []
  hangUps = 0
  leaves = 0
  faults = []
  isCovered = true
  isComplete = false
})

/** Passes everything on, notes what it saw, ends at the terminator and at an error. */
function plainEdit(frame: Frame): RelayedFrame {
  seen.push(frame.data ?? '(comment)')
  if (frame.data === '[DONE]') return { ends: 'done' }
  if (frame.data?.startsWith('{"error"') === true) return { ends: 'upstream_error' }
  return { bytes: frame.bytes }
}

function start(options: Options = {}) {
  const upstream = options.upstream ?? new Upstream()
  const client = new ClientStream(clock, () => relay.clientLeft())
  const relay: Relay = new Relay(upstream.body, {
    client,
    clock,
    upstreamTimings,
    timings,
    policy: options.policy ?? 'finish',
    pace: options.pace ?? (() => true),
    edit: options.edit ?? plainEdit,
    isComplete: () => isComplete,
    isCovered: () => isCovered,
    hangUp: () => {
      hangUps += 1
    },
    onClientLeft: () => {
      leaves += 1
    },
    onFault: (fault) => faults.push(fault),
  })
  return {
    upstream,
    relay,
    client,
    eager: options.isEager === false ? undefined : new EagerClient(client.readable),
  }
}

/** Starts and runs; `cause` is undefined while it runs. */
function run(options: Options = {}) {
  const started = start(options)
  const state: { cause: EndCause | undefined } = { cause: undefined }
  const over = started.relay.run().then((cause) => {
    state.cause = cause
  })
  const eager = started.eager ?? new EagerClient(new ReadableStream())
  return { ...started, eager, state, over }
}

describe('events', () => {
  test('reach the client as they come, byte for byte, and the terminator ends the stream', async () => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\n')
    expect(eager.reads).toEqual(['data: 1\n\n'])
    await upstream.send(': note\n\ndata: 2\r\n\r\n')
    expect(eager.reads[1]).toBe(': note\n\ndata: 2\r\n\r\n')
    await upstream.send('data: [DONE]\n\ndata: 3\n\n')
    expect([state.cause, eager.text, hangUps]).toEqual(['done', 'data: 1\n\n: note\n\ndata: 2\r\n\r\n', 0])
    expect(seen).toEqual(['1', '(comment)', '2', '[DONE]'])
    expect(clock.sleepers).toBe(0)
  })

  // Cases: billing-bugs 12; dialects 16
  test('are never cut in two, wherever the network cut them', async () => {
    const stream = 'data: {"a":"ü"}\n\nevent: x\r\ndata: 2\r\n\r\n: note\n\ndata: 3\n\n'
    const bytes = bytesOf(stream)
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const { upstream, eager, state, over } = run()
      isComplete = true
      upstream.push(bytes.slice(0, cut))
      await settled()
      upstream.push(bytes.slice(cut))
      await upstream.end()
      await over
      expect([cut, state.cause, eager.text]).toEqual([cut, 'done', stream])
      expect(eager.reads.filter((read) => !/\n\r?\n$/.test(read))).toEqual([])
    }
  })

  test('that the editor keeps back, changes or leaves alone reach the client so, in one write per chunk', async () => {
    const edit = ({ data, bytes }: Frame): RelayedFrame => {
      if (data === 'drop') return {}
      return { bytes: data === 'change' ? bytesOf('data: changed\n\n') : bytes }
    }
    const { upstream, eager } = run({ edit })
    await upstream.send('data: 1\n\ndata: drop\n\ndata: 2\n\ndata: change\n\ndata: 3\n\n')
    await upstream.send('data: drop\n\n')
    expect(eager.reads).toEqual(['data: 1\n\ndata: 2\n\ndata: changed\n\ndata: 3\n\n'])
  })

  test('after the terminator are neither counted nor passed on, and the connection is read to its end', async () => {
    const { upstream, eager, over } = run()
    await upstream.send('data: [DONE]\n\n')
    await over
    const pulls = upstream.pulls
    await upstream.end()
    expect([eager.text, seen, hangUps, upstream.isCancelled]).toEqual(['', ['[DONE]'], 0, false])
    expect(pulls).toBe(2)
  })
})

describe('an upstream that ends', () => {
  test('without a terminator after a complete answer is done', async () => {
    const { upstream, state } = run()
    await upstream.send('data: 1\n\n')
    isComplete = true
    await upstream.end()
    expect(state.cause).toBe('done')
  })

  // Cases: billing-bugs 13
  test('without the last blank line has its last event passed on whole', async () => {
    const { upstream, eager, state } = run()
    isComplete = true
    await upstream.send('data: 1\n\ndata: 2')
    await upstream.end()
    expect([state.cause, seen]).toEqual(['done', ['1', '2']])
    expect(eager.text).toBe('data: 1\n\ndata: 2\n\n')
  })

  // Cases: dialects 13
  test.each([
    ['ends', (upstream: Upstream) => upstream.end()],
    ['breaks', (upstream: Upstream) => upstream.breakOff()],
  ])('and %s in the middle is a cut, with everything before it delivered', async (_name, stop) => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\n')
    await stop(upstream)
    expect([state.cause, eager.text, hangUps]).toEqual(['cut', 'data: 1\n\n', 1])
    expect(clock.sleepers).toBe(0)
  })

  // Cases: billing-bugs 9
  test('with an error event has nothing of it or after it passed on', async () => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\ndata: {"error":{"message":"boom"}}\n\ndata: 2\n\n')
    expect([state.cause, eager.text, hangUps]).toEqual(['upstream_error', 'data: 1\n\n', 1])
    expect(seen).not.toContain('2')
  })

  test('with an event that is larger than any real one is a cut', async () => {
    const { upstream, state, over } = run()
    upstream.push(bytesOf(`data: ${'x'.repeat(frameBytesMax)}\n\n`))
    await over
    expect([state.cause, hangUps, faults]).toEqual(['cut', 1, []])
  })
})

test('a bug in reading an event cuts the stream and is said', async () => {
  const bug = new Error('a bug')
  const edit = () => {
    throw bug
  }
  const { upstream, state } = run({ edit })
  await upstream.send('data: 1\n\n')
  expect([state.cause, faults, hangUps, clock.sleepers]).toEqual(['cut', [bug], 1, 0])
})

describe('silence', () => {
  test('of ten seconds is filled by a comment, and again after each further ten', async () => {
    const { upstream, eager, relay } = run()
    await clock.advance(9_999)
    expect(eager.text).toBe('')
    await clock.advance(1)
    expect(eager.text).toBe(': keep-alive\n')
    await clock.advance(10_000)
    expect(eager.text).toBe(': keep-alive\n: keep-alive\n')
    await upstream.send('data: 1\n\n')
    expect(eager.text).toBe(': keep-alive\n: keep-alive\ndata: 1\n\n')
    relay.end('cut')
  })

  test('is none while events come', async () => {
    const { upstream, eager, relay } = run()
    for (let index = 0; index < 8; index += 1) {
      await clock.advance(4_000)
      await upstream.send('data: 1\n\n')
    }
    expect(eager.text).not.toContain('keep-alive')
    relay.end('cut')
  })

  test('for the client alone is filled too: events that it does not get are no sign of life to it', async () => {
    const { upstream, eager, relay } = run({ edit: () => ({}) })
    for (let index = 0; index < 3; index += 1) {
      await clock.advance(5_000)
      await upstream.send('data: hidden\n\n')
    }
    expect(eager.text).toBe(': keep-alive\n')
    relay.end('cut')
  })

  test('of two minutes between events is a time-out that hangs up', async () => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\n')
    await clock.advance(119_999)
    expect(state.cause).toBeUndefined()
    await clock.advance(1)
    expect([state.cause, hangUps, upstream.isCancelled]).toEqual(['timeout', 1, true])
    expect(eager.text.replaceAll(': keep-alive\n', '')).toBe('data: 1\n\n')
    expect(clock.sleepers).toBe(0)
  })
})

test('an answer of fifteen minutes is long enough, however lively it is', async () => {
  const { upstream, state } = run()
  for (let minute = 0; minute < 15; minute += 1) {
    expect(state.cause).toBeUndefined()
    await upstream.send('data: 1\n\n')
    await clock.advance(60_000)
  }
  expect([state.cause, hangUps]).toEqual(['timeout', 1])
})

// A client that has left is noticed by the next write: the platform says nothing before.
describe('a client that leaves', () => {
  // Cases: billing-bugs 1
  test('lets the call run to its end under "finish": every event is counted, none is written', async () => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\n')
    await eager.leave()
    await upstream.send('data: 2\n\n')
    expect([leaves, hangUps]).toEqual([1, 0])
    for (const data of ['3', '4', '[DONE]']) await upstream.send(`data: ${data}\n\n`)
    expect([state.cause, eager.text, hangUps, leaves]).toEqual(['client_gone', 'data: 1\n\n', 0, 1])
    expect(seen).toEqual(['1', '2', '3', '4', '[DONE]'])
    expect(clock.sleepers).toBe(0)
  })

  // Cases: billing-bugs 1
  test('hangs the upstream up at the first failed write under "stop", and nothing more is counted', async () => {
    const { upstream, eager, state } = run({ policy: 'stop' })
    await upstream.send('data: 1\n\n')
    await eager.leave()
    await upstream.send('data: 2\n\n')
    expect([state.cause, hangUps, upstream.isCancelled, leaves]).toEqual(['client_gone', 1, true, 1])
    expect(seen).toEqual(['1', '2'])
    expect(clock.sleepers).toBe(0)
  })

  test('of a silent stream is noticed by its next keep-alive', async () => {
    const { eager, state } = run({ policy: 'stop' })
    await clock.advance(3_000)
    await eager.leave()
    await clock.advance(7_000)
    expect([leaves, state.cause, clock.sleepers]).toEqual([1, 'client_gone', 0])
  })

  test('is drained for 25 s and no longer', async () => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\n')
    await clock.advance(3_000)
    await eager.leave()
    await upstream.send('data: 2\n\n')
    for (let second = 0; second < 24; second += 1) {
      await clock.advance(1_000)
      await upstream.send('data: 3\n\n')
    }
    await clock.advance(999)
    expect(state.cause).toBeUndefined()
    await clock.advance(1)
    expect([state.cause, hangUps, clock.elapsedMs]).toEqual(['drain_limit', 1, 28_000])
    expect(clock.sleepers).toBe(0)
  })

  test('needs no cover to be drained: nothing is written any more', async () => {
    const { upstream, eager, state } = run()
    await eager.leave()
    await upstream.send('data: 1\n\n')
    isCovered = false
    await upstream.send('data: 2\n\ndata: [DONE]\n\n')
    expect([state.cause, seen]).toEqual(['client_gone', ['1', '2', '[DONE]']])
  })

  test('whose upstream then breaks is settled as the cut', async () => {
    const { upstream, eager, state } = run()
    await eager.leave()
    await upstream.send('data: 1\n\n')
    await upstream.breakOff()
    expect([state.cause, leaves]).toEqual(['cut', 1])
  })
})

describe('cover that is lost', () => {
  test('lets no further event through, and what is not delivered is not counted', async () => {
    const { upstream, eager, state } = run()
    await upstream.send('data: 1\n\n')
    isCovered = false
    await upstream.send('data: 2\n\n')
    expect([state.cause, eager.text, seen, hangUps]).toEqual(['cover_lost', 'data: 1\n\n', ['1'], 1])
  })

  test('lets no keep-alive through either', async () => {
    const { eager, state } = run()
    isCovered = false
    await clock.advance(10_000)
    expect([state.cause, eager.text]).toEqual(['cover_lost', ''])
  })

  test.each([['cover_lost'], ['key_revoked']] as const)(
    'by a word from outside (%s) ends a silent stream at once',
    async (loss) => {
      const { relay, upstream, state } = run()
      await upstream.send('data: 1\n\n')
      relay.end(loss)
      await settled()
      expect([state.cause, hangUps, upstream.isCancelled]).toEqual([loss, 1, true])
      expect(clock.sleepers).toBe(0)
    },
  )

  test('while the client lets an event wait takes that event back within two seconds', async () => {
    const { upstream, relay, client, state } = run({ isEager: false })
    await upstream.send('data: 1\n\n')
    relay.end('cover_lost')
    await clock.advance(1_999)
    expect(state.cause).toBeUndefined()
    await clock.advance(1)
    expect(state.cause).toBe('cover_lost')
    await expect(client.readable.getReader().read()).rejects.toThrow()
    expect(clock.sleepers).toBe(0)
  })

  test('leaves a slow client the two seconds to take its event', async () => {
    const { upstream, relay, client, over } = run({ isEager: false })
    await upstream.send('data: 1\n\n')
    relay.end('cover_lost')
    await clock.advance(1_000)
    const reader = client.readable.getReader()
    expect(textOf((await reader.read()).value ?? bytesOf(''))).toBe('data: 1\n\n')
    await over
    const finishing = client.finish(bytesOf('data: bye\n\n'), 1_000)
    expect(textOf((await reader.read()).value ?? bytesOf(''))).toBe('data: bye\n\n')
    expect((await reader.read()).done).toBe(true)
    await finishing
  })

  test('after another cause changes nothing: the first one stands', async () => {
    const { relay, over, state } = run()
    relay.end('timeout')
    relay.end('cover_lost')
    relay.clientLeft()
    await over
    expect([state.cause, hangUps, leaves]).toEqual(['timeout', 1, 0])
  })
})

describe('a client that reads slowly', () => {
  test('pauses the reading of the upstream, so that nothing piles up', async () => {
    const upstream = new Upstream((self) => self.push(bytesOf(`data: ${self.pulls}\n\n`)))
    const { client, relay, state } = run({ upstream, isEager: false })
    await clock.advance(5_000)
    expect(upstream.pulls).toBe(1)
    const reader = client.readable.getReader()
    for (const data of ['1', '2', '3'])
      expect(textOf((await reader.read()).value ?? bytesOf(''))).toBe(`data: ${data}\n\n`)
    await settled()
    expect([upstream.pulls, state.cause]).toEqual([4, undefined])
    relay.end('cut')
    await clock.advance(2_000)
  })

  test('for thirty seconds without a byte is gone, and its call runs on as its policy says', async () => {
    const { upstream, client, state } = run({ isEager: false })
    await upstream.send('data: 1\n\n')
    await clock.advance(29_999)
    expect(leaves).toBe(0)
    await clock.advance(1)
    expect([leaves, hangUps, state.cause]).toEqual([1, 0, undefined])
    await upstream.send('data: [DONE]\n\n')
    expect(state.cause).toBe('client_gone')
    await expect(client.readable.getReader().read()).rejects.toThrow()
  })

  test('is not blamed on the upstream, which is silent because nobody reads it', async () => {
    const { upstream, client, state, relay } = run({ isEager: false })
    const reader = client.readable.getReader()
    for (let index = 0; index < 8; index += 1) {
      await upstream.send('data: 1\n\n')
      await clock.advance(29_000)
      await reader.read()
      await settled()
    }
    expect([state.cause, leaves]).toEqual([undefined, 0])
    relay.end('cut')
  })
})

describe('the first chunk', () => {
  test('is shown before it is relayed, and relayed all the same', async () => {
    const { upstream, relay, eager } = start()
    upstream.push(bytesOf('data: 1\n\n'))
    const first = await relay.firstChunk()
    expect(first instanceof Uint8Array ? textOf(first) : first).toBe('data: 1\n\n')
    expect([eager?.text, clock.sleepers]).toEqual(['', 0])
    const over = relay.run()
    await upstream.send('data: [DONE]\n\n')
    expect([await over, eager?.text]).toEqual(['done', 'data: 1\n\n'])
  })

  test('is awaited for ten seconds, and the stream goes on without it', async () => {
    const { upstream, relay, eager } = start()
    let first: unknown
    const waiting = relay.firstChunk().then((chunk) => {
      first = chunk
    })
    await clock.advance(9_999)
    expect(first).toBeUndefined()
    await clock.advance(1)
    await waiting
    expect(first).toBe('silent')
    const over = relay.run()
    await upstream.send('data: 1\n\ndata: [DONE]\n\n')
    expect([await over, eager?.text]).toEqual(['done', 'data: 1\n\n'])
  })

  test.each([
    ['ends', (upstream: Upstream) => upstream.end()],
    ['breaks', (upstream: Upstream) => upstream.breakOff()],
  ])('of an upstream that %s before it does not exist', async (_name, stop) => {
    const { upstream, relay } = start()
    const first = relay.firstChunk()
    await stop(upstream)
    expect([await first, clock.sleepers]).toEqual(['ended', 0])
  })

  test('that comes after cover was lost is not relayed', async () => {
    const { relay, upstream, eager } = start()
    relay.end('key_revoked')
    await upstream.end().catch(() => undefined)
    expect([await relay.run(), eager?.text, hangUps]).toEqual(['key_revoked', '', 1])
    expect(clock.sleepers).toBe(0)
  })
})

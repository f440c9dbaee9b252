// The client's end of a stream in workerd: it takes bytes at its own pace, leaves without a word, or takes none at all.
import { beforeEach, describe, expect, test } from 'vitest'

// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled, startOfTest } from '../../test/world/hand-clock.ts'
import { ClientStream } from './client-stream.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

let clock = new HandClock()
let gone = 0
let client: ClientStream
let reader: ReadableStreamDefaultReader<Uint8Array>

beforeEach(() => {
  clock = new HandClock()
  gone = 0
  client = new ClientStream(clock, () => {
    gone += 1
  })
  reader = client.readable.getReader()
})

async function readRest(): Promise<string> {
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += textOf(value)
  }
}

describe('writing', () => {
  test('is done when the client has taken the bytes, and not before', async () => {
    let isTaken: boolean | undefined
    const writing = client.write(bytesOf('one')).then((taken) => {
      isTaken = taken
    })
    await clock.advance(5_000)
    expect([isTaken, client.stalledMs(clock.now())]).toEqual([undefined, 5_000])
    expect(textOf((await reader.read()).value)).toBe('one')
    await writing
    expect([isTaken, client.stalledMs(clock.now()), client.lastWriteAt]).toEqual([true, 0, clock.now()])
  })

  test('keeps the order and the bytes', async () => {
    const reading = readRest()
    for (const text of ['a', 'bc', 'ü\n\n']) await client.write(bytesOf(text))
    await client.close()
    expect(await reading).toBe('abcü\n\n')
    expect([client.isGone, gone]).toEqual([false, 0])
  })

  test('that waits behind another write is still seen to wait when that one is taken', async () => {
    const first = client.write(bytesOf('one'))
    await clock.advance(4_000)
    const second = client.write(bytesOf('two'))
    await clock.advance(4_000)
    expect(client.stalledMs(clock.now())).toBe(8_000)
    await reader.read()
    await first
    await clock.advance(3_000)
    expect(client.stalledMs(clock.now())).toBe(3_000)
    await reader.read()
    await second
    expect(client.stalledMs(clock.now())).toBe(0)
  })
})

describe('a client that leaves', () => {
  // The platform says nothing before: a stream that is silent has to be written to.
  test('is noticed by the next write, which says so without throwing', async () => {
    await reader.cancel()
    expect(await client.write(bytesOf('one'))).toBe(false)
    expect([client.isGone, client.stalledMs(clock.now())]).toEqual([true, 0])
    expect(await client.write(bytesOf('two'))).toBe(false)
  })

  test('while a write waits makes that write false, and nothing throws', async () => {
    const writing = client.write(bytesOf('one'))
    await settled()
    await reader.cancel()
    expect(await writing).toBe(false)
    expect([client.isGone, client.stalledMs(clock.now())]).toEqual([true, 0])
  })

  test('makes closing, aborting and finishing do nothing', async () => {
    await reader.cancel()
    await client.write(bytesOf('one'))
    await client.close()
    client.abort('again')
    await client.finish(bytesOf('end'), 1_000)
    expect([client.isGone, clock.sleepers]).toEqual([true, 0])
  })
})

describe('the end', () => {
  test('is whole after close, and the client did not leave by that', async () => {
    const reading = readRest()
    await client.close()
    expect(await reading).toBe('')
    expect(await client.write(bytesOf('late'))).toBe(false)
    expect([client.isGone, gone]).toEqual([false, 0])
  })

  test('is a broken connection after abort, never a quiet end', async () => {
    const reading = readRest()
    client.abort('The stream was cut.')
    await expect(reading).rejects.toThrow()
    expect(gone).toBe(0)
    expect(await client.write(bytesOf('late'))).toBe(false)
  })

  test('frees a write that waits when it is aborted', async () => {
    const writing = client.write(bytesOf('one'))
    await settled()
    client.abort('The client took no byte.')
    expect(await writing).toBe(false)
  })

  test('with last bytes is whole for a client that takes them', async () => {
    const reading = readRest()
    await client.finish(bytesOf('data: [DONE]\n\n'), 2_000)
    expect(await reading).toBe('data: [DONE]\n\n')
    expect([client.isGone, clock.sleepers]).toEqual([false, 0])
  })

  test('with last bytes is cut off from a client that does not take them in time', async () => {
    let isOver = false
    const finishing = client.finish(bytesOf('data: [DONE]\n\n'), 2_000).then(() => {
      isOver = true
    })
    await clock.advance(1_999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    await finishing
    await expect(readRest()).rejects.toThrow()
    expect([clock.elapsedMs, clock.sleepers]).toEqual([2_000, 0])
  })
})

test('the first write is counted from when the stream was made', () => {
  expect(client.lastWriteAt).toBe(startOfTest)
})

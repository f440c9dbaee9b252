// A client that reads slowly, or stops reading at all, over a socket of its own: fetch would read ahead for it.

import { type IncomingMessage, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'

import { type Endpoint, type StormCall, stormBody } from './storm-client.ts'

export type SlowAnswer = { status: number; callId: string; bytes: number; isDone: boolean; isBroken: boolean }

export type Pace = {
  /** Takes so many bytes, then pauses. */
  biteBytes: number
  pauseMs: number
  /** Takes nothing any more after so many bytes; the socket stays open until the other side gives up. */
  stopsAfterBytes?: number
}

/**
 * Resolves when the answer has ended or the connection is gone; never rejects. One who takes nothing does not notice that
 * the other side gave up: `leave` closes such a socket.
 */
export async function readSlowly(
  { baseUrl, apiKey, leave }: Endpoint & { leave?: AbortSignal },
  call: StormCall,
  pace: Pace,
): Promise<SlowAnswer> {
  const answer: SlowAnswer = { status: 0, callId: '', bytes: 0, isDone: false, isBroken: false }
  const sent = request(`${baseUrl}/v1/chat/completions`, {
    method: 'POST',
    agent: false,
    ...(leave === undefined ? {} : { signal: leave }),
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
  })
  sent.end(stormBody(call))
  try {
    const response = await new Promise<IncomingMessage>((answered, failed) => {
      sent.once('response', answered)
      sent.once('error', failed)
    })
    answer.status = response.statusCode ?? 0
    answer.callId = String(response.headers['x-generation-id'])
    await readBody(response, answer, pace)
  } catch {
    // Cut by the other side: that is what happens to one who does not read.
    answer.isBroken = true
  } finally {
    sent.destroy()
  }
  return answer
}

async function readBody(response: IncomingMessage, answer: SlowAnswer, pace: Pace): Promise<void> {
  const gone = new Promise<never>((_, failed) => {
    response.once('error', failed)
    response.once('aborted', () => failed(new Error('cut')))
  })
  gone.catch(() => undefined)
  const ended = new Promise<void>((done) => response.once('end', done))
  while (!response.readableEnded) {
    if (answer.bytes >= (pace.stopsAfterBytes ?? Number.MAX_SAFE_INTEGER)) return gone
    const bite: unknown = response.read(Math.min(pace.biteBytes, response.readableLength || 1))
    if (bite instanceof Buffer) {
      answer.bytes += bite.length
      answer.isDone = bite.includes('[DONE]')
      if (answer.bytes % pace.biteBytes < bite.length) await setTimeout(pace.pauseMs)
    } else {
      const readable = new Promise<void>((ready) => response.once('readable', ready))
      await Promise.race([readable, ended, gone])
    }
  }
}

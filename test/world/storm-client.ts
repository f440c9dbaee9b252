// A client in a storm: one streamed call, and everything that its client can know about it, with the time of every word.

import { type NanoUsd, nanoUsd } from '#core/money.ts'

import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from './chat.ts'

/** States its usage with every chunk, so that what was delivered has one exact price. */
export const stormModel = 'gpt-4.1-mini'
export const inputTokens = 100
const inputNanoUsd = 400
const outputNanoUsd = 1_600

/** What `words` delivered words cost, by the price list. */
export function costOfWords(words: number): NanoUsd {
  return nanoUsd(inputTokens * inputNanoUsd + words * outputNanoUsd)
}

/** How often this stream's text says that another word has come. */
const wordMark = '"content":" word'

export class StormStream {
  status = 0
  callId = ''
  /** When each word arrived. */
  readonly wordsAt: number[] = []
  lastByteAt = 0
  headersAt = 0
  /** The cost in the usage frame. */
  costNanoUsd: NanoUsd | undefined
  finish: string | undefined
  errorCode: string | undefined
  /** `[DONE]` was seen. */
  isDone = false
  /** The connection broke, or we left. */
  isBroken = false
  #tail = ''

  get words(): number {
    return this.wordsAt.length
  }

  take(text: string, now: number): void {
    this.lastByteAt = now
    const lines = (this.#tail + text).split('\n')
    this.#tail = lines.pop() ?? ''
    for (const line of lines) this.#see(line, now)
  }

  /** An answer in one piece: a refusal. */
  takeWhole(text: string): void {
    const code = /"code":\s*"(\w+)"/.exec(text)?.[1]
    if (code !== undefined) this.errorCode = code
  }

  #see(line: string, now: number): void {
    if (!line.startsWith('data: ')) return
    if (line === 'data: [DONE]') this.isDone = true
    else if (line.includes(wordMark)) this.wordsAt.push(now)
    else this.#seeClosing(JSON.parse(line.slice('data: '.length)))
  }

  #seeClosing(chunk: unknown): void {
    const finish = valueAt(chunk, 'choices', 0, 'finish_reason')
    if (typeof finish === 'string') this.finish = finish
    const cost = valueAt(chunk, 'usage', 'cost')
    if (typeof cost === 'number') this.costNanoUsd = nanoUsd(Math.round(cost * 1e9))
    const code = valueAt(chunk, 'error', 'code')
    if (typeof code === 'string') this.errorCode = code
  }
}

export type Endpoint = { baseUrl: string; apiKey: string }

/** What the upstream is told, and at most how many tokens are asked (and held) for. */
export type StormCall = { upstream: DirectiveChange; outputTokens: number; model?: string }

export type Running = { stream: StormStream; ended: Promise<StormStream>; leave: () => void }

/** Starts a call. `ended` never rejects: a connection that breaks is what storms are for. */
export function startStream({ baseUrl, apiKey }: Endpoint, call: StormCall): Running {
  const stream = new StormStream()
  const leaving = new AbortController()
  const run = async () => {
    const response = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: stormBody(call),
      signal: leaving.signal,
    })
    stream.status = response.status
    stream.headersAt = Date.now()
    stream.callId = response.headers.get('x-generation-id') ?? ''
    if (!response.ok || response.body === null) return stream.takeWhole(await response.text())
    const decoder = new TextDecoder()
    for await (const chunk of response.body) stream.take(decoder.decode(chunk, { stream: true }), Date.now())
  }
  const ended = run()
    .catch(() => {
      stream.isBroken = true
    })
    .then(() => stream)
  return { stream, ended, leave: () => leaving.abort() }
}

export function stormBody({ upstream, outputTokens, model = stormModel }: StormCall): string {
  const directive: DirectiveChange = { inputTokens, usage: 'every', ...upstream }
  return JSON.stringify({
    model,
    stream: true,
    // Mistral's models refuse the option and state their usage unasked.
    ...(model === stormModel ? { stream_options: { include_usage: true } } : {}),
    max_tokens: outputTokens,
    messages: [{ role: 'user', content: directiveText(directive) }],
  })
}

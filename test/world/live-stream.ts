// A streamed answer read word by word, by a client that may leave whenever it likes.

import { answerOf, ask, chatPath, type WireAnswer } from './gateway.ts'

/** How often this stands in what was read is how many words of the local upstream's answer have arrived. */
const wordMark = /"content":" word\d+"/g

export class LiveStream {
  readonly #response: Response
  readonly #leaving: AbortController
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  readonly #decoder = new TextDecoder()
  /** Everything read so far. */
  text = ''
  /** The connection broke before the stream ended. */
  isBroken = false

  constructor(response: Response, leaving: AbortController) {
    this.#response = response
    this.#leaving = leaving
    this.#reader = response.body?.getReader()
  }

  get status(): number {
    return this.#response.status
  }

  get callId(): string {
    return this.#response.headers.get('x-generation-id') ?? ''
  }

  get words(): number {
    return this.text.match(wordMark)?.length ?? 0
  }

  /** Reads until so many words have come, or to the end. */
  async untilWords(count: number): Promise<void> {
    await this.until(() => this.words >= count)
  }

  /** Reads until the text is as asked, or to the end. */
  async until(isEnough: (text: string) => boolean): Promise<void> {
    while (!isEnough(this.text) && (await this.#readOn())) continue
  }

  /** Reads to the end; a broken connection ends it too. */
  async rest(): Promise<WireAnswer> {
    while (await this.#readOn()) continue
    return answerOf(this.status, this.#response.headers, this.text)
  }

  /** Closes the connection, as a closed laptop does. */
  leave(): void {
    this.#leaving.abort()
  }

  async #readOn(): Promise<boolean> {
    try {
      const read = await this.#reader?.read()
      if (read === undefined || read.done) return false
      this.text += this.#decoder.decode(read.value, { stream: true })
      return true
    } catch {
      this.isBroken = true
      return false
    }
  }
}

export async function openStream(
  { baseUrl }: { baseUrl: string },
  apiKey: string,
  body: unknown,
  how: string | { path?: string; headers?: { readonly [name: string]: string } } = chatPath,
): Promise<LiveStream> {
  const { path = chatPath, headers = {} } = typeof how === 'string' ? { path: how } : how
  const leaving = new AbortController()
  const response = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: leaving.signal,
  })
  return new LiveStream(response, leaving)
}

/** A whole answer that nobody waits for: `leave` closes the connection before it has come. */
export function askAndLeave(
  world: { baseUrl: string },
  apiKey: string,
  body: unknown,
): { left: Promise<void>; leave: () => void } {
  const leaving = new AbortController()
  const left = ask(world, { apiKey, body, signal: leaving.signal }).then(
    () => undefined,
    () => undefined,
  )
  return { left, leave: () => leaving.abort() }
}

// A customer's webhook receiver, one per name under `/hooks/`: keeps what arrives and answers as it was told.

import type { IncomingHttpHeaders } from 'node:http'
import { isObject, readString, readWhole } from '#core/readers.ts'

/** Per name; the oldest are forgotten. */
const messagesMax = 500

export type ReceivedHook = { headers: IncomingHttpHeaders; body: string; at: string }

export type HookAnswer = { status: number; body: string; location?: string }

export class WebhookInbox {
  readonly #received = new Map<string, ReceivedHook[]>()
  readonly #answers = new Map<string, HookAnswer>()

  names(): readonly string[] {
    return [...this.#received.keys()]
  }

  receivedBy(name: string): readonly ReceivedHook[] {
    return this.#received.get(name) ?? []
  }

  take(name: string, message: ReceivedHook): HookAnswer {
    const messages = this.#received.get(name) ?? []
    messages.push(message)
    this.#received.set(name, messages.slice(-messagesMax))
    return this.#answers.get(name) ?? { status: 200, body: 'thank you' }
  }

  /** Whatever is posted to the name is answered so from now on. */
  answerWith(name: string, answer: unknown): void {
    const fields = isObject(answer) ? answer : {}
    const location = readString(fields['location'])
    this.#answers.set(name, {
      status: readWhole(fields['status']) ?? 200,
      body: readString(fields['body']) ?? '',
      ...(location !== undefined && { location }),
    })
  }
}

// The way of a question to an object and of its answer back: each takes a while, may be late, and an answer may be lost.
// A question that was sent goes on after its asker has died.

import type { AccountPort } from '#ledger/account-port.ts'
import type { Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import type { Method, ObjectHost, Question } from './object-host.ts'
import type { Process, Scheduler } from './scheduler.ts'
import { inWordsOf } from './versions.ts'

export type Unkindness = { replyLossPercent: number; delayPercent: number }

export class Network {
  readonly #scheduler: Scheduler
  readonly #platform: Process
  readonly #dice: Dice
  readonly #faults: Faults
  readonly unkindness: Unkindness
  /** Said when a question is sent. */
  asked: (question: Question) => void = () => undefined
  /** Said when the asker hears an answer. */
  heard: (question: Question, answer: unknown, askedAtMs: number) => void = () => undefined

  constructor(
    scheduler: Scheduler,
    { platform, dice, faults }: { platform: Process; dice: Dice; faults: Faults },
    unkindness: Unkindness,
  ) {
    this.#scheduler = scheduler
    this.#platform = platform
    this.#dice = dice
    this.#faults = faults
    this.unkindness = unkindness
  }

  /** The object as one process sees it. */
  portOf(host: ObjectHost, caller: Process): AccountPort {
    const ask = (method: Method) => (command: unknown) => this.#ask(host, { method, command, caller })
    return new Proxy({} as AccountPort, { get: (_, method) => ask(method as Method) })
  }

  #ask(host: ObjectHost, question: Question): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const { caller } = question
    const spoken = { ...question, command: inWordsOf(caller.version, question.command) }
    const askedAtMs = this.#scheduler.nowMs
    this.asked(question)
    const isLost = this.#dice.chance(this.unkindness.replyLossPercent)
    const reply = (tell: () => void) => {
      if (!caller.isAlive) this.#faults.fired('rpc_outlived_its_caller')
      this.#scheduler.after(this.#dice.between(1, 15), caller, tell)
    }
    this.#scheduler.after(this.#travelMs(), this.#platform, () => {
      if (caller.version !== host.version) this.#faults.fired('worker_of_another_version')
      host.arrive(spoken, {
        resolve: (answer) => {
          if (isLost) {
            this.#faults.fired('reply_lost')
            return reply(() => reject(new Error('Network connection lost.')))
          }
          return reply(() => {
            this.heard(question, answer, askedAtMs)
            resolve(caller.version === host.version ? answer : inWordsOf(host.version, answer))
          })
        },
        reject: (cause) => reply(() => reject(cause)),
      })
    })
    return promise
  }

  #travelMs(): number {
    if (!this.#dice.chance(this.unkindness.delayPercent)) return this.#dice.between(1, 15)
    this.#faults.fired('rpc_delayed')
    return this.#dice.between(1_000, 25_000)
  }
}

// The way of a request to Stripe and of its answer back: it may not arrive, its answer may be lost after it was done, and a key is
// remembered with its first request and answer for a day.

import Stripe from 'stripe'

import type { Dice } from './dice.ts'
import type { FaultName, Faults } from './faults.ts'
import type { Process, Scheduler } from './scheduler.ts'
import { Violation } from './violation.ts'

export type LineFaults = {
  /** Of a hundred requests. */
  notReachedPercent: number
  answerLostPercent: number
  /** Answered with a 500 that is remembered under its key, whether or not it was done. */
  failedPercent: number
  /** Nothing is reached before. */
  downUntilMs: number
}

/** Stripe is away for so long once it has done so many things. */
export type Outage = { readonly downAfterRequest: number | null; readonly downForMs: number }

export type LineParts = {
  readonly scheduler: Scheduler
  readonly platform: Process
  readonly dice: Dice
  readonly faults: Faults
  readonly say: (what: string) => void
  /** An account that was lost may say other things under a name that it had used before. */
  readonly isForgetful: () => boolean
  /** A promise that a request breaks. */
  readonly found: (violation: Violation) => void
}

export type Options = { readonly idempotencyKey?: string }
type Remembered = { readonly asked: string; readonly answer: () => unknown; readonly atMs: number }

const keyLivesMs = 24 * 3_600_000

export class StripeLine {
  readonly unkindness: LineFaults
  isCalm = false
  readonly parts: LineParts
  readonly #outage: Outage
  readonly #keys = new Map<string, Remembered>()

  constructor(unkindness: LineFaults, outage: Outage, parts: LineParts) {
    this.unkindness = unkindness
    this.#outage = outage
    this.parts = parts
  }

  post<Answer>(
    route: string,
    params: object,
    { idempotencyKey }: Options,
    make: () => Answer,
  ): Promise<Answer> {
    const asked = `${route} ${JSON.stringify(params)}`
    if (idempotencyKey === undefined) {
      this.parts.found(new Violation('stripe', `${route} is asked for without a key`))
      return this.send(make)
    }
    return this.send(() => this.#underKey(idempotencyKey, asked, make) as Answer)
  }

  #underKey(key: string, asked: string, make: () => unknown): unknown {
    const { scheduler, dice, faults, found, say } = this.parts
    const known = this.#keys.get(key)
    if (known !== undefined && scheduler.nowMs - known.atMs < keyLivesMs) {
      if (known.asked === asked) return known.answer()
      if (!this.parts.isForgetful())
        found(new Violation('stripe', `${key} was used for ${known.asked} and is for ${asked}`))
      throw new Stripe.errors.StripeError({ type: 'idempotency_error', statusCode: 400 })
    }
    say(`Stripe: ${key} ${asked}`)
    const isFailing = dice.chance(this.unkindness.failedPercent)
    const isDone = !isFailing || dice.chance(50)
    if (isFailing) faults.fired('stripe_failed')
    // What is refused for what it asks is not remembered: it throws here.
    const made = isDone ? begun(make) : () => undefined
    const answer = isFailing ? failed : made
    this.#keys.set(key, { asked, answer, atMs: scheduler.nowMs })
    const { downAfterRequest, downForMs } = this.#outage
    if (this.#keys.size === downAfterRequest && !this.isCalm)
      this.unkindness.downUntilMs = scheduler.nowMs + downForMs
    return answer()
  }

  /** Asks without effect: told as it stands when it arrives. */
  get<Answer>(look: () => Answer | undefined): Promise<Answer> {
    return this.send(() => {
      const found = look()
      if (found === undefined) throw missing
      return found
    })
  }

  send<Answer>(run: () => Answer): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const { scheduler, platform, dice, faults } = this.parts
    const { notReachedPercent, answerLostPercent, downUntilMs } = this.unkindness
    const caller = scheduler.current
    const fate = dice.between(1, 100)
    const isDown = scheduler.nowMs < downUntilMs
    const fail = (name: FaultName, ms: number) => {
      faults.fired(name)
      scheduler.after(ms, caller, () => reject(noAnswer))
    }
    scheduler.after(dice.between(2, dice.chance(10) ? 3_000 : 150), platform, () => {
      if (isDown) return fail('stripe_down', 1_000)
      if (fate <= notReachedPercent) return fail('stripe_not_reached', 1_000)
      const tell = settled(run, resolve, reject)
      if (fate > 100 - answerLostPercent) return fail('stripe_answer_lost', 1_500)
      scheduler.after(dice.between(2, 80), caller, tell)
    })
    return promise
  }
}

const noAnswer = new Stripe.errors.StripeError({ type: 'connection' as never })

export const missing = new Stripe.errors.StripeError({
  type: 'invalid_request_error',
  code: 'resource_missing',
  statusCode: 404,
})

export const refused = new Stripe.errors.StripeError({
  type: 'invalid_request_error',
  code: 'parameter_invalid',
  statusCode: 400,
})

function failed(): never {
  throw new Stripe.errors.StripeError({ type: 'api_error', statusCode: 500 })
}

/** A decline is remembered like any other answer. */
function begun(make: () => unknown): () => unknown {
  try {
    const made = copied(make())
    return () => copied(made)
  } catch (cause) {
    if (!(cause instanceof Stripe.errors.StripeCardError)) throw cause
    return () => {
      throw cause
    }
  }
}

/** Done now, told later. */
function settled<Answer>(
  run: () => Answer,
  resolve: (answer: Answer) => void,
  reject: (cause: unknown) => void,
): () => void {
  try {
    const answer = copied(run())
    return () => resolve(answer)
  } catch (cause) {
    return () => reject(cause)
  }
}

/** As it travels: nobody shares it with Stripe. */
export function copied<Value>(value: Value): Value {
  return value === undefined ? value : JSON.parse(JSON.stringify(value))
}

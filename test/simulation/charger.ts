// The payment provider and whoever asks it: carries out the attempts of automatic top-up with the shipped code, loses answers,
// declines, and tells again what came of each. And what must be true of them, by an outsider's own count.

import { readOrderId } from '#core/ids.ts'
import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import { exampleMethod } from '#ledger/example-commands.ts'
import { carryOutAttempt, tellAttempt } from '#payments/attempt.ts'
import type { ReadyParts } from '#payments/parts.ts'
import type { Charge, Charges, NewCharge, PaymentProvider, ProviderAnswer } from '#payments/provider.ts'
import { Dice } from './dice.ts'
import type { Line } from './line.ts'
import type { TopUpPlan } from './money-plan.ts'
import type { QueueMessage } from './queue.ts'
import type { Process } from './scheduler.ts'
import type { Setting } from './setting.ts'
import { tell } from './tell.ts'
import { Violation } from './violation.ts'

const lost: ProviderAnswer<never> = { ok: false, code: 'unknown', message: 'no answer' }

export class Charger {
  readonly #world: Setting
  /** By order: the one payment under its key. */
  readonly #payments = new Map<string, Charge>()
  readonly #paidAtMs = new Map<string, number>()
  /** How often somebody has asked: each time has its own luck. */
  #asked = 0

  constructor(world: Setting) {
    this.#world = world
  }

  /** The account's owner agrees to it, and changes their mind. */
  agree(plan: TopUpPlan): void {
    const { scheduler, outside, faults } = this.#world
    const say = (reference: string, isEnabled: boolean) =>
      tell(this.#world, async (port) => {
        const terms = { ...plan.terms, isEnabled }
        const command = { reference, terms, method: exampleMethod, reason: 'test', actor: 'owner' }
        const answer = await port.setAutoTopUp(command)
        return answer.ok || answer.code !== 'internal'
      })
    faults.fired('top_up_agreed')
    for (const ms of [0, ...plan.repeatsAfterMs]) scheduler.after(ms, outside, () => say(plan.name, true))
    if (plan.endsAfterMs !== null)
      scheduler.after(plan.endsAfterMs, outside, () => say(`${plan.name} ends`, false))
  }

  /** The consumer of the object's tasks. */
  async consume(messages: readonly QueueMessage<EntriesMessage>[], turn: Process): Promise<void> {
    for (const message of messages) {
      let isDone = true
      for (const { kind, reference, detail } of message.body.entries) {
        const step = kind === 'attempt' ? Object(detail).step : undefined
        if (step !== 'started' && step !== 'reminded') continue
        const orderId = readOrderId(reference)
        if (orderId === undefined) continue
        const named = { accountId: this.#world.accountId, orderId }
        // As the shipped consumer does with a handler that throws: the message comes again.
        const outcome = await carryOutAttempt(named, this.#parts(turn)).catch(() => 'unknown' as const)
        if (outcome === 'unknown') isDone = false
      }
      if (isDone) message.ack()
      else message.retry({ delaySeconds: 5 })
    }
  }

  #parts(turn: Process): ReadyParts {
    const { network, host, scheduler, log } = this.#world
    return {
      accounts: () => network.portOf(host, turn),
      // Nothing else of a provider is asked by an attempt.
      provider: { isLive: false, charges: this.#charges } as PaymentProvider,
      db: undefined,
      clock: scheduler.clockOf(turn),
      log,
    }
  }

  readonly #charges: Charges = {
    make: async (asked) => {
      this.#asked += 1
      const dice = new Dice(`charge ${this.#world.plan.seed} ${asked.orderId} ${this.#asked}`)
      const { faults } = this.#world
      if (dice.chance(30)) {
        faults.fired('charge_not_reached')
        return lost
      }
      const known = this.#payments.get(asked.orderId)
      const charge = known ?? this.#made(asked, dice)
      if (dice.chance(35)) {
        faults.fired('charge_answer_lost')
        return lost
      }
      return { ok: true, value: charge }
    },
    look: async (paymentId) => {
      const found = [...this.#payments.values()].find((charge) => charge.paymentId === paymentId)
      return found === undefined ? { ok: false, code: 'gone', message: '' } : { ok: true, value: found }
    },
    find: async ({ orderId }) => ({ ok: true, value: this.#payments.get(orderId) ?? null }),
  }

  #made(asked: NewCharge, dice: Dice): Charge {
    const fate = dice.pick(['succeeded', 'succeeded', 'processing', 'declined', 'declined'] as const)
    const charge = chargeOf(asked, fate)
    this.#keep(charge)
    this.#world.faults.fired(fate === 'declined' ? 'charge_declined' : 'charge_made')
    this.#world.oracle.askedCredits.set(asked.orderId, asked.netNanoUsd)
    if (fate === 'processing') this.#later(dice.between(1_000, 90_000), () => this.#arrive(asked))
    // Stripe tells what came of it, often more than once.
    for (let n = dice.between(1, 3); n > 0; n -= 1)
      this.#later(dice.between(1, 60_000), () => this.#tell(asked, charge.paymentId))
    return charge
  }

  #keep(charge: Charge): void {
    this.#payments.set(charge.orderId ?? '', charge)
    if (charge.status === 'succeeded') this.#paidAtMs.set(charge.orderId ?? '', this.#world.scheduler.nowMs)
  }

  #arrive(asked: NewCharge): void {
    const charge = chargeOf(asked, 'succeeded')
    this.#keep(charge)
    this.#tell(asked, charge.paymentId)
  }

  #tell(
    { accountId, orderId }: Pick<NewCharge, 'accountId' | 'orderId'>,
    paymentId: string,
    tries = 1,
  ): void {
    const again = () => this.#later(20_000, () => this.#tell({ accountId, orderId }, paymentId, tries + 1))
    if (tries > 200) return
    // Postgres knows the account, so the shipped webhook asks Stripe to come again (lost-account.ts).
    if (this.#world.oracle.isLost) return again()
    void tellAttempt({ accountId, orderId, paymentId }, this.#parts(this.#world.outside)).then(
      (done) => (done === 'unknown' ? again() : undefined),
      again,
    )
  }

  #later(ms: number, run: () => void): void {
    this.#world.scheduler.after(ms, this.#world.outside, run)
  }

  /** At rest. */
  checkQuiet(lines: readonly Line[]): void {
    const credits = lines.filter(({ kind }) => kind === 'auto_top_up')
    for (const { reference, amountNanoUsd } of credits) {
      const payment = this.#payments.get(reference)
      if (payment?.status !== 'succeeded' || payment.amountNanoUsd !== amountNanoUsd)
        throw new Violation('top-up', `${reference} is credited and was never paid`)
    }
    for (const [orderId, { status }] of this.#payments) {
      const own = credits.filter(({ reference }) => reference === orderId)
      // What was acknowledged and never left its object is lost with it: the nightly comparison finds the payment.
      const isLost = own.length === 0 && (this.#paidAtMs.get(orderId) ?? 0) <= this.#world.oracle.lostAtMs
      if (status === 'succeeded' && own.length !== 1 && !isLost)
        throw new Violation('top-up', `${orderId} was paid and is credited ${own.length} times`)
    }
    for (const { kind, reference, detail, balanceAfterNanoUsd } of lines) {
      if (kind !== 'attempt' || detail['step'] !== 'started') continue
      const threshold = Number(detail['thresholdNanoUsd'])
      if (balanceAfterNanoUsd >= threshold)
        throw new Violation('top-up', `${reference} charges a card at ${balanceAfterNanoUsd} of ${threshold}`)
    }
  }
}

function chargeOf(asked: NewCharge, status: 'succeeded' | 'processing' | 'declined'): Charge {
  const received: NanoUsd = status === 'succeeded' ? asked.netNanoUsd : zeroNanoUsd
  return {
    paymentId: `pi_${asked.orderId}`,
    accountId: asked.accountId,
    orderId: asked.orderId,
    isLive: false,
    currency: 'usd',
    amountNanoUsd: nanoUsd(asked.netNanoUsd),
    receivedNanoUsd: received,
    status,
    declineCode: status === 'declined' ? 'insufficient_funds' : null,
    adviceCode: null,
    clientSecret: null,
  }
}

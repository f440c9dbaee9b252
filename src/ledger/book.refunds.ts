// What must be true of the refunds and disputes in a log, by an outsider's own count: I7. Not part of the product.

import { assert } from '#core/assert.ts'
import { isObject } from '#core/readers.ts'
import type { Entry } from './entry.ts'
import { readDraw } from './lots.ts'

const paidKinds = ['purchase', 'auto_top_up', 'adjustment']
const backKinds = ['refund', 'dispute', 'fraud_warning']

export function checkRefunds(entries: readonly Entry[]): void {
  const back = entries.filter(({ kind }) => backKinds.includes(kind))
  if (back.length === 0) return
  const asked = back.filter(({ detail }) => isObject(detail) && 'asked' in detail)
  for (const { detail } of asked) {
    const { lots, debtNanoUsd } = readDraw(isObject(detail) ? detail : {})
    const own = lots.every(({ bucket }) => bucket === 'paid' || bucket === 'bonus')
    assert(debtNanoUsd === 0 && own, 'only what was paid goes back, with its bonus')
  }
  const credited = entries.filter(({ kind, amountNanoUsd }) => paidKinds.includes(kind) && amountNanoUsd > 0)
  for (const payment of credited) {
    const own = back.filter(({ detail }) => isObject(detail) && detail['paymentSeq'] === payment.seq)
    const bonus = entries.find(
      ({ kind, reference }) => kind === 'bonus' && reference === `${payment.reference}:bonus`,
    )
    const [paid, ofBonus] = [sumOf(own, 'paidNanoUsd'), sumOf(own, 'bonusNanoUsd')]
    assert(paid >= 0 && paid <= payment.amountNanoUsd, 'I7: no more of a payment goes back than it brought')
    assert(ofBonus >= 0 && ofBonus <= (bonus?.amountNanoUsd ?? 0), 'I7: nor of its bonus')
    const moved = own.reduce((sum, { amountNanoUsd }) => sum - amountNanoUsd, 0)
    assert(moved === paid + ofBonus, 'what goes back is a payment and its bonus')
  }
}

/** Of one payment, by whoever told it: what each of its facts has taken by its newest version. */
export type Told = Map<string, { version: number; takenNanoUsd: number }>

/** Books and facts agree, whatever came first. */
export function checkTargets(entries: readonly Entry[], told: ReadonlyMap<string, Told>): void {
  for (const [reference, facts] of told) {
    const isOwn = ({ kind, amountNanoUsd }: Entry) => paidKinds.includes(kind) && amountNanoUsd > 0
    const payment = entries.find((entry) => entry.reference === reference && isOwn(entry))
    const bonus = entries.find((entry) => entry.reference === `${reference}:bonus` && entry.kind === 'bonus')
    const credited = payment?.amountNanoUsd ?? 0
    const taken = [...facts.values()].reduce((sum, { takenNanoUsd }) => sum + takenNanoUsd, 0)
    const target = Math.min(credited, taken)
    const ofBonus = credited === 0 ? 0 : ceilOf(bonus?.amountNanoUsd ?? 0, target, credited)
    const own = entries.filter(
      ({ kind, detail }) => backKinds.includes(kind) && isObject(detail) && detail['payment'] === reference,
    )
    assert(sumOf(own, 'paidNanoUsd') === target, 'what has gone back of a payment is what its facts say')
    assert(sumOf(own, 'bonusNanoUsd') === ofBonus, 'its bonus goes in proportion')
  }
}

function ceilOf(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(part) + BigInt(whole) - 1n) / BigInt(whole))
}

/** What payments and their bonuses have lost again: so far below zero an account may be without any fault of the book's. */
export function takenBack(entries: readonly Entry[]): number {
  const back = entries.filter(({ kind }) => backKinds.includes(kind))
  return back.reduce((sum, { amountNanoUsd }) => sum - amountNanoUsd, 0)
}

function sumOf(entries: readonly Entry[], name: string): number {
  return entries.reduce((sum, { detail }) => sum + Number(isObject(detail) ? detail[name] : 0), 0)
}

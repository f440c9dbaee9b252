// What each end user has spent, in buckets, so that a change copies a few dozen of them and never all.

import { type Spending, noSpending, spend } from './windows.ts'
import type { NanoUsd } from '#core/money.ts'

export type EndUsers = {
  readonly size: number
  readonly buckets: readonly (ReadonlyMap<string, Spending> | undefined)[]
}

export const noEndUsers: EndUsers = { size: 0, buckets: [] }

export function hasEndUser({ buckets }: EndUsers, endUser: string): boolean {
  return buckets[bucketOf(endUser)]?.has(endUser) === true
}

export function spendingIn({ buckets }: EndUsers, endUser: string): Spending {
  return buckets[bucketOf(endUser)]?.get(endUser) ?? noSpending
}

export function withCharge(
  endUsers: EndUsers,
  endUser: string,
  charge: { amountNanoUsd: NanoUsd; admittedAtMs: number },
): EndUsers {
  const isNew = !hasEndUser(endUsers, endUser)
  const index = bucketOf(endUser)
  const bucket = new Map(endUsers.buckets[index])
  bucket.set(endUser, spend(spendingIn(endUsers, endUser), charge.amountNanoUsd, charge.admittedAtMs))
  const buckets = [...endUsers.buckets]
  buckets[index] = bucket
  return { size: endUsers.size + (isNew ? 1 : 0), buckets }
}

export function listOfEndUsers({ buckets }: EndUsers): readonly (readonly [string, Spending])[] {
  return [...buckets].flatMap((bucket) => (bucket === undefined ? [] : [...bucket]))
}

export function endUsersOf(list: readonly (readonly [string, Spending])[]): EndUsers {
  const buckets: (Map<string, Spending> | undefined)[] = []
  for (const [endUser, spending] of list) {
    const index = bucketOf(endUser)
    const bucket = buckets[index] ?? new Map<string, Spending>()
    bucket.set(endUser, spending)
    buckets[index] = bucket
  }
  return { size: list.length, buckets }
}

/** By the first byte of the hash: 256 of them. */
function bucketOf(endUser: string): number {
  return Number.parseInt(endUser.slice(0, 2), 16)
}

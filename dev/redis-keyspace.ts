// The keys of the in-process Redis: a value of one type each, and when it expires. Also how commands read their words.

import { type Reply, RedisError } from './redis-replies.ts'

type ZSet = Map<string, number>
export type Value = string | Map<string, string> | Set<string> | { scores: ZSet }
export type Slot = { value: Value; expiresAtMs: number | null }
export type Command = (args: readonly string[]) => Reply

export type Keyspace = ReturnType<typeof makeKeyspace>

export function makeKeyspace(now: () => number) {
  const slots = new Map<string, Slot>()
  const find = (key: string): Slot | undefined => {
    const slot = slots.get(key)
    if (slot === undefined || slot.expiresAtMs === null || slot.expiresAtMs > now()) return slot
    slots.delete(key)
    return undefined
  }
  /** The value of one type under a key, made when missing. */
  const typed = <T extends Value>(key: string, isType: (value: Value) => value is T, make: () => T): T => {
    const slot = find(key)
    if (slot === undefined) {
      const value = make()
      slots.set(key, { value, expiresAtMs: null })
      return value
    }
    if (isType(slot.value)) return slot.value
    throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
  }
  /** An empty collection is no key. */
  const dropIfEmpty = (key: string, size: number) => {
    if (size === 0) slots.delete(key)
  }
  return {
    slots,
    find,
    typed,
    dropIfEmpty,
    keys: () => [...slots.keys()].filter((key) => find(key) !== undefined),
  }
}

/** A whole number, as Redis reads one. */
export function whole(text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || text === '' || !Number.isSafeInteger(value)) {
    throw new RedisError('ERR value is not an integer or out of range')
  }
  return value
}

/** `name value name value …` */
export function pairsOf(args: readonly string[]): readonly [string, string][] {
  if (args.length === 0 || args.length % 2 !== 0) throw new RedisError('ERR wrong number of arguments')
  return args.flatMap((name, index) =>
    index % 2 === 0 ? [[name, args[index + 1] ?? ''] as [string, string]] : [],
  )
}

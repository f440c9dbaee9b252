// The in-process Redis' commands on hashes, sets and sorted sets.

import { type Command, type Keyspace, pairsOf, type Value, whole } from './redis-keyspace.ts'

type ZSet = Map<string, number>

export function hashCommands({ typed, dropIfEmpty }: Keyspace): { [name: string]: Command } {
  const isHash = (value: Value): value is Map<string, string> => value instanceof Map
  const read = (key: string): Map<string, string> => {
    const hash = typed(key, isHash, () => new Map())
    dropIfEmpty(key, hash.size)
    return hash
  }
  const write = (key: string) => typed(key, isHash, () => new Map<string, string>())
  return {
    HGET: ([key = '', field = '']) => read(key).get(field) ?? null,
    HMGET: ([key = '', ...fields]) => fields.map((field) => read(key).get(field) ?? null),
    HGETALL: ([key = '']) => [...read(key)].flat(),
    HKEYS: ([key = '']) => [...read(key).keys()],
    HVALS: ([key = '']) => [...read(key).values()],
    HLEN: ([key = '']) => read(key).size,
    HEXISTS: ([key = '', field = '']) => (read(key).has(field) ? 1 : 0),
    HSET: ([key = '', ...fields]) => {
      const hash = write(key)
      const before = hash.size
      for (const [field, value] of pairsOf(fields)) hash.set(field, value)
      return hash.size - before
    },
    HINCRBY: ([key = '', field = '', amount]) => {
      const hash = write(key)
      const sum = whole(hash.get(field) ?? '0') + whole(amount)
      hash.set(field, String(sum))
      return sum
    },
    HDEL: ([key = '', ...fields]) => {
      const hash = write(key)
      const count = fields.filter((field) => hash.delete(field)).length
      dropIfEmpty(key, hash.size)
      return count
    },
  }
}

export function setCommands({ typed, dropIfEmpty }: Keyspace): { [name: string]: Command } {
  const isSet = (value: Value): value is Set<string> => value instanceof Set
  const read = (key: string): Set<string> => {
    const set = typed(key, isSet, () => new Set())
    dropIfEmpty(key, set.size)
    return set
  }
  const write = (key: string) => typed(key, isSet, () => new Set<string>())
  return {
    SMEMBERS: ([key = '']) => [...read(key)],
    SCARD: ([key = '']) => read(key).size,
    SISMEMBER: ([key = '', member = '']) => (read(key).has(member) ? 1 : 0),
    SMISMEMBER: ([key = '', ...members]) => members.map((member) => (read(key).has(member) ? 1 : 0)),
    SADD: ([key = '', ...members]) => {
      const set = write(key)
      const before = set.size
      for (const member of members) set.add(member)
      return set.size - before
    },
    SREM: ([key = '', ...members]) => {
      const set = write(key)
      const count = members.filter((member) => set.delete(member)).length
      dropIfEmpty(key, set.size)
      return count
    },
  }
}

export function sortedSetCommands({ typed, dropIfEmpty }: Keyspace): { [name: string]: Command } {
  const isSorted = (value: Value): value is { scores: ZSet } => typeof value === 'object' && 'scores' in value
  const write = (key: string) => typed(key, isSorted, () => ({ scores: new Map<string, number>() })).scores
  const read = (key: string): ZSet => {
    const scores = write(key)
    dropIfEmpty(key, scores.size)
    return scores
  }
  const remove = (key: string, isGone: (member: string, score: number) => boolean): number => {
    const scores = write(key)
    const gone = [...scores].filter(([member, score]) => isGone(member, score))
    for (const [member] of gone) scores.delete(member)
    dropIfEmpty(key, scores.size)
    return gone.length
  }
  return {
    ZADD: ([key = '', ...args]) => {
      const scores = write(key)
      const before = scores.size
      for (const [score, member] of pairsOf(args)) scores.set(member, Number(score))
      return scores.size - before
    },
    ZINCRBY: ([key = '', amount, member = '']) => {
      const scores = write(key)
      const sum = (scores.get(member) ?? 0) + Number(amount)
      scores.set(member, sum)
      return String(sum)
    },
    ZSCORE: ([key = '', member = '']) => read(key).get(member)?.toString() ?? null,
    ZCARD: ([key = '']) => read(key).size,
    ZREM: ([key = '', ...members]) => remove(key, (member) => members.includes(member)),
    ZREMRANGEBYSCORE: ([key = '', min, max]) =>
      remove(key, (_, score) => score >= bound(min) && score <= bound(max)),
    ZRANGE: ([key = '', start, stop, ...options]) => {
      const sorted = [...read(key)].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
      const has = (flag: string) => options.some((option) => option.toUpperCase() === flag)
      const ordered = has('REV') ? sorted.reverse() : sorted
      const end = whole(stop)
      const range = ordered.slice(whole(start), end === -1 ? undefined : end + 1)
      return range.flatMap(([member, score]) => (has('WITHSCORES') ? [member, String(score)] : [member]))
    },
  }
}

function bound(text: string | undefined): number {
  if (text === '-inf') return -Infinity
  return text === '+inf' ? Infinity : Number(text)
}

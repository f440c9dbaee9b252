// A Redis in this process: strings, hashes, sets, sorted sets and expiry, as far as rate limits and their scripts need
// them. Commands run one after the other, so each script is atomic. Not for persistence: all is gone at the stop.

import { type Reply, RedisError } from './redis-replies.ts'
import { type Scripts, makeScripts } from './redis-scripts.ts'

type ZSet = Map<string, number>
type Value = string | Map<string, string> | Set<string> | { scores: ZSet }
type Slot = { value: Value; expiresAtMs: number | null }
type Command = (args: readonly string[]) => Reply

export type Redis = { run(command: readonly string[]): Reply }

const ok: Reply = { status: 'OK' }

export function makeRedis(now: () => number = Date.now): Redis {
  const keyspace = makeKeyspace(now)
  const scripts = makeScripts((command) => run(command))
  const commands: { readonly [name: string]: Command } = {
    ...keyCommands(keyspace, now),
    ...stringCommands(keyspace, now),
    ...hashCommands(keyspace),
    ...setCommands(keyspace),
    ...sortedSetCommands(keyspace),
    ...scriptCommands(scripts),
  }
  function run(command: readonly string[]): Reply {
    const [name = '', ...args] = command
    const execute = commands[name.toUpperCase()]
    if (execute === undefined) throw new RedisError(`ERR unknown command '${name}'`)
    return execute(args)
  }
  return { run }
}

type Keyspace = ReturnType<typeof makeKeyspace>

function makeKeyspace(now: () => number) {
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

function keyCommands({ slots, find, keys }: Keyspace, now: () => number): { [name: string]: Command } {
  const expire = (key: string, atMs: number, flag: string | undefined): Reply => {
    const slot = find(key)
    if (slot === undefined) return 0
    if (flag?.toUpperCase() === 'NX' && slot.expiresAtMs !== null) return 0
    if (flag?.toUpperCase() === 'XX' && slot.expiresAtMs === null) return 0
    slot.expiresAtMs = atMs
    return 1
  }
  const leftMs = (key: string): number => {
    const slot = find(key)
    if (slot === undefined) return -2
    return slot.expiresAtMs === null ? -1 : slot.expiresAtMs - now()
  }
  return {
    PING: ([text]) => text ?? { status: 'PONG' },
    ECHO: ([text = '']) => text,
    TIME: () => [String(Math.floor(now() / 1_000)), String((now() % 1_000) * 1_000)],
    DEL: (args) => args.filter((key) => find(key) !== undefined && slots.delete(key)).length,
    UNLINK: (args) => args.filter((key) => find(key) !== undefined && slots.delete(key)).length,
    EXISTS: (args) => args.filter((key) => find(key) !== undefined).length,
    TYPE: ([key = '']) => ({ status: typeOf(find(key)?.value) }),
    DBSIZE: () => keys().length,
    KEYS: ([pattern = '*']) => keys().filter(globOf(pattern)),
    // One page holds everything, which the protocol allows.
    SCAN: ([, ...args]) => ['0', keys().filter(globOf(optionOf(args, 'MATCH') ?? '*'))],
    FLUSHDB: () => (slots.clear(), ok),
    FLUSHALL: () => (slots.clear(), ok),
    EXPIRE: ([key = '', seconds, flag]) => expire(key, now() + whole(seconds) * 1_000, flag),
    PEXPIRE: ([key = '', ms, flag]) => expire(key, now() + whole(ms), flag),
    EXPIREAT: ([key = '', seconds, flag]) => expire(key, whole(seconds) * 1_000, flag),
    PEXPIREAT: ([key = '', ms, flag]) => expire(key, whole(ms), flag),
    PERSIST: ([key = '']) => {
      const slot = find(key)
      if (slot === undefined || slot.expiresAtMs === null) return 0
      slot.expiresAtMs = null
      return 1
    },
    PTTL: ([key = '']) => leftMs(key),
    TTL: ([key = '']) => (leftMs(key) < 0 ? leftMs(key) : Math.round(leftMs(key) / 1_000)),
  }
}

function stringCommands({ slots, find }: Keyspace, now: () => number): { [name: string]: Command } {
  const get = (key: string): string | null => {
    const value = find(key)?.value ?? null
    if (value === null || typeof value === 'string') return value
    throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
  }
  const add = (key: string, amount: number): number => {
    const sum = whole(get(key) ?? '0') + amount
    slots.set(key, { value: String(sum), expiresAtMs: find(key)?.expiresAtMs ?? null })
    return sum
  }
  const put = (key: string, value: string, expiresAtMs: number | null): Reply => {
    slots.set(key, { value, expiresAtMs })
    return ok
  }
  return {
    GET: ([key = '']) => get(key),
    MGET: (args) => args.map((key) => get(key)),
    SET: ([key = '', value = '', ...options]) => {
      const before = find(key)
      const has = (flag: string) => options.some((option) => option.toUpperCase() === flag)
      const previous = has('GET') ? get(key) : null
      if ((has('NX') && before !== undefined) || (has('XX') && before === undefined)) return previous
      slots.set(key, { value, expiresAtMs: expiryOf(options, before, now) })
      return has('GET') ? previous : ok
    },
    SETEX: ([key = '', seconds, value = '']) => put(key, value, now() + whole(seconds) * 1_000),
    PSETEX: ([key = '', ms, value = '']) => put(key, value, now() + whole(ms)),
    SETNX: ([key = '', value = '']) => (find(key) === undefined ? (put(key, value, null), 1) : 0),
    MSET: (args) => {
      for (const [key, value] of pairsOf(args)) put(key, value, null)
      return ok
    },
    GETDEL: ([key = '']) => {
      const value = get(key)
      slots.delete(key)
      return value
    },
    STRLEN: ([key = '']) => Buffer.byteLength(get(key) ?? ''),
    INCR: ([key = '']) => add(key, 1),
    INCRBY: ([key = '', amount]) => add(key, whole(amount)),
    DECR: ([key = '']) => add(key, -1),
    DECRBY: ([key = '', amount]) => add(key, -whole(amount)),
  }
}

function hashCommands({ typed, dropIfEmpty }: Keyspace): { [name: string]: Command } {
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

function setCommands({ typed, dropIfEmpty }: Keyspace): { [name: string]: Command } {
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

function sortedSetCommands({ typed, dropIfEmpty }: Keyspace): { [name: string]: Command } {
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

function scriptCommands(scripts: Scripts): { [name: string]: Command } {
  const split = ([count, ...rest]: readonly string[]) => ({
    keys: rest.slice(0, whole(count)),
    args: rest.slice(whole(count)),
  })
  const bySha = ([sha = '', ...rest]: readonly string[]): Reply => scripts.runSha(sha, split(rest))
  const byCode = ([code = '', ...rest]: readonly string[]): Reply =>
    scripts.runSha(scripts.load(code), split(rest))
  return {
    EVAL: byCode,
    EVAL_RO: byCode,
    EVALSHA: bySha,
    EVALSHA_RO: bySha,
    SCRIPT: ([action = '', ...args]) => {
      if (action.toUpperCase() === 'LOAD') return scripts.load(args[0] ?? '')
      if (action.toUpperCase() === 'EXISTS') return args.map((sha) => (scripts.has(sha) ? 1 : 0))
      if (action.toUpperCase() === 'FLUSH') return (scripts.flush(), ok)
      throw new RedisError(`ERR unknown subcommand '${action}'`)
    },
  }
}

function expiryOf(options: readonly string[], before: Slot | undefined, now: () => number): number | null {
  const read = (name: string) => optionOf(options, name)
  const [ex, px, exat, pxat] = [read('EX'), read('PX'), read('EXAT'), read('PXAT')]
  if (ex !== undefined) return now() + whole(ex) * 1_000
  if (px !== undefined) return now() + whole(px)
  if (exat !== undefined) return whole(exat) * 1_000
  if (pxat !== undefined) return whole(pxat)
  return options.some((option) => option.toUpperCase() === 'KEEPTTL') ? (before?.expiresAtMs ?? null) : null
}

function optionOf(options: readonly string[], name: string): string | undefined {
  const at = options.findIndex((option) => option.toUpperCase() === name)
  return at === -1 ? undefined : options[at + 1]
}

function whole(text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || text === '' || !Number.isSafeInteger(value)) {
    throw new RedisError('ERR value is not an integer or out of range')
  }
  return value
}

function bound(text: string | undefined): number {
  if (text === '-inf') return -Infinity
  return text === '+inf' ? Infinity : Number(text)
}

function pairsOf(args: readonly string[]): readonly [string, string][] {
  if (args.length === 0 || args.length % 2 !== 0) throw new RedisError('ERR wrong number of arguments')
  return args.flatMap((name, index) =>
    index % 2 === 0 ? [[name, args[index + 1] ?? ''] as [string, string]] : [],
  )
}

function typeOf(value: Value | undefined): string {
  if (value === undefined) return 'none'
  if (typeof value === 'string') return 'string'
  if (value instanceof Map) return 'hash'
  return value instanceof Set ? 'set' : 'zset'
}

/** Redis' glob patterns as far as `*` and `?` go. */
function globOf(pattern: string): (key: string) => boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const expression = new RegExp(`^${source}$`, 's')
  return (key) => expression.test(key)
}

// A Redis in this process: strings, hashes, sets, sorted sets and expiry, as far as rate limits and their scripts need
// them. Commands run one after the other, so each script is atomic. Not for persistence: all is gone at the stop.

import { hashCommands, setCommands, sortedSetCommands } from './redis-collections.ts'
import {
  type Command,
  type Keyspace,
  makeKeyspace,
  pairsOf,
  type Slot,
  type Value,
  whole,
} from './redis-keyspace.ts'
import { type Reply, RedisError } from './redis-replies.ts'
import { type Scripts, makeScripts } from './redis-scripts.ts'

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

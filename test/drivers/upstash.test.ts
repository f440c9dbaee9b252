// The local Upstash endpoint against the real packages: commands, scripts, windows, and the traps that limits/ avoids.

import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startUpstash, type Upstash } from '../../dev/upstash-endpoint.ts'

let upstash: Upstash
let redis: Redis
let names = 0

beforeAll(async () => {
  upstash = await startUpstash()
  redis = connect()
})

afterAll(() => upstash.stop())

/** No retries: an error is what the test wants to see. */
function connect(token = upstash.token): Redis {
  return new Redis({ url: upstash.url, token, retry: false, enableTelemetry: false })
}

/** A name that no other test uses. */
function fresh(): string {
  names += 1
  return `name-${names}`
}

function limiter(window: ReturnType<typeof Ratelimit.fixedWindow>, hasCache = false): Ratelimit {
  return new Ratelimit({
    redis,
    limiter: window,
    prefix: fresh(),
    analytics: false,
    ephemeralCache: hasCache ? new Map<string, number>() : false,
  })
}

describe('commands', () => {
  test('texts, numbers and objects come back as they were stored', async () => {
    const key = fresh()
    expect(await redis.set(key, 'myvalue — 中文')).toBe('OK')
    expect(await redis.get(key)).toBe('myvalue — 中文')
    await redis.set(key, { list: [1, 'two'] })
    expect(await redis.get(key)).toEqual({ list: [1, 'two'] })
    expect(await redis.incrby(fresh(), 41)).toBe(41)
    expect(await redis.get(fresh())).toBeNull()
  })

  test('a value that says OK is told apart from the status OK', async () => {
    const key = fresh()
    await redis.set(key, 'OK')
    expect(await redis.get(key)).toBe('OK')
    expect(await redis.mget(key, key)).toEqual(['OK', 'OK'])
  })

  test('NX writes once, XX only over what is there, GET returns the value before', async () => {
    const key = fresh()
    expect(await redis.set(key, 'a', { xx: true })).toBeNull()
    expect(await redis.set(key, 'b', { nx: true })).toBe('OK')
    expect(await redis.set(key, 'c', { nx: true })).toBeNull()
    expect(await redis.set(key, 'd', { xx: true, get: true })).toBe('b')
  })

  test('a key expires, and its time can be read, moved and taken away', async () => {
    const key = fresh()
    await redis.set(key, 'a', { px: 60_000 })
    expect(await redis.pttl(key)).toBeGreaterThan(59_000)
    await redis.expire(key, 10)
    expect(await redis.ttl(key)).toBe(10)
    await redis.persist(key)
    expect(await redis.ttl(key)).toBe(-1)
    await redis.pexpireat(key, Date.now() - 1)
    expect([await redis.get(key), await redis.ttl(key)]).toEqual([null, -2])
  })

  test('hashes, sets and sorted sets do what their names say', async () => {
    const [hash, set, sorted] = [fresh(), fresh(), fresh()]
    await redis.hset(hash, { a: 1, b: 'two' })
    expect(await redis.hincrby(hash, 'a', 4)).toBe(5)
    expect(await redis.hgetall(hash)).toEqual({ a: 5, b: 'two' })
    expect(await redis.sadd(set, 'x', 'y', 'x')).toBe(2)
    expect(await redis.smismember(set, ['x', 'z'])).toEqual([1, 0])
    await redis.zadd(sorted, { score: 2, member: 'late' }, { score: 1, member: 'early' })
    expect(await redis.zrange(sorted, 0, -1)).toEqual(['early', 'late'])
  })

  test('a command on the wrong type is an error with its prefix', async () => {
    const key = fresh()
    await redis.hset(key, { a: 1 })
    await expect(redis.get(key)).rejects.toThrow('WRONGTYPE')
    await expect(redis.exec(['nonsense'])).rejects.toThrow("ERR unknown command 'nonsense'")
  })

  test('a wrong token is refused on every path', async () => {
    const stranger = connect('wrong')
    await expect(stranger.get('a')).rejects.toThrow('Unauthorized')
    await expect(stranger.pipeline().get('a').exec()).rejects.toThrow('Unauthorized')
    await expect(stranger.multi().get('a').exec()).rejects.toThrow('Unauthorized')
  })

  test('a pipeline and a transaction answer for each command', async () => {
    const key = fresh()
    expect(await redis.pipeline().set(key, 'a').get(key).incr(fresh()).exec()).toEqual(['OK', 'a', 1])
    expect(await redis.multi().set(key, 'b').get(key).exec()).toEqual(['OK', 'b'])
    const results = await redis.pipeline().incr(key).get(key).exec({ keepErrors: true })
    expect(results.map(({ error, result }) => [error !== undefined, result])).toEqual([
      [true, undefined],
      [false, 'b'],
    ])
  })
})

describe('scripts', () => {
  test("Upstash's own first line is accepted, and the script is found under the SHA of its full text", async () => {
    const code =
      "#!lua flags=allow-key-locking\nreturn {KEYS[1], ARGV[1], redis.call('INCRBY', KEYS[1], ARGV[1])}"
    const key = fresh()
    const sha = await redis.scriptLoad(code)
    expect(await redis.evalsha(sha, [key], ['5'])).toEqual([key, 5, 5])
    expect(await redis.scriptExists(sha, 'f'.repeat(40))).toEqual([1, 0])
    await expect(redis.evalsha('f'.repeat(40), [], [])).rejects.toThrow('NOSCRIPT')
  })

  test('values cross between Lua and Redis by the rules of Redis', async () => {
    const run = (code: string, args: string[] = []) => redis.eval(code, [], args)
    expect(await run('return 3.99')).toBe(3)
    expect(await run('return {1, true, false, "x"}')).toEqual([1, 1, null, 'x'])
    expect(await run('return {1, nil, 3}')).toEqual([1])
    expect(await run("return redis.call('GET', 'nothing') == false")).toBe(1)
    expect(await run("return {redis.call('SET', 'big', 1732150000000), redis.call('GET', 'big')}")).toEqual(
      expect.arrayContaining([1_732_150_000_000]),
    )
    expect(await run('return tonumber(ARGV[1]) + 1', ['41'])).toBe(42)
  })

  test('an error in a script reaches the caller, and pcall catches it', async () => {
    const key = fresh()
    await redis.hset(key, { a: 1 })
    await expect(redis.eval("return redis.call('GET', KEYS[1])", [key], [])).rejects.toThrow('WRONGTYPE')
    expect(await redis.eval("return redis.pcall('GET', KEYS[1]).err ~= nil", [key], [])).toBe(1)
    await expect(redis.eval("return redis.error_reply('MINE no')", [], [])).rejects.toThrow('MINE no')
    await expect(redis.eval('return (', [], [])).rejects.toThrow('compiling')
  })
})

describe('windows', () => {
  test('a fixed window lets through what it allows and no more', async () => {
    const limit = limiter(Ratelimit.fixedWindow(3, '1 h'))
    const outcomes = []
    for (let call = 0; call < 5; call += 1) outcomes.push(await limit.limit('someone'))
    expect(outcomes.map(({ success }) => success)).toEqual([true, true, true, false, false])
    expect(outcomes.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0, 0])
    expect(outcomes[0]?.reset).toBeGreaterThan(Date.now())
    expect(await limit.limit('somebody else')).toMatchObject({ success: true, remaining: 2 })
  })

  test('a sliding window lets through what it allows, however many ask at once', async () => {
    const limit = limiter(Ratelimit.slidingWindow(10, '1 h'))
    const outcomes = await Promise.all(Array.from({ length: 25 }, () => limit.limit('someone')))
    expect(outcomes.filter(({ success }) => success)).toHaveLength(10)
  })

  test('a token bucket refills', async () => {
    const limit = limiter(Ratelimit.tokenBucket(1, '20 ms', 2))
    expect([(await limit.limit('a')).success, (await limit.limit('a')).success]).toEqual([true, true])
    await expect.poll(async () => (await limit.limit('a')).success).toBe(true)
  })

  test('what remains can be read without using it up, and a limit can be reset', async () => {
    const limit = limiter(Ratelimit.slidingWindow(10, '1 h'))
    await limit.limit('someone', { rate: 4 })
    expect((await limit.getRemaining('someone')).remaining).toBe(6)
    expect((await limit.getRemaining('someone')).remaining).toBe(6)
    await limit.resetUsedTokens('someone')
    expect((await limit.getRemaining('someone')).remaining).toBe(10)
  })

  test('a negative rate gives back what was taken', async () => {
    const limit = limiter(Ratelimit.fixedWindow(100, '1 h'))
    await limit.limit('someone', { rate: 100 })
    expect((await limit.limit('someone', { rate: 1 })).success).toBe(false)
    await limit.limit('someone', { rate: -51 })
    expect((await limit.limit('someone', { rate: 50 })).success).toBe(true)
  })
})

describe('traps that the stand-in must not hide', () => {
  test('a refused request of n still counts and poisons the window', async () => {
    const limit = limiter(Ratelimit.fixedWindow(100, '1 h'))
    expect((await limit.limit('someone', { rate: 50 })).success).toBe(true)
    expect((await limit.limit('someone', { rate: 60 })).success).toBe(false)
    expect((await limit.limit('someone', { rate: 1 })).success).toBe(false)
  })

  test('the cache in the isolate refuses on its own after one refusal', async () => {
    const limit = limiter(Ratelimit.fixedWindow(1, '1 h'), true)
    await limit.limit('someone')
    await limit.limit('someone')
    expect(await limit.limit('someone')).toMatchObject({ success: false, reason: 'cacheBlock' })
  })
})

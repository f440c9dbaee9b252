// Requests that were right until one value in them was replaced by another of any kind: every dialect refuses them with a
// sentence, or sends on what it understood. None of them makes it throw, and none takes long.

import { describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import { errorKindOf } from '#core/errors.ts'
import { isObject } from '#core/readers.ts'
import type { AskedCall, UpstreamTarget } from '#dialects/dialect.ts'
import { dialects } from '#dialects/dialects.ts'
import { type Chance, chanceOf, oneOf } from '../conform/from-schema.ts'
import { madeRequest } from '../conform/usual-requests.ts'

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]
const seeds = Array.from({ length: 1_500 }, (_, seed) => seed)
/** Some seconds of work where the machine is busy. */
const timeout = 60_000

const target: UpstreamTarget = {
  upstreamModel: 'up-1',
  origin: 'somebody',
  outputParameter: 'max_tokens',
  outputTokensMax: 50,
  supportedParameters: ['tools', 'tool_choice', 'reasoning', 'reasoning_effort', 'response_format'],
  reasoning: 'effort',
  acceptsStreamOptions: true,
}

/** One of each kind; what a place held is never among what stands there by right. */
const strange: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  'x'.repeat(5_000),
  '\ud800',
  '__proto__',
  [],
  [null],
  [[[[]]]],
  ['x', 7, {}],
  {},
  { type: 'x' },
  { type: 7, text: null },
  { __proto__: null, type: '__proto__', content: [{}] },
]

/** Replaces a value at a place that chance finds. */
function spoiled(value: unknown, chance: Chance): unknown {
  const keys = isObject(value) || Array.isArray(value) ? Object.keys(value) : []
  if (keys.length === 0 || chance(4) === 0) return oneOf(strange, chance)
  const key = oneOf(keys, chance) ?? ''
  if (Array.isArray(value))
    return value.map((one: unknown, at) => (String(at) === key ? spoiled(one, chance) : one))
  return isObject(value) ? { ...value, [key]: spoiled(value[key], chance) } : value
}

/** Every way that a request can go; each refusal on it is the client's fault and says so. */
function sendOn(own: DialectId, call: AskedCall): void {
  const dialect = dialects[own]
  const left = dialect.leftOut?.(call)
  if (left !== undefined && !left.ok) return expectClientsFault(left)
  expect(() => JSON.parse(dialect.forward(call, target))).not.toThrow()
  const neutral = dialect.toNeutral(call)
  if (!neutral.ok) return expectClientsFault(neutral)
  for (const id of ids) {
    const written = dialects[id].fromNeutral(neutral.call, target)
    if (written.ok) dialects[id].limited?.(written.body, 50)
    else expectClientsFault(written)
  }
}

function expectClientsFault(refusal: { code: Parameters<typeof errorKindOf>[0]; message?: string }): void {
  expect(errorKindOf(refusal.code).status).toBeLessThan(500)
  expect(refusal.message ?? errorKindOf(refusal.code).sentence).toMatch(/\.$/)
}

describe.each(ids)('a request of %s with one strange value', (own) => {
  test('is sent on as far as it is understood, or refused as its client’s fault', { timeout }, () => {
    let sent = 0
    for (const seed of seeds) {
      const chance = chanceOf(seed)
      const body = spoiled(madeRequest(own, chance), chance)
      const text = JSON.stringify(isObject(body) ? { ...body, model: 'm' } : body)
      const read = dialects[own].read(new TextEncoder().encode(text))
      try {
        if (read.ok) sendOn(own, read.call)
        else expectClientsFault(read)
      } catch (error) {
        throw new Error(`seed ${seed}: ${text.slice(0, 2_000)}`, { cause: error })
      }
      sent += read.ok ? 1 : 0
    }
    expect(sent).toBeGreaterThan(100)
  })
})

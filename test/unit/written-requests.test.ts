// Requests that the vendors' types allow, in all three dialects: whatever of them we send on, in its own dialect or another, is
// a request that the upstream's vendor allows, and what we do not send on is refused by the name of a field.

import { describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import type { UpstreamTarget } from '#dialects/dialect.ts'
import { dialects } from '#dialects/dialects.ts'
import { type Chance, chanceOf, oneOf } from '../conform/from-schema.ts'
import { madeRequest } from '../conform/usual-requests.ts'
import { requestTypes, wireDifferences } from '../conform/wire-schemas.ts'

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]
const pairs = ids.flatMap((client) => ids.map((upstream) => [client, upstream] as const))

const supported = ['tools', 'tool_choice', 'reasoning', 'reasoning_effort', 'temperature', 'response_format']

const targetOf = (chance: Chance): UpstreamTarget => ({
  upstreamModel: 'up-1',
  origin: 'somebody',
  outputParameter: oneOf(['max_tokens', 'max_completion_tokens'] as const, chance) ?? 'max_tokens',
  outputTokensMax: oneOf([undefined, 50, 2_000], chance),
  supportedParameters: supported.filter(() => chance(2) === 1),
  reasoning: oneOf(['none', 'effort', 'budget', 'adaptive'] as const, chance) ?? 'none',
  acceptsStreamOptions: chance(2) === 1,
})

/** A request for `upstream` out of a request of a client of `client`; undefined where it is refused. */
function written(
  client: DialectId,
  upstream: DialectId,
  { body, chance }: { body: unknown; chance: Chance },
) {
  const read = dialects[client].read(new TextEncoder().encode(JSON.stringify(body)))
  if (!read.ok) return read
  const target = targetOf(chance)
  if (client === upstream) {
    const forwarded: unknown = JSON.parse(dialects[client].forward(read.call, target))
    return { ok: true as const, body: forwarded }
  }
  const neutral = dialects[client].toNeutral(read.call)
  if (!neutral.ok) return neutral
  const call = dialects[upstream].fromNeutral(neutral.call, target)
  if (!call.ok) return call
  const limit = target.outputTokensMax ?? 100
  return { ok: true as const, body: dialects[upstream].limited?.(call.body, limit) ?? call.body }
}

/** Some seconds of work where the machine is busy. */
const timeout = 60_000
const seeds = Array.from({ length: 150 }, (_, seed) => seed)

describe.each(pairs)('a request of %s for an upstream of %s', (client, upstream) => {
  test('is one that the vendor allows, or is refused with a sentence', { timeout }, () => {
    const faults = new Map<string, string>()
    let sent = 0
    for (const seed of seeds) {
      const chance = chanceOf(seed)
      const body = madeRequest(client, chance)
      const say = (fault: string) =>
        faults.set(
          fault.replaceAll(/\[\d+\]/g, '[]'),
          `seed ${seed}: ${JSON.stringify(body).slice(0, 1_500)}`,
        )
      // What chance made is itself such a request, or this test would show nothing.
      for (const fault of wireDifferences(body, requestTypes[client], 'upstream')) say(`made: ${fault}`)
      const result = written(client, upstream, { body, chance })
      if (!result.ok) {
        expect(result.message ?? result.code).toMatch(/\S/)
        continue
      }
      sent += 1
      for (const fault of wireDifferences(result.body, requestTypes[upstream], 'upstream')) say(fault)
    }
    expect(Object.fromEntries(faults)).toEqual({})
    expect(sent).toBeGreaterThan(20)
  })
})

// Where a conversation belongs: the same place turn after turn, and the conversations of one host spread when it goes.

import { describe, expect, test } from 'vitest'
import { sealState } from '#calls/reasoning-state.ts'
import { affinityOf, carriesReasoning, hashOf, sealedOrigins, stablePrefix } from './affinity.ts'

const user = (content: string) => ({ role: 'user', content })
const system = { role: 'system', content: 'You are helpful.' }

describe('a conversation', () => {
  test.each([
    ['chat', { messages: [system, user('hello')] }, { messages: [system, user('hello'), user('and then?')] }],
    [
      'messages',
      { system: 'be brief', messages: [user('a'), user('b')] },
      { system: 'be brief', messages: [user('a'), user('b'), user('c')] },
    ],
    [
      'responses',
      { instructions: 'x', input: [user('a'), user('b')] },
      { instructions: 'x', input: [user('a'), user('b'), user('c')] },
    ],
    [
      'a key of its own',
      { prompt_cache_key: 'k', messages: [user('a')] },
      { prompt_cache_key: 'k', messages: [user('b')] },
    ],
  ])('of %s is known by its beginning', (_name, first, later) => {
    expect(stablePrefix(later)).toBe(stablePrefix(first))
  })

  test('with another first message is another one', () => {
    expect(stablePrefix({ messages: [system, user('a')] })).not.toBe(
      stablePrefix({ messages: [system, user('b')] }),
    )
    expect(stablePrefix({ input: 'a' })).not.toBe(stablePrefix({ input: 'b' }))
  })

  test('is known by a bounded text, however long it is', () => {
    const long = 'x'.repeat(1_000_000)
    expect(stablePrefix({ system: long, messages: [user(long), user(long)] }).length).toBeLessThan(10_000)
    expect(stablePrefix({ prompt_cache_key: long }).length).toBeLessThan(10_000)
    expect(stablePrefix({})).toBe(stablePrefix({ messages: undefined }))
  })

  test('is known without walking through what is large or deep', () => {
    let tower: unknown = 'top'
    for (let depth = 0; depth < 200_000; depth += 1) tower = [tower]
    const wide = Array.from({ length: 1_000_000 }, () => 1)
    expect(stablePrefix({ messages: [user('a'), tower, wide] })).toBe(
      stablePrefix({ messages: [user('a'), []] }),
    )
    const parts = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] })
    expect(stablePrefix({ messages: [parts('a')] })).not.toBe(stablePrefix({ messages: [parts('b')] }))
  })

  test('moves only when its own host goes, and hosts share conversations alike', () => {
    const hosts = ['zai key-1', 'together key-2', 'fireworks key-3']
    const best = (conversation: number, of: readonly string[]) =>
      of.toSorted((a, b) => affinityOf(conversation, b) - affinityOf(conversation, a))[0]
    const counts = new Map<string | undefined, number>()
    for (let at = 0; at < 3_000; at += 1) {
      const conversation = hashOf(`acct_${at}\nhello`)
      const chosen = best(conversation, hosts)
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1)
      const left = hosts.filter((host) => host !== 'zai key-1')
      if (chosen !== 'zai key-1') expect(best(conversation, left)).toBe(chosen)
    }
    for (const host of hosts) expect(counts.get(host)).toBeGreaterThan(900)
  })
})

describe('thoughts in a request', () => {
  test('name their origins in order', () => {
    const text = JSON.stringify([
      sealState({ origin: 'zai', value: 'v' }),
      sealState({ origin: 'together', value: '' }),
    ])
    expect(sealedOrigins(text)).toEqual(['zai', 'together'])
    expect(sealedOrigins('{"messages": []}')).toEqual([])
  })

  test.each([
    '{"include": ["reasoning.encrypted_content"]}',
    '{"type": "reasoning", "encrypted_content": "gAAA"}',
    '{"type": "thinking", "signature": "abc"}',
    '{"thinking": {"type": "enabled"}}',
    `{"signature":"${sealState({ origin: 'zai', value: '' })}"}`,
  ])('bind it to one credential: %s', (text) => {
    expect(carriesReasoning(text)).toBe(true)
    expect(carriesReasoning('{"messages": [{"role": "user", "content": "hello"}]}')).toBe(false)
  })
})

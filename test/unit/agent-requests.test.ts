// What coding agents really send (test/sdk/fixtures, written by their tests with FIXTURES=write): nothing personal stands in it,
// and every dialect can take it over.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import { dialects } from '#dialects/dialects.ts'
import { cloneDir } from '../../dev/clone.ts'
import { forbiddenWords } from '../../dev/forbidden-words.ts'
import { scrubText } from '../sdk/big/scrub.ts'
import { valueAt } from '../world/chat.ts'

const folder = join(cloneDir, 'test/sdk/fixtures')
const files = readdirSync(folder)
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8')

const requests = files.flatMap((file) => {
  const sent: unknown = JSON.parse(textOf(file))
  if (!Array.isArray(sent)) throw new Error(`${file} is not a list of requests`)
  return sent.map((one: unknown, index) => ({ file, index, body: valueAt(one, 'body'), path: pathOf(one) }))
})

function pathOf(sent: unknown): string {
  const path = valueAt(sent, 'path')
  return typeof path === 'string' ? (path.split('?')[0] ?? '') : ''
}

describe.each(files)('%s', (file) => {
  test.each([
    ['folder of a person or a machine', /(?<![\w.<~-])\/(tmp|var\/folders|mnt|workspace)\/[\w.-]+/],
    ['id of a session', /(?!0{8})[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/],
    ['hash', /\b(?!0{32})[0-9a-f]{32,}\b/],
    ['day', /\b20\d\d-(?!01-01)[01]\d-[0-3]\d\b/],
    ['key or account', /sk-sluice-|acct_/],
    ['address', /\b127\.0\.0\.1:\d+|\blocalhost:\d{5}\b/],
    ['mail address', /\b[\w.]+@(?!anthropic\.com|example\.)[a-z0-9-]+\.(com|org|net|dev)\b/],
  ])('holds no %s', (_, pattern) => expect(textOf(file)).not.toMatch(pattern))

  test('holds no word that must not stand in this repository', () => {
    expect(forbiddenWords(file, textOf(file))).toEqual([])
  })
})

test('the scrubber takes out where, when and by whom a request was made', () => {
  const place = { home: '/tmp/run-1/home', project: '/tmp/run-1/project' }
  const ada = ['', 'Users', 'ada', 'notes.txt'].join('/')
  const text = `in /tmp/run-1/project of /tmp/run-1/home on 2031-02-03, ${ada}, /tmp/other, </root>, session 0199c0de-1111-7000-8000-000000000001`
  expect(scrubText(text, place)).toBe(
    'in /srv/project of /srv/home on 2026-01-01, /srv/home/notes.txt, /srv/temporary, </root>, session 00000000-0000-4000-8000-000000000000',
  )
})

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]
const target = {
  upstreamModel: 'any-model',
  origin: 'another provider',
  outputParameter: 'max_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['tools', 'tool_choice', 'reasoning', 'temperature', 'response_format'],
  acceptsStreamOptions: true,
  reasoning: 'effort',
} as const

// Cases: dialects 53
describe.each(requests)('request $index of $file', ({ body, path }) => {
  const own = ids.find((id) => dialects[id].route === path)

  test.each(ids)('is taken over into %s with all its tools that are run by the agent itself', (id) => {
    if (own === undefined) throw new Error(`no dialect has the route ${path}`)
    const read = dialects[own].read(new TextEncoder().encode(JSON.stringify(body)))
    if (!read.ok) throw new Error(read.message)
    const neutral = dialects[own].toNeutral(read.call)
    if (!neutral.ok) throw new Error(neutral.message)
    const written = dialects[id].fromNeutral(neutral.call, target)
    if (!written.ok) throw new Error(written.message)
    const tools = neutral.call.tools.filter(({ kind }) => kind !== 'hosted')
    expect(valueAt(written.body, 'tools', 'length') ?? 0).toBe(tools.length)
    expect(JSON.stringify(written.body)).toContain('sluice_upstream')
  })
})

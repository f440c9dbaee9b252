// The local model upstream answers as the vendors' own types say: it cannot drift from what it stands in for.

import { describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import { makeAnswer, type UpstreamDialect } from '../../dev/upstream-answer.ts'
import { chatUpstream } from '../../dev/upstream-chat.ts'
import { type DirectiveChange, directiveText, readDirective } from '../../dev/upstream-directive.ts'
import { messagesUpstream } from '../../dev/upstream-messages.ts'
import { lastUserText } from '../../dev/upstream-request.ts'
import { responsesUpstream } from '../../dev/upstream-responses.ts'
import { readJson } from '#core/readers.ts'
import { answerTypes, wireDifferences } from '../conform/wire-schemas.ts'
import { terminator } from '../conform/wire-event.ts'
import { streamFaults } from '../conform/wire-stream.ts'

const dialects = [
  ['chat', chatUpstream],
  ['responses', responsesUpstream],
  ['messages', messagesUpstream],
] as const satisfies readonly (readonly [DialectId, UpstreamDialect])[]

const told: readonly DirectiveChange[] = [
  { tokens: 3 },
  { tokens: 0 },
  { tokens: 500 },
  { tokens: 3, usage: 'onFinish' },
  { tokens: 3, usage: 'every' },
  { tokens: 3, inputTokens: 100, cachedTokens: 40, reasoningTokens: 7 },
  { toolCalls: true },
  { parallelToolCalls: true },
  { tokens: 2, call: { name: 'look', input: { at: 'sky' } } },
  { tokens: 2, thinking: 'Hm hm hm' },
  { thinking: 'Hm', parallelToolCalls: true },
  { text: 'Grüße, 世界 🌍!' },
]

function requestOf(dialect: DialectId, change: DirectiveChange, isStreamed: boolean) {
  const content = directiveText(change)
  const stream = { model: 'm', stream: isStreamed }
  if (dialect === 'responses') return { ...stream, max_output_tokens: 100, input: content }
  const usage = dialect === 'chat' ? { stream_options: { include_usage: true } } : {}
  return { ...stream, ...usage, max_tokens: 100, messages: [{ role: 'user', content }] }
}

describe.each(dialects)('the upstream of %s', (id, dialect) => {
  const answerTo = (change: DirectiveChange, isStreamed: boolean) => {
    const body = requestOf(id, change, isStreamed)
    const directive = readDirective(lastUserText(body))
    if (typeof directive === 'string') throw new Error(directive)
    return makeAnswer(`${dialect.idPrefix}1`, 1, { request: dialect.read(body), directive })
  }

  test.each(told)('streams %j as the vendor types it', (change) => {
    const frames = [...dialect.frames(answerTo(change, true))]
    const events = frames.map(({ event, data }) => ({
      name: event,
      data: data === terminator ? data : readJson(data),
    }))
    expect(streamFaults(id, events, { wire: 'upstream', isWhole: true })).toEqual([])
  })

  test.each(told)('answers %j whole as the vendor types it', (change) => {
    const body: unknown = JSON.parse(JSON.stringify(dialect.whole(answerTo(change, false))))
    expect(wireDifferences(body, answerTypes[id], 'upstream')).toEqual([])
  })

  test('fails in a stream as the vendor types it', () => {
    const { event, data } = dialect.errorFrame
    const events = [{ name: event, data: readJson(data) }]
    expect(streamFaults(id, events, { wire: 'upstream', isWhole: true })).toEqual([])
  })

  test.each([400, 401, 404, 429, 500, 529])('refuses with %i as the vendor types it', (status) => {
    const error = dialect.error({ status, type: 'server_error', message: 'No.', code: null })
    const type = id === 'messages' ? 'AnthropicError' : 'OpenAiError'
    expect(wireDifferences(error, type, 'upstream')).toEqual([])
  })
})

// The same question in each dialect as it goes over the wire, and what every dialect's client reads of the answer.

import type { DialectId } from '#calls/neutral-call.ts'
import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from './chat.ts'
import { type Account } from './charges.ts'
import { outputTokensMax, type WireAnswer, type WireRequest } from './gateway.ts'

/** A client of one dialect, and a model whose upstream is spoken to in another or the same. */
export type Side = { client: DialectId; upstream: DialectId; isStreamed: boolean }

export const dialectIds = ['chat', 'responses', 'messages'] as const

export const dialectPaths: Readonly<Record<DialectId, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
}

/** Models whose upstream speaks this dialect alone. */
export const dialectModels: Readonly<Record<DialectId, string>> = {
  chat: 'mistral-large-4',
  responses: 'gpt-5.3-codex',
  messages: 'claude-opus-4-6',
}

export function requestOf(
  { client, upstream, isStreamed }: Side,
  { accountId, apiKey }: Account,
  directive: DirectiveChange,
): WireRequest {
  const text = directiveText(directive)
  const shared = { model: dialectModels[upstream], stream: isStreamed }
  const messages = [{ role: 'user', content: text }]
  const bodies: Readonly<Record<DialectId, object>> = {
    chat: {
      ...shared,
      messages,
      max_completion_tokens: outputTokensMax,
      user: accountId,
      ...(isStreamed ? { stream_options: { include_usage: true } } : {}),
    },
    responses: {
      ...shared,
      input: messages,
      max_output_tokens: outputTokensMax,
      store: false,
      safety_identifier: accountId,
    },
    messages: { ...shared, messages, max_tokens: outputTokensMax, metadata: { user_id: accountId } },
  }
  return { apiKey, path: dialectPaths[client], body: bodies[client] }
}

const deltaPaths = [
  ['choices', 0, 'delta', 'content'],
  ['delta', 'text'],
] as const

/** The text that the deltas of a stream bring, or the one text of a whole answer. */
export function textOf({ events, body }: WireAnswer): string {
  if (body !== undefined) return wholeText(body)
  return events
    .flatMap((event) => {
      const ofResponses = valueAt(event, 'type') === 'response.output_text.delta' ? [['delta']] : []
      return [...deltaPaths, ...ofResponses].map((path) => valueAt(event, ...path))
    })
    .filter((text) => typeof text === 'string')
    .join('')
}

function wholeText(body: unknown): string {
  const output = valueAt(body, 'output')
  const items: readonly unknown[] = Array.isArray(output) ? output : []
  const found = [
    valueAt(body, 'choices', 0, 'message', 'content'),
    valueAt(body, 'content', 0, 'text'),
    ...items.map((item) => valueAt(item, 'content', 0, 'text')),
  ]
  return found.filter((text) => typeof text === 'string').join('')
}

/** The cost that the answer states, in dollars. */
export function costIn({ isStreamed }: Side, { events, body }: WireAnswer): unknown {
  if (!isStreamed) return valueAt(body, 'cost')
  const stated = events.map(
    (event) => valueAt(event, 'response', 'usage', 'cost') ?? valueAt(event, 'usage', 'cost'),
  )
  return stated.findLast((cost) => cost !== undefined)
}

/** The type of error that a dialect's client reads, in a body or a stream; undefined where there is none. */
export function errorTypeOf({ client, isStreamed }: Side, answer: WireAnswer): unknown {
  const given: readonly unknown[] = isStreamed && answer.status === 200 ? answer.events : [answer.body]
  const error = given.find((one) => valueAt(one, 'error') !== undefined || valueAt(one, 'type') === 'error')
  if (error === undefined) return undefined
  // An error event of responses has its fields on top.
  if (client === 'responses' && valueAt(error, 'type') === 'error') return valueAt(error, 'code')
  return client === 'messages' ? valueAt(error, 'error', 'type') : valueAt(error, 'error', 'code')
}

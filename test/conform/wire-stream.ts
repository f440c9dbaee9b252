// A whole stream: its events held against the vendor's type, and their order against the rules of the dialect.

import type { DialectId } from '#calls/neutral-call.ts'
import { chatFaults } from './chat-rules.ts'
import { messagesFaults } from './messages-rules.ts'
import { responsesFaults } from './responses-rules.ts'
import { isErrorEvent, type RuleOptions, terminator, type WireEvent } from './wire-event.ts'
import { eventTypes, type Wire, wireDifferences } from './wire-schemas.ts'

const rules = { chat: chatFaults, responses: responsesFaults, messages: messagesFaults } as const
const errorTypes = { chat: 'OpenAiError', responses: 'ResponsesEvent', messages: 'AnthropicError' } as const

/** What is wrong with a stream, one sentence each; empty where nothing is. */
export function streamFaults(
  dialect: DialectId,
  events: readonly WireEvent[],
  options: RuleOptions,
): readonly string[] {
  const differences = events.flatMap(({ name, data }, at) => {
    // A ping is in Anthropic's description of its streams and not in its package's types.
    if (data === terminator || (dialect === 'messages' && name === 'ping')) return []
    return differencesOf(data, dialect, options.wire).map((difference) => `event ${at}: ${difference}`)
  })
  return [...differences, ...rules[dialect](events, options)]
}

function differencesOf(data: unknown, dialect: DialectId, wire: Wire): readonly string[] {
  return wireDifferences(data, isErrorEvent(data) ? errorTypes[dialect] : eventTypes[dialect], wire)
}

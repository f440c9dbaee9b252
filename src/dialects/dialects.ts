// The dialects that clients and upstreams may speak, by name.

import type { DialectId } from '#calls/neutral-call.ts'
import type { Dialect } from './dialect.ts'
import { messagesDialect } from './anthropic-messages.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { responsesDialect } from './openai-responses.ts'

export const dialects: Readonly<Record<DialectId, Dialect>> = {
  chat: chatDialect,
  responses: responsesDialect,
  messages: messagesDialect,
}

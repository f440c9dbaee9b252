// Messages as a client speaks them and as an upstream does.

import { MessagesDecoder } from './anthropic-messages-decoder.ts'
import { MessagesEncoder } from './anthropic-messages-encoder.ts'
import { messagesError } from './anthropic-messages-errors.ts'
import { messagesFromNeutral } from './anthropic-messages-from-neutral.ts'
import { MessagesMeter } from './anthropic-messages-meter.ts'
import { forwardMessages, readMessagesCall } from './anthropic-messages-request.ts'
import { limitedMessages } from './anthropic-messages-thinking.ts'
import { messagesToNeutral } from './anthropic-messages-to-neutral.ts'
import type { Dialect } from './dialect.ts'

export const messagesDialect: Dialect = {
  id: 'messages',
  route: '/v1/messages',
  upstreamPath: '/messages',
  read: readMessagesCall,
  error: messagesError,
  forward: forwardMessages,
  sameDialectMeter: (options) => new MessagesMeter(options),
  toNeutral: messagesToNeutral,
  fromNeutral: messagesFromNeutral,
  limited: limitedMessages,
  decoder: (origin) => new MessagesDecoder(origin),
  encoder: (facts) => new MessagesEncoder(facts),
}

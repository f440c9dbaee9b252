// Chat completions as a client speaks them and as an upstream does.

import type { Dialect } from './dialect.ts'
import { forwardChat, readChatCall } from './openai-chat.ts'
import { ChatDecoder } from './openai-chat-decoder.ts'
import { ChatEncoder } from './openai-chat-encoder.ts'
import { chatFromNeutral } from './openai-chat-from-neutral.ts'
import { ChatMeter } from './openai-chat-meter.ts'
import { chatToNeutral } from './openai-chat-to-neutral.ts'
import { openAiError } from './openai-errors.ts'

export const chatDialect: Dialect = {
  id: 'chat',
  route: '/v1/chat/completions',
  upstreamPath: '/chat/completions',
  read: readChatCall,
  error: openAiError,
  forward: forwardChat,
  sameDialectMeter: (options) => new ChatMeter(options),
  toNeutral: chatToNeutral,
  fromNeutral: chatFromNeutral,
  decoder: (origin) => new ChatDecoder(origin),
  encoder: (facts) => new ChatEncoder(facts),
}

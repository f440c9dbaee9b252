// Chat completions as one of the public wire formats.

import type { WireFormat } from './dialect.ts'
import { forwardChat, readChatCall } from './openai-chat.ts'
import { ChatMeter } from './openai-chat-meter.ts'
import { openAiError } from './openai-errors.ts'

export const chatFormat: WireFormat = {
  id: 'chat',
  route: '/v1/chat/completions',
  upstreamPath: '/chat/completions',
  read: readChatCall,
  error: openAiError,
  forward: forwardChat,
  sameDialectMeter: (options) => new ChatMeter(options),
}

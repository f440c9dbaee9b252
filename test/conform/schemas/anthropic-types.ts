// What Anthropic's own package says of its wire format, under the names by which generate.mjs makes schemas of it.

import type {
  Message,
  MessageCountTokensParams,
  MessageCreateParamsNonStreaming,
  MessageCreateParamsStreaming,
  MessageTokensCount,
  RawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/messages'
import type { ModelInfo } from '@anthropic-ai/sdk/resources/models'
import type { ErrorResponse } from '@anthropic-ai/sdk/resources/shared'

export type MessagesRequest = MessageCreateParamsNonStreaming | MessageCreateParamsStreaming
export type MessagesAnswer = Message
export type MessagesEvent = RawMessageStreamEvent
export type CountRequest = MessageCountTokensParams
export type CountAnswer = MessageTokensCount
export type AnthropicModel = ModelInfo
export type AnthropicError = ErrorResponse

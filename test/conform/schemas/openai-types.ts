// What OpenAI's own package says of its wire formats, under the names by which generate.mjs makes schemas of them.

import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
} from 'openai/resources/chat/completions'
import type {
  Completion,
  CompletionCreateParamsNonStreaming,
  CompletionCreateParamsStreaming,
} from 'openai/resources/completions'
import type { CreateEmbeddingResponse, EmbeddingCreateParams } from 'openai/resources/embeddings'
import type { Model } from 'openai/resources/models'
import type { ModerationCreateParams, ModerationCreateResponse } from 'openai/resources/moderations'
import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseCreateParamsStreaming,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses'
import type { ErrorObject } from 'openai/resources/shared'

export type ChatRequest = ChatCompletionCreateParamsNonStreaming | ChatCompletionCreateParamsStreaming
export type ChatAnswer = ChatCompletion
export type ChatChunk = ChatCompletionChunk
export type ResponsesRequest = ResponseCreateParamsNonStreaming | ResponseCreateParamsStreaming
export type ResponsesAnswer = Response
export type ResponsesEvent = ResponseStreamEvent
export type CompletionsRequest = CompletionCreateParamsNonStreaming | CompletionCreateParamsStreaming
export type CompletionsAnswer = Completion
export type EmbeddingsRequest = EmbeddingCreateParams
export type EmbeddingsAnswer = CreateEmbeddingResponse
export type ModerationsRequest = ModerationCreateParams
export type ModerationsAnswer = ModerationCreateResponse
export type OpenAiModel = Model
export type OpenAiError = { error: ErrorObject }

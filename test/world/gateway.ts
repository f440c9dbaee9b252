// One request to the product as it goes over the wire, without an SDK, for journeys that look at statuses, headers and bytes.

import { FrameReader } from '#sse/frames.ts'
import type { WorldClient } from '../../dev/world-client.ts'
import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import { chatModel, valueAt } from './chat.ts'
import { keepReceived } from './received-codes.ts'

export const chatPath = '/v1/chat/completions'

/** What the answers to tests are asked for at most, so that holds stay small. */
export const outputTokensMax = 200

export type WireRequest = {
  apiKey?: string
  method?: string
  path?: string
  headers?: { readonly [name: string]: string }
  /** Text goes as it is, anything else as JSON. */
  body?: unknown
  signal?: AbortSignal
}

export type WireAnswer = {
  status: number
  headers: Headers
  text: string
  /** The parsed body, or undefined where it is not JSON. */
  body: unknown
  /** The data of every event, where the answer is a stream: parsed, `[DONE]` as the text that it is. */
  events: readonly unknown[]
  callId: string
  errorCode: unknown
  message: string
}

/** A chat request that tells the local upstream what to do. */
export function chatOf(upstream: DirectiveChange, more: object = {}): { readonly [name: string]: unknown } {
  return {
    model: chatModel,
    max_completion_tokens: outputTokensMax,
    messages: [{ role: 'user', content: directiveText(upstream) }],
    ...more,
  }
}

export function streamOf(upstream: DirectiveChange, more: object = {}): { readonly [name: string]: unknown } {
  return chatOf(upstream, { stream: true, stream_options: { include_usage: true }, ...more })
}

/** A POST of a chat request unless said otherwise. */
export async function ask(world: { baseUrl: string }, request: WireRequest): Promise<WireAnswer> {
  const { apiKey, path = chatPath, body, signal } = request
  const method = request.method ?? (body === undefined && path !== chatPath ? 'GET' : 'POST')
  const response = await fetch(`${world.baseUrl}${path}`, {
    method,
    headers: {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  return answerOf(response.status, response.headers, await response.text())
}

export function answerOf(status: number, headers: Headers, text: string): WireAnswer {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  const body = isStream ? undefined : parsed(text)
  const events = isStream ? eventsOf(text) : []
  const error = isStream ? events.find((event) => valueAt(event, 'error') !== undefined) : body
  // Where the error is a text, a header names its code.
  const errorCode = valueAt(error, 'error', 'code') ?? headers.get('x-error-code') ?? undefined
  keepReceived(errorCode)
  return {
    status,
    headers,
    text,
    body,
    events,
    callId: headers.get('x-generation-id') ?? '',
    errorCode,
    message: textAt(error, 'error', 'message'),
  }
}

/** Where each dialect names the end user. */
const endUserFields = [['user'], ['safety_identifier'], ['metadata', 'user_id']]

/** What the upstream was asked on this account's behalf; its requests carry the account's id as their end user. */
export async function upstreamRequestsOf(world: WorldClient, user: string) {
  const requests = await world.upstreamRequests()
  return requests.filter(({ body }) => endUserFields.some((path) => valueAt(body, ...path) === user))
}

/** The local upstream's answer of so many tokens. */
export function wordsOf(count: number): string {
  return Array.from({ length: count }, (_, at) => ` word${at}`).join('')
}

/** The text that a client has read from the chunks of one choice. */
export function contentOf(events: readonly unknown[], choice = 0): string {
  return events
    .flatMap((event) => {
      const choices = valueAt(event, 'choices')
      return Array.isArray(choices) ? choices : []
    })
    .filter((one: unknown) => valueAt(one, 'index') === choice)
    .map((one: unknown) => textAt(one, 'delta', 'content'))
    .join('')
}

/** Empty where there is no text. */
function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const text = valueAt(value, ...path)
  return typeof text === 'string' ? text : ''
}

function eventsOf(text: string): unknown[] {
  const reader = new FrameReader()
  const frames = [...reader.push(new TextEncoder().encode(text)), ...reader.end()]
  return frames.flatMap(({ data }) => (data === undefined ? [] : [data === '[DONE]' ? data : parsed(data)]))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The test says what it expects of a text that is not JSON.
    return undefined
  }
}

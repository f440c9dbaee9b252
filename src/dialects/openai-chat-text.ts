// The text inside the choices of a chat answer, streamed or whole: all that a provider bills as output and shows.

import { isObject, type JsonObject } from '#core/readers.ts'

/** Every piece of text, in order: answer, reasoning, refusal, names and arguments of tool calls, transcript of audio. */
export function textsOf(choices: readonly unknown[]): string[] {
  return choices.flatMap((choice) => {
    if (!isObject(choice)) return []
    const message = choice['delta'] ?? choice['message']
    return isObject(message) ? messageTexts(message) : []
  })
}

export function finishReasonOf(choices: readonly unknown[]): string | undefined {
  for (const choice of choices) {
    const reason: unknown = isObject(choice) ? choice['finish_reason'] : undefined
    if (typeof reason === 'string') return reason
  }
  return undefined
}

function messageTexts(message: JsonObject): string[] {
  const calls: unknown = message['tool_calls']
  const audio: unknown = message['audio']
  return [
    // Several upstreams send the same reasoning under both names.
    ...contentTexts(message['reasoning_content'] ?? message['reasoning'] ?? detailTexts(message)),
    ...contentTexts(message['content']),
    ...contentTexts(message['refusal']),
    ...(Array.isArray(calls) ? calls.flatMap(toolCallTexts) : []),
    ...functionTexts(message['function_call']),
    ...(isObject(audio) ? contentTexts(audio['transcript']) : []),
  ]
}

/** OpenRouter's list of thoughts, for upstreams that send them under no other name. */
function detailTexts({ reasoning_details: details }: JsonObject): unknown {
  if (!Array.isArray(details)) return undefined
  return details.map((part: unknown) => (isObject(part) ? { text: part['text'] ?? part['summary'] } : part))
}

/** A text, or Mistral's list of parts, whose `thinking` holds another list. */
function contentTexts(content: unknown): string[] {
  if (typeof content === 'string') return content === '' ? [] : [content]
  if (!Array.isArray(content)) return []
  return content.flatMap((part: unknown) => {
    if (!isObject(part)) return []
    const thinking: unknown = part['thinking']
    const inner: readonly unknown[] = Array.isArray(thinking) ? thinking : [thinking]
    return [part['text'], ...inner.map((one) => (isObject(one) ? one['text'] : one))].filter(isText)
  })
}

function toolCallTexts(call: unknown): string[] {
  return isObject(call) ? [...functionTexts(call['function']), ...functionTexts(call['custom'])] : []
}

function functionTexts(called: unknown): string[] {
  return isObject(called) ? [called['name'], called['arguments'], called['input']].filter(isText) : []
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

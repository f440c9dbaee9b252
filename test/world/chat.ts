// One chat completion without an SDK, for journeys that are about what comes after the answer.

import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'

export type ChatAnswer = { status: number; callId: string; costUsd: number; body: unknown }

export const chatModel = 'gpt-5.4-mini'

export async function chatOnce(
  baseUrl: string,
  apiKey: string,
  upstream: DirectiveChange = { tokens: 3 },
): Promise<ChatAnswer> {
  const response = await fetch(`${baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: chatModel,
      max_completion_tokens: 50,
      messages: [{ role: 'user', content: directiveText(upstream) }],
    }),
  })
  const body: unknown = await response.json()
  return {
    status: response.status,
    callId: response.headers.get('x-generation-id') ?? '',
    costUsd: Number(valueAt(body, 'usage', 'cost') ?? 0),
    body,
  }
}

/** `count` completions, at most `atOnce` of them at a time, in no particular order. */
export async function chatMany(count: number, atOnce: number, one: () => Promise<ChatAnswer>) {
  const answers: ChatAnswer[] = []
  let started = 0
  const worker = async () => {
    while (started < count) {
      started += 1
      answers.push(await one())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return answers
}

/** What lies at a path in parsed JSON; undefined where there is nothing. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at: unknown = value
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined
  return at
}

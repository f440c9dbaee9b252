// The released `openai` package as a customer uses it: its base URL and its key, and a fetch that counts its attempts.

import OpenAI from 'openai'
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions'
import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import type { NewAccount } from '../../dev/world-client.ts'
import { chatModel } from './chat.ts'
import type { Account } from './charges.ts'
import { outputTokensMax } from './gateway.ts'
import { sharedWorld } from './shared-world.ts'

/** `statuses` says what each attempt was answered, in order. */
export type Client = OpenAI & { account: Account; statuses: number[] }

export async function newClient(given: NewAccount = {}): Promise<Client> {
  return clientOf(await sharedWorld().newAccount(given))
}

export function clientOf(account: Account): Client {
  const statuses: number[] = []
  const client = new OpenAI({
    baseURL: `${sharedWorld().baseUrl}/v1`,
    apiKey: account.apiKey,
    fetch: async (url, init) => {
      const response = await fetch(url, init)
      statuses.push(response.status)
      return response
    },
  })
  return Object.assign(client, { account, statuses })
}

type Request = Pick<ChatCompletionCreateParamsBase, 'model' | 'messages' | 'max_completion_tokens' | 'user'>

export function chat({ account }: { account: Account }, upstream: DirectiveChange): Request {
  return {
    model: chatModel,
    max_completion_tokens: outputTokensMax,
    user: account.accountId,
    messages: [{ role: 'user', content: directiveText(upstream) }],
  }
}

/** Everything that an iteration brings. */
export async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

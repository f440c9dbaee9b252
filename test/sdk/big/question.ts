// One question in every SDK's own words, and what its program gets to see of the answer, in one form.

import type { DialectId } from '#calls/neutral-call.ts'
import { type DirectiveChange, directiveText } from '../../../dev/upstream-directive.ts'
import type { Account } from '../../world/charges.ts'

export type Question = {
  account: Account
  model: string
  upstream: DirectiveChange
  isStreamed: boolean
  /** `get_weather` and `get_time` are offered, run, and their results sent back until the model answers. */
  withTools?: boolean
  /** A picture is shown beside the text. */
  withImage?: boolean
  /** The answer has to be `{"city": …}`. */
  withSchema?: boolean
  /** The program loses interest. */
  signal?: AbortSignal
  /** Called at every part of a stream. */
  onPart?: () => void
}

export type Heard = {
  /** Of the last answer. */
  text: string
  thoughts: string
  /** Of all answers, in their order. */
  calls: readonly { name: string; input: unknown }[]
  /** The structure that was asked for, as the SDK parsed it. */
  structure: unknown
  /** What the SDK shows of each answer's usage as the provider said it: empty where it shows none. */
  usages: readonly unknown[]
}

export type Client = {
  name: string
  /** The SDK shows the thoughts of upstreams of these dialects. */
  showsThoughtsOf: readonly DialectId[]
  /** Some SDKs keep only the fields of usage that they know. */
  showsCost: 'always' | 'streamed' | 'never'
  ask(question: Question): Promise<Heard>
}

/** The directive, and whose question it is: the upstream's log tells them apart by it. */
export function promptOf({ upstream, account }: Question): string {
  return `${directiveText(upstream)} ${account.accountId}`
}

export const everyUpstream = ['chat', 'responses', 'messages'] as const

export const toolResults = { get_weather: 'rain', get_time: '12:00' } as const
export const answerSchema = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
}

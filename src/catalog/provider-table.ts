// The upstream companies, one row each: all that the product knows of them. The next company is one more row; the names of its
// settings follow from its id (`xai` has XAI_API_KEY, XAI_BASE_URL and XAI_RPM).

import type { DialectId } from '#calls/neutral-call.ts'

export type ProviderRow = {
  /** As people know it. */
  company: string
  /** Empty: there is no usual one, and the operator has to set it. */
  usualBaseUrl: string
  /** What its endpoints speak, best first. A model may speak fewer. */
  dialects: readonly DialectId[]
  /** How the credential is sent: as `Authorization: Bearer`, or in a header of that name. */
  keyHeader: 'authorization' | 'x-api-key'
  /** Headers of every request besides. */
  headers: Readonly<Record<string, string>>
  /** False for providers that refuse `stream_options`; they state usage in the last chunk without being asked. */
  acceptsStreamOptions: boolean
  /** The output limit's name in chat completions. */
  outputParameter: 'max_tokens' | 'max_completion_tokens'
  /** The fields of a chat completion with which a model that reasons is told how much. */
  reasoningParameters: readonly ReasoningParameter[]
  /** It serves `/completions` for its chat models: the request passes as it came instead of becoming a conversation. */
  servesCompletions: boolean
  /** The operator's own machines: generation ends when we hang up, and a key is not needed. */
  isOwn: boolean
}

/**
 * `reasoning_effort` a word · `thinking` an object with `type` · `enable_thinking` a switch with `thinking_budget` beside
 * it. In responses and messages the dialect alone says how.
 */
export type ReasoningParameter = 'reasoning_effort' | 'thinking' | 'enable_thinking'

/** What holds for most companies that copy OpenAI's chat completions. */
const openAiCompatible = {
  dialects: ['chat'],
  keyHeader: 'authorization',
  headers: {},
  acceptsStreamOptions: true,
  outputParameter: 'max_tokens',
  reasoningParameters: ['reasoning_effort'],
  servesCompletions: false,
  isOwn: false,
} as const satisfies Partial<ProviderRow>

export const providerTable = {
  openai: {
    ...openAiCompatible,
    company: 'OpenAI',
    usualBaseUrl: 'https://api.openai.com/v1',
    dialects: ['responses', 'chat'],
    outputParameter: 'max_completion_tokens',
  },
  deepseek: {
    ...openAiCompatible,
    company: 'DeepSeek',
    usualBaseUrl: 'https://api.deepseek.com/v1',
    reasoningParameters: ['reasoning_effort', 'thinking'],
  },
  mistral: {
    ...openAiCompatible,
    company: 'Mistral AI',
    usualBaseUrl: 'https://api.mistral.ai/v1',
    // Mistral answers 422 `extra_forbidden` to `stream_options`, and states usage in every stream's last chunk.
    acceptsStreamOptions: false,
  },
  anthropic: {
    ...openAiCompatible,
    company: 'Anthropic',
    usualBaseUrl: 'https://api.anthropic.com/v1',
    dialects: ['messages'],
    keyHeader: 'x-api-key',
    // The version is pinned for what we write ourselves; a client's own version goes through with its bytes.
    headers: { 'anthropic-version': '2023-06-01' },
    reasoningParameters: ['thinking'],
  },
  google: {
    ...openAiCompatible,
    company: 'Google',
    usualBaseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
  },
  xai: {
    ...openAiCompatible,
    company: 'xAI',
    usualBaseUrl: 'https://api.x.ai/v1',
    dialects: ['responses', 'chat'],
  },
  groq: {
    ...openAiCompatible,
    company: 'Groq',
    usualBaseUrl: 'https://api.groq.com/openai/v1',
    outputParameter: 'max_completion_tokens',
  },
  together: {
    ...openAiCompatible,
    company: 'Together AI',
    usualBaseUrl: 'https://api.together.xyz/v1',
    servesCompletions: true,
  },
  fireworks: {
    ...openAiCompatible,
    company: 'Fireworks AI',
    usualBaseUrl: 'https://api.fireworks.ai/inference/v1',
    servesCompletions: true,
  },
  moonshot: {
    ...openAiCompatible,
    company: 'Moonshot AI',
    usualBaseUrl: 'https://api.moonshot.ai/v1',
    reasoningParameters: ['thinking'],
  },
  alibaba: {
    ...openAiCompatible,
    company: 'Alibaba Cloud',
    usualBaseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    reasoningParameters: ['enable_thinking'],
  },
  zai: {
    ...openAiCompatible,
    company: 'Z.ai',
    usualBaseUrl: 'https://api.z.ai/api/paas/v4',
    reasoningParameters: ['thinking'],
  },
  cohere: {
    ...openAiCompatible,
    company: 'Cohere',
    usualBaseUrl: 'https://api.cohere.ai/compatibility/v1',
  },
  exa: {
    ...openAiCompatible,
    company: 'Exa',
    usualBaseUrl: 'https://api.exa.ai',
    acceptsStreamOptions: false,
    reasoningParameters: [],
  },
  reka: {
    ...openAiCompatible,
    company: 'Reka',
    usualBaseUrl: 'https://api.reka.ai/v1',
    acceptsStreamOptions: false,
    reasoningParameters: [],
  },
  // An OpenAI-compatible server of the operator's own, such as Ollama at http://…:11434/v1.
  local: {
    ...openAiCompatible,
    company: 'this deployment',
    usualBaseUrl: '',
    servesCompletions: true,
    isOwn: true,
  },
} as const satisfies { readonly [id: string]: ProviderRow }

export type ProviderId = keyof typeof providerTable

/** The rows under their ids, each with every field that a row may have. */
export const providers: { readonly [id in ProviderId]: ProviderRow } = providerTable
export const providerIds = Object.keys(providerTable) as readonly ProviderId[]

/** As people know it; empty for what no provider did. */
export function providerNameOf(id: string): string {
  const known = providerIds.find((one) => one === id)
  return known === undefined ? id : providers[known].company
}

/** What the operator sets for each provider; names of environment variables. */
export type ProviderSetting = 'API_KEY' | 'BASE_URL' | 'RPM'
export type ProviderVariable<Setting extends ProviderSetting = ProviderSetting> =
  `${Uppercase<ProviderId>}_${Setting}`

export function providerVariable<Setting extends ProviderSetting>(
  id: ProviderId,
  setting: Setting,
): ProviderVariable<Setting> {
  return `${id.toUpperCase() as Uppercase<ProviderId>}_${setting}`
}

const providerSettingNames: readonly ProviderSetting[] = ['API_KEY', 'BASE_URL', 'RPM']

/** All of them, in the table's order. */
export const providerVariables: readonly ProviderVariable[] = providerSettingNames.flatMap((setting) =>
  providerIds.map((id) => providerVariable(id, setting)),
)

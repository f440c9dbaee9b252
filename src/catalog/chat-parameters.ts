// The request parameters that models announce in the model list, under OpenAI's names. What is not in a model's list is left
// out when a call is translated for it.

const tools = ['tool_choice', 'tools']
const sampling = ['temperature', 'top_p']

/** What every plain chat model of OpenAI, DeepSeek and Mistral understands. */
export const chatParameters = [
  'frequency_penalty',
  'max_tokens',
  'n',
  'parallel_tool_calls',
  'presence_penalty',
  'response_format',
  'stop',
  'temperature',
  'tool_choice',
  'tools',
  'top_p',
]

/** Reasoning models take no sampling parameters. */
export const reasoningParameters = [
  'max_completion_tokens',
  'max_tokens',
  'n',
  'parallel_tool_calls',
  'reasoning_effort',
  'response_format',
  'tool_choice',
  'tools',
  'verbosity',
]

/** What OpenAI-compatible companies have in common: one answer a call. */
export const compatibleParameters = [
  'frequency_penalty',
  'max_tokens',
  'presence_penalty',
  'response_format',
  'seed',
  'stop',
  ...sampling,
  ...tools,
]

/** The same where the model reasons. */
export const compatibleReasoningParameters = [...compatibleParameters, 'reasoning_effort']

/** A model of Moonshot AI: sampling has fixed values, any other is an error there. */
export const kimiParameters = ['max_tokens', 'response_format', 'stop', 'thinking', ...tools]

/** Claude up to 4.6. */
export const claudeParameters = [
  'max_tokens',
  'parallel_tool_calls',
  'reasoning_effort',
  'response_format',
  'stop',
  ...sampling,
  ...tools,
  'top_k',
]

/** Claude after 4.6 refuses every sampling parameter. */
export const adaptiveClaudeParameters = claudeParameters.filter(
  (name) => !['temperature', 'top_k', 'top_p'].includes(name),
)

/** Grok's reasoning models refuse penalties and stop sequences. */
export const grokParameters = compatibleReasoningParameters.filter(
  (name) => !['frequency_penalty', 'presence_penalty', 'stop'].includes(name),
)

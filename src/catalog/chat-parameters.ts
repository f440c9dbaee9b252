// The request parameters that models announce in the model list.

/** What every chat model here understands. */
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

// For tests: a request in the form that Codex 0.169 sends at the beginning of a task, with texts of our own.

import type { ResponseCreateParamsStreaming, ResponseInputItem } from 'openai/resources/responses/responses'

const parametersOf = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
  additionalProperties: false,
})

const functionTool = (name: string, ...parameters: string[]) =>
  ({
    type: 'function',
    name,
    description: `Our words for ${name}.`,
    strict: false,
    parameters: parametersOf(...parameters),
  }) as const

const message = (role: 'developer' | 'user', text: string): ResponseInputItem => ({
  type: 'message',
  role,
  content: [{ type: 'input_text', text }],
})

export type CodexRequest = ResponseCreateParamsStreaming & { client_metadata: object }

export function codexRequest(model = 'gpt-x'): CodexRequest {
  return {
    model,
    instructions: 'You are a coding agent. Work in small steps.',
    input: [
      message('developer', '<permissions>read only</permissions>'),
      message('user', '<environment><cwd>/srv/project</cwd></environment>'),
      message('user', 'Say which files there are.'),
    ],
    tools: [
      functionTool('shell', 'command'),
      functionTool('update_plan', 'plan'),
      functionTool('view_image', 'path'),
      functionTool('list_resources', 'server'),
      functionTool('list_templates', 'server'),
      functionTool('read_resource', 'server', 'uri'),
      functionTool('request_input', 'question'),
      {
        type: 'namespace',
        name: 'multi_agent_v1',
        description: 'Other agents.',
        tools: [functionTool('spawn', 'task'), functionTool('wait', 'agent')],
      },
      { type: 'web_search' },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: false,
    reasoning: { effort: 'medium', summary: 'auto' },
    store: false,
    stream: true,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: '0199c0de-0000-7000-8000-000000000001',
    text: { verbosity: 'low' },
    client_metadata: { installation: '0199c0de-0000-7000-8000-000000000002' },
  }
}

// A neutral call as a responses request, for upstreams that speak this dialect and clients that do not. Strict: what OpenAI's
// own types allow, nothing kept upstream, and thoughts only for the provider that made them.

import type { Block, Item, NeutralCall, Tool } from '#calls/neutral-call.ts'
import { flatToolName } from '#calls/tool-names.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import type { UpstreamTarget, WrittenCall } from './dialect.ts'
import { inputPartOf } from './openai-responses-parts.ts'
import { refuseForeign, writtenTuning } from './openai-responses-written-tuning.ts'
import { toolIdFor } from './tool-ids.ts'

export function responsesFromNeutral(call: NeutralCall, target: UpstreamTarget): WrittenCall {
  const dropped: string[] = []
  const refusal = refuseForeign(call, dropped)
  if (refusal !== undefined) return refusal
  const writer: Writer = { target, dropped, freeformCalls: freeformCallsOf(call.items) }
  const input: JsonObject[] = []
  for (const item of call.items) {
    const written = writtenItems(item, writer)
    if ('ok' in written) return written
    // One by one: there may be more than a call can have arguments.
    for (const one of written) input.push(one)
  }
  const tools = call.tools.flatMap((tool) => writtenTool(tool, dropped))
  const body: JsonObject = {
    model: target.upstreamModel,
    input,
    store: false,
    ...(call.isStreamed ? { stream: true } : {}),
    ...(tools.length === 0 ? {} : { tools }),
    ...writtenTuning(call, { target, dropped, hasTools: tools.length > 0 }),
  }
  return { ok: true, body, dropped }
}

type Writer = { target: UpstreamTarget; dropped: string[]; freeformCalls: ReadonlySet<string> }

/** Dialects that know one kind of result only do not say to which kind of call it belongs. */
function freeformCallsOf(items: readonly Item[]): ReadonlySet<string> {
  const calls = items.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'tool_call' && block.isFreeform ? [block.id] : [])),
  )
  return new Set(calls)
}

function writtenItems(item: Item, writer: Writer): JsonObject[] | Refusal {
  if (item.role === 'assistant') return assistantItems(item.blocks, writer)
  if (item.role === 'tool') return resultItems(item.blocks, writer)
  const content = partsOf(item.blocks, writer)
  if (!Array.isArray(content)) return content
  return content.length === 0 ? [] : [{ type: 'message', role: item.role, content }]
}

function partsOf(blocks: readonly Block[], { dropped }: Writer): JsonObject[] | Refusal {
  const parts: JsonObject[] = []
  for (const block of blocks) {
    const part = inputPartOf(block, dropped)
    if (part === 'unreachable')
      return refuse('invalid_request', {
        message: `This model cannot be sent this ${block.kind}. Send pictures and files by address or as base64.`,
      })
    if (part !== undefined) parts.push(part)
  }
  return parts
}

function assistantItems(blocks: readonly Block[], writer: Writer): JsonObject[] {
  return blocks.flatMap((block) => assistantItem(block, writer))
}

function assistantItem(block: Block, { target, dropped }: Writer): JsonObject[] {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return block.text === '' ? [] : [{ type: 'message', role: 'assistant', content: block.text }]
    case 'tool_call':
      return [writtenCall(block)]
    case 'reasoning':
      return writtenReasoning(block, target.origin)
    case 'unknown':
      dropped.push(`content of type ${block.type}`)
      return []
    // A picture in an assistant's turn has no place in a request of this dialect.
    case 'image':
    case 'file':
    case 'audio':
      dropped.push(`${block.kind} of the assistant`)
      return []
    case 'tool_result':
      return []
  }
}

function writtenCall(block: Extract<Block, { kind: 'tool_call' }>): JsonObject {
  const called = { call_id: toolIdFor('responses', block.id), name: flatToolName(block) }
  return block.isFreeform
    ? { type: 'custom_tool_call', ...called, input: block.input }
    : { type: 'function_call', ...called, arguments: block.input }
}

/** The state is bound to its id. Thoughts without it, or of another provider, are refused or mistaken for an answer. */
function writtenReasoning(block: Extract<Block, { kind: 'reasoning' }>, origin: string): JsonObject[] {
  const { state, text } = block
  if (state === undefined || state.origin !== origin) return []
  return [
    {
      type: 'reasoning',
      ...(state.id === undefined ? {} : { id: state.id }),
      summary: text === '' || !block.isSummary ? [] : [{ type: 'summary_text', text }],
      encrypted_content: state.value,
    },
  ]
}

function resultItems(blocks: readonly Block[], writer: Writer): JsonObject[] | Refusal {
  const items: JsonObject[] = []
  for (const block of blocks) {
    if (block.kind !== 'tool_result') continue
    const output = outputOf(block, writer)
    if (typeof output === 'object' && 'ok' in output) return output
    const isFreeform = block.isFreeform || writer.freeformCalls.has(block.callId)
    const type = isFreeform ? 'custom_tool_call_output' : 'function_call_output'
    items.push({ type, call_id: toolIdFor('responses', block.callId), output })
  }
  return items
}

/** The dialect has no mark for a failure: the text says it. */
const errorPrefix = 'Error: '

function outputOf(
  block: Extract<Block, { kind: 'tool_result' }>,
  writer: Writer,
): string | JsonObject[] | Refusal {
  const prefix = block.isError ? errorPrefix : ''
  const readable = block.parts.map((part) =>
    part.kind === 'unknown' ? ({ kind: 'text', text: JSON.stringify(part.foreign.fields) } as const) : part,
  )
  if (readable.every((part) => part.kind === 'text' || part.kind === 'refusal'))
    return prefix + readable.map(({ text }) => text).join('\n')
  const parts = partsOf(readable, writer)
  if (!Array.isArray(parts)) return parts
  return prefix === '' ? parts : [{ type: 'input_text', text: prefix.trim() }, ...parts]
}

function writtenTool(tool: Tool, dropped: string[]): JsonObject[] {
  if (tool.kind === 'hosted') {
    dropped.push(`tool ${tool.type}`)
    return []
  }
  const described = tool.description === undefined ? {} : { description: tool.description }
  const name = flatToolName(tool)
  if (tool.kind === 'freeform')
    return [
      { type: 'custom', name, ...described, ...(tool.format === undefined ? {} : { format: tool.format }) },
    ]
  // Said in any case: here a schema is strict unless it says otherwise, in the other dialects it is not.
  const schema = { parameters: tool.schema ?? noParameters, strict: tool.isStrict ?? false }
  return [{ type: 'function', name, ...described, ...schema }]
}

const noParameters = { type: 'object', properties: {} }

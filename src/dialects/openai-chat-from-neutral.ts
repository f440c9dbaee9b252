// A neutral call as a chat request, for upstreams that speak chat completions and clients that do not. Strict: what OpenAI's
// own types allow, and what the upstream's model takes.

import type { Block, ContentBlock, Item, NeutralCall, Tool, ToolChoice } from '#calls/neutral-call.ts'
import { urlOfMedia } from '#calls/media.ts'
import { flatToolName, freeformParameter } from '#calls/tool-names.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import type { UpstreamTarget, WrittenCall } from './dialect.ts'
import { type ChatWriter as Writer, writtenReasoning, writtenTuning } from './openai-chat-written-tuning.ts'
import { toolIdFor } from './tool-ids.ts'

export function chatFromNeutral(call: NeutralCall, target: UpstreamTarget): WrittenCall {
  const dropped: string[] = []
  const writer = { target, dropped }
  const messages: JsonObject[] = []
  for (const item of call.items) {
    const written = messagesOf(item, writer)
    if ('ok' in written) return written
    messages.push(...written)
  }
  const tools = call.tools.flatMap((tool) => toolOf(tool, writer))
  const body: JsonObject = {
    model: target.upstreamModel,
    messages,
    ...(tools.length === 0 ? {} : { tools, ...choiceOf(call) }),
    ...(call.stop.length === 0 ? {} : { stop: call.stop }),
    ...(call.isStreamed ? { stream: true, ...streamOptions(target) } : {}),
    ...formatOf(call),
    ...writtenTuning(call, writer),
    ...writtenReasoning(call.reasoning, writer),
    ...(call.endUser === undefined ? {} : { user: call.endUser }),
  }
  return { ok: true, body, dropped }
}

function streamOptions({ acceptsStreamOptions }: UpstreamTarget): JsonObject {
  return acceptsStreamOptions ? { stream_options: { include_usage: true } } : {}
}

function messagesOf(item: Item, writer: Writer): JsonObject[] | Refusal {
  switch (item.role) {
    case 'system':
    case 'developer':
      // Every company knows "system"; "developer" only some.
      return [{ role: 'system', content: joinedText(item.blocks) }]
    case 'user': {
      const parts = partsOf(item.blocks, writer)
      return Array.isArray(parts)
        ? parts.length === 0
          ? []
          : [{ role: 'user', content: simplest(parts) }]
        : parts
    }
    case 'assistant':
      return [assistantOf(item.blocks, writer)]
    case 'tool':
      return toolMessages(item.blocks, writer)
  }
}

function joinedText(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n\n')
}

/** A lone text is written as one: some companies know no lists of parts. */
function simplest(parts: readonly JsonObject[]): unknown {
  const [only] = parts
  return parts.length === 1 && only?.['type'] === 'text' ? only['text'] : parts
}

function partsOf(blocks: readonly Block[], writer: Writer): JsonObject[] | Refusal {
  const parts: JsonObject[] = []
  for (const block of blocks) {
    const part = partOf(block, writer)
    if (part === undefined) continue
    if ('ok' in part && part['ok'] === false)
      return refuse('invalid_request', {
        message:
          'A file of a provider’s own store cannot be sent to a model of another provider. Send its content.',
        param: 'messages',
      })
    parts.push(part)
  }
  return parts
}

function partOf(block: Block, { dropped }: Writer): JsonObject | { ok: false } | undefined {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return block.text === '' ? undefined : { type: 'text', text: block.text }
    case 'image': {
      const url = urlOfMedia(block.media)
      const detail = block.detail === undefined ? {} : { detail: block.detail }
      return url === undefined ? { ok: false } : { type: 'image_url', image_url: { url, ...detail } }
    }
    case 'file': {
      const data = urlOfMedia(block.media)
      const named = { filename: block.name ?? 'file' }
      return data === undefined ? { ok: false } : { type: 'file', file: { file_data: data, ...named } }
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: block.data, format: block.format } }
    case 'unknown':
      dropped.push(`content of type ${block.type}`)
      return undefined
    case 'reasoning':
    case 'tool_call':
    case 'tool_result':
      return undefined
  }
}

/** Thoughts stay here: chat upstreams either ignore them or refuse them, and none needs them again but Gemini on its calls. */
function assistantOf(blocks: readonly Block[], writer: Writer): JsonObject {
  const text = blocks.flatMap((block) =>
    block.kind === 'text' || block.kind === 'refusal' ? [block.text] : [],
  )
  const calls = blocks.flatMap((block) => (block.kind === 'tool_call' ? [calledOf(block, writer)] : []))
  const content = text.join('')
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

function calledOf(block: Extract<Block, { kind: 'tool_call' }>, { target }: Writer): JsonObject {
  const called = {
    name: flatToolName(block),
    arguments: block.isFreeform ? freeformInput(block.input) : block.input,
  }
  const { state } = block
  // A signature belongs to its call, and to the provider that made it: any other might refuse the field.
  const isOwn = state !== undefined && state.origin === target.origin
  const signed = isOwn ? { extra_content: { google: { thought_signature: state.value } } } : {}
  return { id: toolIdFor('chat', block.id), type: 'function', function: called, ...signed }
}

/** A freeform tool is a function of one text here: few upstreams know custom tools. */
function freeformInput(input: string): string {
  return JSON.stringify({ [freeformParameter]: input })
}

/** One tool message per result; pictures have no slot there and follow as the user's. */
function toolMessages(blocks: readonly Block[], writer: Writer): JsonObject[] | Refusal {
  const results: JsonObject[] = []
  const pictures: ContentBlock[] = []
  for (const block of blocks) {
    if (block.kind !== 'tool_result') continue
    const texts = block.parts.flatMap((part) => resultTexts(part))
    const text = texts.join('\n')
    const content = block.isError ? `Error: ${text}` : text
    results.push({ role: 'tool', tool_call_id: toolIdFor('chat', block.callId), content })
    pictures.push(
      ...block.parts.filter(({ kind }) => kind === 'image' || kind === 'file' || kind === 'audio'),
    )
  }
  if (pictures.length === 0) return results
  const parts = partsOf(pictures, writer)
  return Array.isArray(parts) ? [...results, { role: 'user', content: parts }] : parts
}

/** What a chat model can read of a result: texts, and blocks of another dialect as their JSON. */
function resultTexts(part: ContentBlock): readonly string[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return [part.text]
    case 'unknown':
      return [JSON.stringify(part.foreign.fields)]
    case 'image':
    case 'file':
    case 'audio':
      return []
  }
}

function toolOf(tool: Tool, { dropped }: Writer): readonly JsonObject[] {
  switch (tool.kind) {
    case 'function': {
      const { description, schema, isStrict } = tool
      return [
        {
          type: 'function',
          function: {
            name: flatToolName(tool),
            ...(description === undefined ? {} : { description }),
            parameters: schema ?? { type: 'object', properties: {} },
            ...(isStrict === undefined ? {} : { strict: isStrict }),
          },
        },
      ]
    }
    case 'freeform': {
      const parameters = {
        type: 'object',
        properties: { [freeformParameter]: { type: 'string' } },
        required: [freeformParameter],
      }
      const described = tool.description === undefined ? {} : { description: tool.description }
      return [{ type: 'function', function: { name: flatToolName(tool), ...described, parameters } }]
    }
    case 'hosted':
      dropped.push(`tool ${tool.type}`)
      return []
  }
}

function choiceOf({ toolChoice, allowsParallelTools }: NeutralCall): JsonObject {
  return {
    ...(toolChoice === undefined ? {} : { tool_choice: writtenChoice(toolChoice) }),
    ...(allowsParallelTools === undefined ? {} : { parallel_tool_calls: allowsParallelTools }),
  }
}

function writtenChoice(choice: ToolChoice): unknown {
  switch (choice.kind) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.kind
    case 'named':
      return { type: 'function', function: { name: choice.name } }
    case 'allowed': {
      const tools = choice.names.map((name) => ({ type: 'function', function: { name } }))
      return {
        type: 'allowed_tools',
        allowed_tools: { mode: choice.isRequired ? 'required' : 'auto', tools },
      }
    }
  }
}

function formatOf({ format }: NeutralCall): JsonObject {
  switch (format?.kind) {
    case undefined:
    case 'text':
      return {}
    case 'json':
      return { response_format: { type: 'json_object' } }
    case 'schema': {
      const { name, schema, description, isStrict } = format
      const described = description === undefined ? {} : { description }
      const strict = isStrict === undefined ? {} : { strict: isStrict }
      return {
        response_format: { type: 'json_schema', json_schema: { name, schema, ...described, ...strict } },
      }
    }
  }
}

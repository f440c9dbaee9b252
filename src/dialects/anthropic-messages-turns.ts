// A neutral conversation as Anthropic's turns: user and assistant in alternation, the first a user's, results of tools in
// front, no empty text, and thoughts only for the provider that made them.

import { urlOfMedia } from '#calls/media.ts'
import type { Block, ContentBlock, Item, Media, ReasoningBlock, ToolCallBlock } from '#calls/neutral-call.ts'
import { flatToolName, freeformParameter } from '#calls/tool-names.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { toolIdFor } from './tool-ids.ts'
import { readUpstreamJson } from './upstream-json.ts'

export type TurnWriter = { origin: string; dropped: Set<string> }

export type Turns = { ok: true; system: JsonObject[]; messages: JsonObject[] }

type Turn = { role: 'user' | 'assistant'; results: JsonObject[]; content: JsonObject[] }

/** Says nothing: it stands where Anthropic wants a user before the assistant. */
const placeholder = '.'

export function messagesTurns(items: readonly Item[], writer: TurnWriter): Turns | Refusal {
  const system: JsonObject[] = []
  const turns: Turn[] = []
  for (const item of items) {
    if (item.role === 'system' || item.role === 'developer') {
      // Anthropic has one place for them, in front; a later one stays where it stood, in the user's voice.
      const texts = textsOf(item.blocks)
      if (turns.length === 0) append(system, texts.map(textBlock))
      else if (texts.length > 0) append(turnOf(turns, 'user').content, texts.map(inPlace))
      continue
    }
    const written =
      item.role === 'assistant' ? assistantBlocks(item.blocks, writer) : userBlocks(item.blocks, writer)
    if (!Array.isArray(written)) return written
    if (written.length === 0) continue
    const turn = turnOf(turns, item.role === 'assistant' ? 'assistant' : 'user')
    append(item.role === 'tool' ? turn.results : turn.content, written)
  }
  trimLast(turns)
  if (turns[0]?.role !== 'user')
    turns.unshift({ role: 'user', results: [], content: [textBlock(placeholder)] })
  return {
    ok: true,
    system,
    messages: turns.map(({ role, results, content }) => ({ role, content: [...results, ...content] })),
  }
}

/** One by one: a list of a hundred thousand does not fit into the arguments of one call. */
function append(to: JsonObject[], blocks: readonly JsonObject[]): void {
  for (const block of blocks) to.push(block)
}

function inPlace(text: string): JsonObject {
  return textBlock(`<system>\n${text}\n</system>`)
}

/** The last turn where it is of this role, else a new one. */
function turnOf(turns: Turn[], role: Turn['role']): Turn {
  const last = turns.at(-1)
  if (last?.role === role) return last
  const turn: Turn = { role, results: [], content: [] }
  turns.push(turn)
  return turn
}

/** An answer that is begun for the model may not end in white space. */
function trimLast(turns: Turn[]): void {
  const last = turns.at(-1)
  const block = last?.content.at(-1)
  if (last?.role !== 'assistant' || block?.['type'] !== 'text') return
  const text = String(block['text']).trimEnd()
  last.content.pop()
  if (text !== '') last.content.push(textBlock(text))
  if (last.content.length === 0) turns.pop()
}

function textBlock(text: string): JsonObject {
  return { type: 'text', text }
}

/** Anthropic refuses a text that is empty or white space only. */
function textsOf(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block) => (block.kind === 'text' && block.text.trim() !== '' ? [block.text] : []))
}

function assistantBlocks(blocks: readonly Block[], writer: TurnWriter): JsonObject[] | Refusal {
  const written: JsonObject[] = []
  for (const block of blocks) {
    if (block.kind === 'tool_call') written.push(toolUse(block))
    else if (block.kind === 'reasoning') written.push(...thinkingOf(block, writer))
    else if (block.kind !== 'tool_result') {
      const content = contentBlock(block, writer)
      if (!Array.isArray(content)) return content
      written.push(...content)
    }
  }
  return written
}

/** Never without the signature of this very provider: Anthropic refuses any other. */
function thinkingOf({ text, state, isRedacted }: ReasoningBlock, { origin }: TurnWriter): JsonObject[] {
  if (state?.origin !== origin) return []
  return isRedacted === true
    ? [{ type: 'redacted_thinking', data: state.value }]
    : [{ type: 'thinking', thinking: text, signature: state.value }]
}

function toolUse(call: ToolCallBlock): JsonObject {
  const input = call.isFreeform ? { [freeformParameter]: call.input } : readUpstreamJson(call.input)
  // A call that its model broke off has no JSON; Anthropic takes nothing but an object.
  const taken = isObject(input) ? input : call.input.trim() === '' ? {} : { [freeformParameter]: call.input }
  return { type: 'tool_use', id: toolIdFor('messages', call.id), name: flatToolName(call), input: taken }
}

function userBlocks(blocks: readonly Block[], writer: TurnWriter): JsonObject[] | Refusal {
  const written: JsonObject[] = []
  for (const block of blocks) {
    if (block.kind === 'tool_call' || block.kind === 'reasoning') continue
    if (block.kind !== 'tool_result') {
      const content = contentBlock(block, writer)
      if (!Array.isArray(content)) return content
      written.push(...content)
      continue
    }
    const content = resultContent(block.parts, writer)
    if (!Array.isArray(content)) return content
    written.push({
      type: 'tool_result',
      tool_use_id: toolIdFor('messages', block.callId),
      ...(content.length === 0 ? {} : { content }),
      ...(block.isError ? { is_error: true } : {}),
    })
  }
  return written
}

/** What only its own dialect knows is still an answer of the tool: the model reads its JSON. */
function resultContent(parts: readonly ContentBlock[], writer: TurnWriter): JsonObject[] | Refusal {
  const written: JsonObject[] = []
  for (const part of parts) {
    const content =
      part.kind === 'unknown' ? [textBlock(JSON.stringify(part.foreign.fields))] : contentBlock(part, writer)
    if (!Array.isArray(content)) return content
    written.push(...content)
  }
  return written
}

function contentBlock(block: ContentBlock, { dropped }: TurnWriter): JsonObject[] | Refusal {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return block.text.trim() === '' ? [] : [textBlock(block.text)]
    case 'image':
      if (block.detail !== undefined && block.detail !== 'auto') dropped.add('detail')
      return sourced('image', block.media)
    case 'file':
      return sourced('document', block.media, block.name)
    case 'audio':
      return refuse('invalid_request', { message: 'This model takes no audio.', param: 'messages' })
    case 'unknown':
      dropped.add(`content of type ${block.type}`)
      return []
  }
}

function sourced(type: 'image' | 'document', media: Media, title?: string): JsonObject[] | Refusal {
  const titled = title === undefined ? {} : { title }
  if (media.kind === 'base64') return [{ type, source: base64Source(media), ...titled }]
  const url = urlOfMedia(media)
  if (url !== undefined) return [{ type, source: { type: 'url', url }, ...titled }]
  return refuse('invalid_request', {
    message:
      'A file of a provider’s own store cannot be sent to a model of another provider. Send its content.',
    param: 'messages',
  })
}

/** Anthropic takes plain text as text. */
function base64Source({ mediaType, data }: Extract<Media, { kind: 'base64' }>): JsonObject {
  const text = mediaType.startsWith('text/') ? textOfBase64(data) : undefined
  return text === undefined
    ? { type: 'base64', media_type: mediaType, data }
    : { type: 'text', media_type: 'text/plain', data: text }
}

function textOfBase64(data: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)))
  } catch {
    // Not a swallowed fault: "no base64" is the answer, and the upstream says so to the client.
    return undefined
  }
}

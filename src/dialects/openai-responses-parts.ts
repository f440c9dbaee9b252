// The parts of messages and of tools' results between the responses dialect and neutral blocks.

import { mediaOfUrl, urlOfMedia } from '#calls/media.ts'
import type { Block, ContentBlock } from '#calls/neutral-call.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import { objectsOf } from './openai-responses-tools.ts'

/** A text, or a list of parts. Empty texts say nothing and are refused by some upstreams. */
export function contentOf(content: unknown): readonly ContentBlock[] {
  if (typeof content === 'string') return textBlocks(content)
  return objectsOf(content).flatMap(blockOf)
}

function textBlocks(text: string | undefined): readonly ContentBlock[] {
  return text === undefined || text === '' ? [] : [{ kind: 'text', text }]
}

function blockOf(part: JsonObject): readonly ContentBlock[] {
  switch (part['type']) {
    case undefined:
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'summary_text':
    case 'reasoning_text':
      return textBlocks(readString(part['text']))
    case 'refusal': {
      const text = readString(part['refusal']) ?? ''
      return text === '' ? [] : [{ kind: 'refusal', text }]
    }
    case 'input_image':
      return imageOf(part)
    case 'input_file':
      return fileOf(part)
    default:
      return [
        {
          kind: 'unknown',
          type: readString(part['type']) ?? 'unknown',
          foreign: { dialect: 'responses', fields: part },
        },
      ]
  }
}

function imageOf(part: JsonObject): readonly ContentBlock[] {
  const url = readString(part['image_url'])
  const id = readString(part['file_id'])
  const detail = readString(part['detail'])
  const detailed = detail === undefined ? {} : { detail }
  if (url !== undefined) return [{ kind: 'image', media: mediaOfUrl(url), ...detailed }]
  return id === undefined ? [] : [{ kind: 'image', media: { kind: 'stored', id }, ...detailed }]
}

function fileOf(part: JsonObject): readonly ContentBlock[] {
  const url = readString(part['file_data']) ?? readString(part['file_url'])
  const id = readString(part['file_id'])
  const name = readString(part['filename'])
  const named = name === undefined ? {} : { name }
  if (url !== undefined) return [{ kind: 'file', media: mediaOfUrl(url), ...named }]
  return id === undefined ? [] : [{ kind: 'file', media: { kind: 'stored', id }, ...named }]
}

/** The result of a tool: a text, parts, or (of a shell) a list of other things, whose JSON is what a model can read. */
export function resultOf(output: unknown): readonly ContentBlock[] {
  const isParts = Array.isArray(output) && output.every((part) => isObject(part) && 'type' in part)
  if (typeof output === 'string' || isParts) return contentOf(output)
  return output === undefined || output === null ? [] : textBlocks(JSON.stringify(output))
}

/** `unreachable` is what this dialect cannot send, or another provider keeps. `dropped` gets the names of what has no place. */
export function inputPartOf(block: Block, dropped: string[]): JsonObject | 'unreachable' | undefined {
  switch (block.kind) {
    case 'text':
    case 'refusal':
      return block.text === '' ? undefined : { type: 'input_text', text: block.text }
    case 'image': {
      const url = urlOfMedia(block.media)
      if (url === undefined) return 'unreachable'
      return { type: 'input_image', image_url: url, detail: imageDetail(block.detail) }
    }
    case 'file':
      return filePart(block)
    case 'audio':
      return 'unreachable'
    case 'unknown':
      dropped.push(`content of type ${block.type}`)
      return undefined
    case 'reasoning':
    case 'tool_call':
    case 'tool_result':
      return undefined
  }
}

const details: ReadonlySet<unknown> = new Set(['low', 'high', 'auto', 'original'])

function imageDetail(detail: string | undefined): string {
  return details.has(detail) && detail !== undefined ? detail : 'auto'
}

function filePart({ media, name }: Extract<Block, { kind: 'file' }>): JsonObject | 'unreachable' {
  const url = urlOfMedia(media)
  if (url === undefined) return 'unreachable'
  if (media.kind === 'url') return { type: 'input_file', file_url: url }
  return { type: 'input_file', file_data: url, filename: name ?? 'file' }
}

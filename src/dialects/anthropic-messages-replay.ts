// A history on its way back to an upstream of its own dialect: thoughts that another provider's model had behind our
// translation are taken out, since this one would refuse them. All other bytes stay as the client wrote them.

import { openState } from '#calls/reasoning-state.ts'
import { isObject, readString } from '#core/readers.ts'
import { editBody, elementTexts, fieldText } from './body-edit.ts'

/** The new JSON text of `messages`; undefined where nothing has to change. */
export function messagesEdit(text: string, messages: unknown, origin: string): string | undefined {
  if (!Array.isArray(messages)) return undefined
  const edits = messages.map((message: unknown) => blockEdits(message, origin))
  if (edits.every((edit) => edit === undefined)) return undefined
  const texts = elementTexts(fieldText(text, 'messages') ?? '[]').flatMap((messageText, index) => {
    const edit = edits[index]
    return edit === undefined ? [messageText] : editedMessage(messageText, edit)
  })
  return `[${texts.join(',')}]`
}

/** What happens to a block: it stays, goes, or gets back what the provider itself had written. */
type BlockEdit = 'keep' | 'drop' | { field: 'signature' | 'data'; value: string }

function blockEdits(message: unknown, origin: string): readonly BlockEdit[] | undefined {
  const content: unknown = isObject(message) ? message['content'] : undefined
  if (!Array.isArray(content)) return undefined
  const edits = content.map((block: unknown) => blockEdit(block, origin))
  return edits.every((edit) => edit === 'keep') ? undefined : edits
}

function blockEdit(block: unknown, origin: string): BlockEdit {
  const field = fieldOfState(block)
  const sealed = field === undefined || !isObject(block) ? undefined : readString(block[field])
  const state = sealed === undefined ? undefined : openState(sealed)
  if (field === undefined || state === undefined) return 'keep'
  return state.origin === origin && state.value !== '' ? { field, value: state.value } : 'drop'
}

function fieldOfState(block: unknown): 'signature' | 'data' | undefined {
  if (!isObject(block)) return undefined
  if (block['type'] === 'thinking') return 'signature'
  return block['type'] === 'redacted_thinking' ? 'data' : undefined
}

/** A message without any block is none: Anthropic refuses an empty one. */
function editedMessage(text: string, edits: readonly BlockEdit[]): readonly string[] {
  const blocks = elementTexts(fieldText(text, 'content') ?? '[]').flatMap((block, index) => {
    const edit = edits[index] ?? 'keep'
    if (edit === 'drop') return []
    return edit === 'keep' ? [block] : [editBody(block, new Map([[edit.field, JSON.stringify(edit.value)]]))]
  })
  return blocks.length === 0 ? [] : [editBody(text, new Map([['content', `[${blocks.join(',')}]`]]))]
}

// The order of a stream of messages, from Anthropic's own description of its events.

import { objectOf, readString } from '#core/readers.ts'
import { shown } from './schema-check.ts'
import type { RuleOptions, WireEvent } from './wire-event.ts'

/** Which deltas a block may get. */
const deltasOf: { readonly [block: string]: readonly string[] } = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  redacted_thinking: [],
  tool_use: ['input_json_delta'],
  server_tool_use: ['input_json_delta'],
}

export function messagesFaults(events: readonly WireEvent[], { isWhole }: RuleOptions): readonly string[] {
  const faults: string[] = []
  let begun = 0
  let open: string | undefined
  let last = ''
  for (const [at, { name, data }] of events.entries()) {
    const say = (fault: string) => faults.push(`event ${at}: ${fault}`)
    const type = typeOf(data)
    const { index, content_block: block, delta } = objectOf(data)
    if (name !== type) say(`is named ${name} and says that it is ${type}`)
    if (last === 'message_stop' || last === 'error') say(`comes after ${last}`)
    if (type === 'ping') continue
    if ((at === 0) !== (type === 'message_start') && type !== 'error')
      say(at === 0 ? 'is first and does not start the message' : 'starts the message again')
    if (type === 'content_block_start') {
      if (open !== undefined) say(`starts a block while ${open} is open`)
      if (index !== begun) say(`starts block ${shown(index)} after ${begun} blocks`)
      begun += 1
      open = typeOf(block)
    }
    if (type === 'content_block_delta' || type === 'content_block_stop') {
      if (open === undefined || index !== begun - 1)
        say(`belongs to block ${shown(index)}, which is not open`)
    }
    if (type === 'content_block_delta') {
      const kind = typeOf(delta)
      const known = open === undefined ? undefined : deltasOf[open]
      if (known !== undefined && !known.includes(kind)) say(`is a ${kind} of a block of ${open}`)
    }
    if (type === 'content_block_stop') open = undefined
    if (type === 'message_delta' && open !== undefined) say('ends the message while a block is open')
    if (type === 'message_stop' && last !== 'message_delta') say('follows no message_delta')
    last = type
  }
  if (isWhole && last !== 'message_stop' && last !== 'error') faults.push(`the stream ends with ${last}`)
  return faults
}

function typeOf(value: unknown): string {
  return readString(objectOf(value)['type']) ?? ''
}

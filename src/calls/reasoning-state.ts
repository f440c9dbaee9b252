// A model's reasoning state on its way through a client of another dialect: sealed into the one text field that the client
// sends back untouched, and opened again when it returns. Nothing is forged: what was not sealed here has no origin here.

import type { ReasoningState } from './neutral-call.ts'

/** No vendor's signature or encrypted content (base64 without exception) holds this character. */
const separator = '~'
const mark = 'sluice1'

export function sealState({ origin, id = '', value }: ReasoningState): string {
  return [mark, origin, id, value].join(separator)
}

/** Whether a body could hold something sealed: a look that costs nothing where it does not. */
export function mayHoldSealed(text: string): boolean {
  return text.includes(`${mark}${separator}`)
}

/** Undefined for a text that was not sealed by `sealState`: the vendor's own, which only its own dialect may send on. */
export function openState(text: string): ReasoningState | undefined {
  const [first, origin, id, ...value] = text.split(separator)
  if (first !== mark || origin === undefined || origin === '' || id === undefined || value.length === 0)
    return undefined
  return { origin, value: value.join(separator), ...(id === '' ? {} : { id }) }
}

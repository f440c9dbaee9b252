// What an erasure makes of the state (erasure.ts books it).

import type { Entry } from './entry.ts'
import type { State } from './state.ts'

/** Live and in a replay alike, so that a log whose texts are still there brings no name back. */
export function applyErasure(state: State, { seq }: Entry): void {
  state.name = ''
  state.erasedSeq = seq
  for (const [number, key] of state.keys) state.keys.set(number, { ...key, name: '' })
}

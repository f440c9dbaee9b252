// What is said to begin listening to an account, without the platform's types: between the object, the Worker and its routes.

import type { AccountEvent } from './events.ts'

/** Per account. */
export const listenersMax = 20

export type ListenQuestion = {
  /** A key whose secret has been checked. */
  keyNumber: number
  /** The newest entry that the listener has heard of. */
  after: number | null
}

export type ListenRefusal = 'no_such_account' | 'key_disabled' | 'too_many'

/** Who hears: events as they come, and once that there will be no more. */
export type Ears = { hear: (events: readonly AccountEvent[]) => void; over: () => void }

export type Listening = { ok: true; leave: () => void } | { ok: false; code: ListenRefusal }

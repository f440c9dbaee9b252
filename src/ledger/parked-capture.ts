// What waits in the queue of captures: the end of a call that its object did not acknowledge in time.

import type { AccountId } from '#core/ids.ts'
import type { Capture, Release } from './call-commands.ts'

/** What an owner parks when the object did not acknowledge in time; `parkedAtMs` is when it was told first. */
export type ParkedCapture = { accountId: AccountId; parkedAtMs: number } & (
  | { capture: Capture }
  | { release: Release }
)

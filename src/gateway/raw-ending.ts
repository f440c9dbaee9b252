// How a raw stream may end: the causes by which we stop it ourselves, and whether anything can still be said behind it.

import type { EndCause } from './settle.ts'

/** The upstream has not ended the answer: we did. One that ignored its limit is not read any further. */
export const stopped: ReadonlySet<EndCause> = new Set([
  'client_gone',
  'timeout',
  'key_revoked',
  'cover_lost',
  'cancel',
  'drain_limit',
])

type Stand = {
  /** The upstream's last byte has come, and it belongs to a whole event. */
  isRead: boolean
  isWhole: boolean
}

/** Not where the client has to see a broken connection; a complete answer that lacks its last line end gets one. */
export function hasWordsBehind(cause: EndCause, { isRead, isWhole }: Stand): boolean {
  switch (cause) {
    case 'done':
      return true
    case 'upstream_error':
      return isWhole
    case 'cut':
      return isWhole && isRead
    case 'client_gone':
    case 'provider_cap':
    case 'timeout':
    case 'hold_refused':
    case 'key_revoked':
    case 'cover_lost':
    case 'drain_limit':
    case 'cancel':
    case 'relay_lost':
      return false
  }
}

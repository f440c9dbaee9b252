// How often an account, or whoever sits behind one network, may try what strangers try by the thousand: stolen cards, guessed
// codes. Far above what a person does. Redis away, each isolate counts for itself.

import { type Clock, hourMs, minuteMs } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import { type LimitsEnv, type WindowLimit, limitTimeoutMs, windowLimitOf } from './window-limit.ts'

/**
 * `request`: any at all. `payment`: a page to pay or to leave a card. `code`: a promotion code. `message`: one that goes to an
 * address of theirs.
 */
export type AttemptKind = 'request' | 'payment' | 'code' | 'message'

export type AttemptEnv = LimitsEnv & {
  CONSOLE_RPM?: string
  PAYMENT_ATTEMPTS_PER_HOUR?: string
  CODE_ATTEMPTS_PER_HOUR?: string
}

export type AttemptLimits = {
  /** Why it may not be tried now, in words for the customer; undefined where it may. */
  refusalOf(
    kind: AttemptKind,
    from: { accountId: string; address: string | null },
  ): Promise<string | undefined>
}

type Rule = {
  readonly perAccount: (env: AttemptEnv) => number
  /** Several accounts of one office share a network; a farm of accounts does as well. */
  readonly networkFactor: number
  readonly what: string
  readonly within: 'a minute' | 'an hour'
}

const rules: { readonly [Kind in AttemptKind]: Rule } = {
  request: {
    perAccount: (env) => readLimit(env.CONSOLE_RPM, 300),
    networkFactor: 3,
    what: 'requests may be sent',
    within: 'a minute',
  },
  payment: {
    perAccount: (env) => readLimit(env.PAYMENT_ATTEMPTS_PER_HOUR, 20),
    networkFactor: 3,
    what: 'payments may be begun and cards saved',
    within: 'an hour',
  },
  code: {
    perAccount: (env) => readLimit(env.CODE_ATTEMPTS_PER_HOUR, 5),
    networkFactor: 2,
    what: 'promotion codes may be tried',
    within: 'an hour',
  },
  message: {
    perAccount: () => 60,
    networkFactor: 3,
    what: 'messages may be sent by hand',
    within: 'an hour',
  },
}

export function attemptLimits(env: AttemptEnv, parts: { clock: Clock; log: Log }): AttemptLimits {
  const limit = (name: string, requests: number, windowMs: number) => ({
    requests,
    window: windowLimitOf(env, { name, requests, windowMs, timeoutMs: limitTimeoutMs }, parts),
  })
  const made = new Map(
    Object.entries(rules).map(([kind, { perAccount, networkFactor, within }]) => {
      const most = perAccount(env)
      const windowMs = within === 'an hour' ? hourMs : minuteMs
      const ofNetwork = limit(`${kind}-network`, most * networkFactor, windowMs)
      return [kind, { ofAccount: limit(`${kind}-account`, most, windowMs), ofNetwork }]
    }),
  )
  return {
    async refusalOf(kind, { accountId, address }) {
      const limits = made.get(kind)
      if (limits === undefined) return undefined
      const { ofAccount, ofNetwork } = limits
      // Both at once, so that the answer waits for one trip; both count it.
      const [isAccountFree, isNetworkFree] = await Promise.all([
        ofAccount.window.allows(accountId),
        allowsNetwork(ofNetwork.window, address),
      ])
      const { what, within } = rules[kind]
      if (!isAccountFree) return sentence(`${ofAccount.requests} ${what} by one account within ${within}`)
      return isNetworkFree
        ? undefined
        : sentence(`${ofNetwork.requests} ${what} from one network within ${within}`)
    },
  }
}

async function allowsNetwork(window: WindowLimit, address: string | null): Promise<boolean> {
  return address === null || window.allows(networkOf(address))
}

function sentence(rule: string): string {
  return `At most ${rule}. Wait a while, then try again.`
}

/** Of IPv6 the first half: whoever has one address of it has them all. Pure. */
export function networkOf(address: string): string {
  if (!address.includes(':') || !URL.canParse(`http://[${address}]`)) return address
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':')
}

function readLimit(text: string | undefined, otherwise: number): number {
  const limit = Math.floor(Number(text ?? ''))
  return limit >= 1 ? limit : otherwise
}

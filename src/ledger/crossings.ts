// What an entry brings about beside its figures: the account is low, depleted or well again; a limit is used up by four
// fifths or whole. Each becomes an entry of amount 0 right behind its cause, when it happens and not otherwise. Pure.

import type { Json } from '#core/errors.ts'
import { type KeyNumber, keyNumber } from '#core/ids.ts'
import { type NanoUsd, nanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject, readString } from '#core/readers.ts'
import type { Budget, BudgetWindow } from './account-commands.ts'
import type { MoneySource } from './call-commands.ts'
import { spendingIn } from './end-user-list.ts'
import { endUserBudgetsOf } from './end-users.ts'
import type { EntryKind } from './entry.ts'
import { spendingOf } from './key-force.ts'
import { levelOf, type LevelChange } from './levels.ts'
import type { State } from './state.ts'
import { type Spending, msUntilWindowEnds, spentIn, windowStart } from './windows.ts'

/** Of a limit, in percent, the largest first. */
export const limitSteps = [100, 80] as const
export type LimitStep = (typeof limitSteps)[number]

/** A limit that an entry may bring nearer, and how much of it is spent. */
type Nearing = {
  readonly name: string
  readonly source: Exclude<MoneySource, 'balance'>
  readonly window: BudgetWindow
  readonly limitNanoUsd: NanoUsd
  readonly spentNanoUsd: NanoUsd
  readonly keyNumber: KeyNumber | null
  readonly endUser: string | null
}

/** As the account stood before an entry. */
export type Before = { readonly levels: readonly LevelChange[]; readonly limits: readonly Nearing[] }

export type Crossing = {
  readonly kind: 'level' | 'limit_reached'
  /** Unique for a limit's window and step; of a level the entry's own place makes it so. */
  readonly reference: string
  readonly keyNumber: KeyNumber | null
  readonly detail: Json
}

type Cause = {
  readonly kind: EntryKind
  readonly keyNumber: KeyNumber | null
  readonly detail: Json
}

export function standingBefore(state: State, cause: Cause): Before {
  return { levels: state.levels, limits: [...limitsNear(state, cause)] }
}

/** What the entry has crossed; the level first, since it is about all of the account. */
export function crossingsAfter(before: Before, state: State, cause: Cause): readonly Crossing[] {
  const level = levelCrossing(before.levels, state)
  const limits = [...limitsNear(state, cause)].flatMap((limit) => limitCrossing(before.limits, limit, state))
  return level === undefined ? limits : [level, ...limits]
}

/** The first level of an account is where it begins, and no crossing. */
function levelCrossing(before: readonly LevelChange[], state: State): Crossing | undefined {
  const now = state.levels.at(-1)
  if (now === undefined || before.length === 0 || levelOf(before) === now.level) return undefined
  const { level, balanceNanoUsd, thresholdNanoUsd } = now
  return {
    kind: 'level',
    reference: `level:${state.epoch}:${state.headSeq + 1}`,
    keyNumber: null,
    detail: { level, before: levelOf(before), balanceNanoUsd, thresholdNanoUsd },
  }
}

function limitCrossing(before: readonly Nearing[], limit: Nearing, state: State): readonly Crossing[] {
  const step = stepOf(limit)
  const earlier = before.find(({ name }) => name === limit.name)
  if (step === 0 || (earlier !== undefined && stepOf(earlier) >= step)) return []
  const { name, source, window, limitNanoUsd, spentNanoUsd, endUser } = limit
  const startMs = windowStart(window, state.nowMs)
  const untilMs = msUntilWindowEnds(window, state.nowMs)
  return [
    {
      kind: 'limit_reached',
      // A limit that was raised is another one, which may be reached once more.
      reference: `limit:${name}:${startMs}:${limitNanoUsd}:${step}`,
      keyNumber: limit.keyNumber,
      detail: {
        step,
        limit: source,
        limitNanoUsd,
        spentNanoUsd,
        endsAtMs: untilMs === null ? null : state.nowMs + untilMs,
        ...(endUser !== null && { endUser }),
      },
    },
  ]
}

function stepOf({ limitNanoUsd, spentNanoUsd }: Nearing): LimitStep | 0 {
  if (limitNanoUsd === zeroNanoUsd) return 0
  return limitSteps.find((step) => spentNanoUsd >= partOf(limitNanoUsd, step)) ?? 0
}

function partOf(limitNanoUsd: NanoUsd, step: LimitStep): NanoUsd {
  if (step === 100) return limitNanoUsd
  return subtractNanoUsd(limitNanoUsd, nanoUsd(Math.floor(limitNanoUsd / 5)))
}

/** Those that an entry of this kind may bring nearer: by spending, or by lowering them. */
function* limitsNear(state: State, cause: Cause): Generator<Nearing> {
  const { kind } = cause
  const isCharge = kind === 'usage' || kind === 'late'
  if (isCharge || kind === 'settings') yield* limitOfMonth(state)
  if (isCharge || kind === 'key') yield* limitsOfKey(state, cause.keyNumber)
  if (isCharge) yield* limitsOfEndUser(state, cause)
}

function* limitOfMonth(state: State): Generator<Nearing> {
  const amountNanoUsd = state.settings.monthlySpendLimitNanoUsd
  if (amountNanoUsd === null) return
  yield nearing(state, state.spending, { window: 'month', amountNanoUsd }, 'account')
}

function* limitsOfKey(state: State, number: KeyNumber | null): Generator<Nearing> {
  const key = number === null ? undefined : state.keys.get(number)
  if (key === undefined) return
  for (const budget of key.budgets)
    yield { ...nearing(state, spendingOf(state, key), budget, 'key', String(key.family)), keyNumber: number }
}

function* limitsOfEndUser(state: State, { keyNumber: number, detail }: Cause): Generator<Nearing> {
  const endUser = isObject(detail) ? readString(detail['endUser']) : undefined
  if (endUser === undefined) return
  const spending = spendingIn(state.endUsers, endUser)
  const key = state.keys.get(number ?? keyNumber(0))
  for (const budget of endUserBudgetsOf(state, key))
    yield { ...nearing(state, spending, budget, 'end_user', endUser), endUser }
}

function nearing(
  state: State,
  spending: Spending,
  { window, amountNanoUsd }: Budget,
  ...[whose, which]: ['account'] | ['key' | 'end_user', string]
): Nearing {
  return {
    name: which === undefined ? `${whose}:${window}` : `${whose}:${which}:${window}`,
    source: whose === 'account' ? 'account_month' : `${whose}_${window}`,
    window,
    limitNanoUsd: amountNanoUsd,
    spentNanoUsd: spentIn(spending, window, state.nowMs),
    keyNumber: null,
    endUser: null,
  }
}

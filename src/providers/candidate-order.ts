// In which order the hosts of a call are asked. Pure: the same facts give the same order.

import { providerIds } from '#catalog/provider-table.ts'
import type { NanoUsd } from '#core/money.ts'

/** What speaks for and against one host and credential. */
export type CandidateFacts = {
  /** Unique among the candidates: the last word, so that no order is left to chance. */
  name: string
  /** It said that it takes nothing until a time that has not come. */
  isPaused: boolean
  /** It failed lately, more than once. */
  isFailing: boolean
  /** It made the thoughts that the request gives back. */
  isOrigin: boolean
  /** Its place in the operator's order, from 0; whoever is not named comes after all who are. */
  operatorRank: number
  /** Until its first byte, lately. */
  firstByteMs: number | undefined
  /** What the call will probably cost there. */
  costNanoUsd: NanoUsd
  /** Which of equals the conversation belongs to (affinity.ts). */
  affinity: number
}

/** A host is slow where it takes this many times as long as the quickest one … */
const slowTimes = 3
/** … and longer than this: nobody leaves a warm cache for a tenth of a second. */
const slowMs = 2_000

/** Best first. A host in trouble is last and not left out: it may be the only one that answers. */
export function orderedCandidates<Candidate extends CandidateFacts>(
  candidates: readonly Candidate[],
): readonly Candidate[] {
  const known = candidates.flatMap(({ firstByteMs }) => (firstByteMs === undefined ? [] : [firstByteMs]))
  const quickest = Math.min(...known)
  const isSlow = ({ firstByteMs }: CandidateFacts) =>
    firstByteMs !== undefined && firstByteMs > slowMs && firstByteMs > quickest * slowTimes
  const keyOf = (one: CandidateFacts): readonly number[] => [
    // What is known not to answer now comes after everything else, whoever prefers it.
    Number(one.isPaused),
    Number(one.isFailing),
    // A conversation stays where its thoughts are understood.
    Number(!one.isOrigin),
    one.operatorRank,
    Number(isSlow(one)),
    one.costNanoUsd,
    -one.affinity,
  ]
  const keyed = candidates.map((one) => ({ one, key: keyOf(one) }))
  return keyed
    .toSorted((a, b) => compared(a.key, b.key) || (a.one.name < b.one.name ? -1 : 1))
    .map(({ one }) => one)
}

function compared(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

/** The operator's PROVIDER_ORDER: names before which a `-` stands are never asked for a model of others. */
export type OperatorOrder = {
  preferred: readonly string[]
  excluded: ReadonlySet<string>
  /** Names of no provider: a slip of the operator's hand, to be told. */
  unknown: readonly string[]
}

export function readOperatorOrder(text: string | undefined): OperatorOrder {
  const names = (text ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  const known: readonly string[] = providerIds
  return {
    preferred: names.filter((name) => !name.startsWith('-')),
    excluded: new Set(names.flatMap((name) => (name.startsWith('-') ? [name.slice(1)] : []))),
    unknown: names.filter((name) => !known.includes(name.replace(/^-/, ''))),
  }
}

export function operatorRankOf({ preferred }: OperatorOrder, provider: string): number {
  const rank = preferred.indexOf(provider)
  return rank === -1 ? preferred.length : rank
}

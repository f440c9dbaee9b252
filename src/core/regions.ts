// Where an account's object may live: the region character inside its id, and the platform's name for it (`locationHint`).

import type { AccountId } from './ids.ts'

/** By the platform's own names; a character once given is never given to another place. */
export const regionCharacters = {
  wnam: 'w',
  enam: 'n',
  sam: 's',
  weur: 'e',
  eeur: 'u',
  apac: 'a',
  oc: 'o',
  afr: 'f',
  me: 'm',
} as const

export type Region = keyof typeof regionCharacters

/** Where an account lives whose creator did not say. */
export const defaultRegion: Region = 'weur'

export const regions = Object.keys(regionCharacters).filter(isRegion)

export function isRegion(text: string): text is Region {
  return Object.hasOwn(regionCharacters, text)
}

const regionAt = 'acct_'.length

/** Undefined for a character that no region has: the platform then chooses. */
export function regionOf(accountId: AccountId): Region | undefined {
  const character = accountId.charAt(regionAt)
  return regions.find((region) => regionCharacters[region] === character)
}

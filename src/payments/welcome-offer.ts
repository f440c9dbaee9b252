// What the operator gives to new accounts, read once: nothing unless it is set. Pure.

import { type NanoUsd, nanoUsd, parseUsd } from '#core/money.ts'

export type WelcomeEnv = {
  /** Free credit of a new account: decimal dollars; none where absent. */
  WELCOME_CREDIT_USD?: string
  /** How long it lasts, in days; 90 where absent. */
  WELCOME_CREDIT_DAYS?: string
  /** How many are given within a day over all accounts; 100 where absent. */
  WELCOME_CREDITS_PER_DAY?: string
  /** Domains whose mailboxes get none, with commas, beside those that are known. */
  WELCOME_BLOCKED_DOMAINS?: string
}

export type WelcomeOffer = {
  readonly amountNanoUsd: NanoUsd
  readonly creditDays: number
  readonly perDayMax: number
  readonly blockedDomains: readonly string[]
}

/** $100: more is a slip of the hand. */
const amountMaxNanoUsd = nanoUsd(100_000_000_000)
const [creditDaysUsual, creditDaysMax] = [90, 3_650]
const perDayUsual = 100

/** Undefined where nothing is given, and where what is written cannot be right: a gift must be meant. */
export function welcomeOffer(env: WelcomeEnv): WelcomeOffer | undefined {
  const amountNanoUsd = parseUsd(env.WELCOME_CREDIT_USD ?? '')
  const creditDays = readWholeText(env.WELCOME_CREDIT_DAYS, creditDaysUsual)
  const perDayMax = readWholeText(env.WELCOME_CREDITS_PER_DAY, perDayUsual)
  if (amountNanoUsd === undefined || amountNanoUsd <= 0 || amountNanoUsd > amountMaxNanoUsd) return undefined
  if (creditDays === undefined || creditDays > creditDaysMax || perDayMax === undefined) return undefined
  const blocked = (env.WELCOME_BLOCKED_DOMAINS ?? '').split(',').map((one) => one.trim().toLowerCase())
  return { amountNanoUsd, creditDays, perDayMax, blockedDomains: blocked.filter((one) => one !== '') }
}

function readWholeText(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined || text.trim() === '') return otherwise
  return /^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : undefined
}

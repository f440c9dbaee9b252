// The Worker's secrets as `npm run setup` asks for them. Not their values: those go to wrangler's standard input and nowhere else.

import { providerIds, providerVariable, providers } from '#catalog/provider-table.ts'
import { neededSettingOf } from '#providers/provider.ts'

export type SecretPlan = {
  name: string
  /** What the operator reads before typing it. */
  why: string
  /** Made here when left empty: nobody needs to think of a good one. */
  isGenerated?: boolean
  /** Without it the product answers 503 `not_configured` naming it. */
  isNeeded?: boolean
  /** What is wrong with a value, or undefined. Never repeats the value. */
  problemOf?: (value: string) => string | undefined
}

const secretCharactersMin = 32

export const secretPlans: readonly SecretPlan[] = [
  {
    name: 'KEY_SECRET',
    why: 'signs API keys; losing it ends all keys',
    isGenerated: true,
    isNeeded: true,
    problemOf: tooShort,
  },
  {
    name: 'OPERATOR_TOKEN',
    why: 'opens the operator API',
    isGenerated: true,
    isNeeded: true,
    problemOf: tooShort,
  },
  {
    name: 'SEALING_KEY',
    why: 'seals secrets in Postgres, such as those of customers’ webhooks; losing it ends them',
    isGenerated: true,
    isNeeded: true,
    problemOf: tooShort,
  },
  {
    name: 'DATABASE_URL',
    why: 'the connection string of your Neon database, as its dashboard shows it',
    isNeeded: true,
    problemOf: (value) =>
      /^postgres(?:ql)?:\/\/\S+@\S+\/\S+$/.test(value)
        ? undefined
        : 'must look like postgresql://user:password@host/name',
  },
  {
    name: 'UPSTASH_REDIS_REST_URL',
    why: 'rate limits that span accounts; without it each isolate counts for itself',
    problemOf: notHttps,
  },
  { name: 'UPSTASH_REDIS_REST_TOKEN', why: 'belongs to it' },
  ...providerIds.flatMap((id): SecretPlan[] =>
    providers[id].isOwn
      ? [
          { name: providerVariable(id, 'BASE_URL'), why: 'an OpenAI-compatible server of your own' },
          { name: providerVariable(id, 'API_KEY'), why: 'belongs to it, if it wants one' },
        ]
      : [{ name: providerVariable(id, 'API_KEY'), why: `${providers[id].company}’s models` }],
  ),
]

/** One of these at least, or no model can be called. */
export const providerSecrets: readonly string[] = providerIds.map(neededSettingOf)

/** The queues that wrangler.toml names, dead letters included: each must exist before a deploy. */
export function queueNames(wranglerToml: string): string[] {
  const names = [...wranglerToml.matchAll(/^(?:queue|dead_letter_queue) = "([^"]+)"/gm)].map(
    ([, name = '']) => name,
  )
  return [...new Set(names)]
}

/** Setup and deploy take `--env production` and no other: wrangler.toml is production. */
export function environmentProblem(name: string | undefined): string | undefined {
  return name === undefined || name === 'production'
    ? undefined
    : `There is no environment "${name}": wrangler.toml is production. For a second deployment clone again and change its name.`
}

function tooShort(value: string): string | undefined {
  return value.length >= secretCharactersMin
    ? undefined
    : `must have at least ${secretCharactersMin} characters`
}

function notHttps(value: string): string | undefined {
  return value.startsWith('https://') ? undefined : 'must begin with https://'
}

// The steps of `npm run setup`: login, queues, secrets, migrations. Each may be repeated: what is there is left alone. The
// outside (wrangler, the terminal, Postgres, the disk) comes in as parts.

import type { SecretPlan } from './secrets.ts'
import { providerSecrets, queueNames, secretPlans } from './secrets.ts'

export type WranglerRun = { code: number; output: string }

export type SetupParts = {
  /** Runs wrangler; `input` reaches its standard input, so that no secret stands in a command line. */
  wrangler: (parameters: readonly string[], input?: string) => Promise<WranglerRun>
  /** The typed value, empty where the operator just pressed Enter or nobody is there to ask. */
  ask: (question: string) => Promise<string>
  /** Values given beforehand: the environment. */
  given: (name: string) => string | undefined
  say: (line: string) => void
  generateSecret: () => string
  migrate: (databaseUrl: string) => Promise<void>
  /** Keeps what `npm run doctor` needs, in a file that only the operator can read; answers with its name. */
  remember: (values: { readonly [name: string]: string }) => string
  wranglerToml: string
}

type Done = 'done' | 'stop'

/** True when everything that a first request needs is in place. */
export async function runSetup(parts: SetupParts): Promise<boolean> {
  if ((await checkLogin(parts)) === 'stop') return false
  if ((await createQueues(parts)) === 'stop') return false
  const stored = await storedSecrets(parts)
  if (stored === undefined) return false
  const values = await storeSecrets(parts, stored)
  if (values === undefined) return false
  if ((await runMigrations(parts, values)) === 'stop') return false
  const file = rememberForDoctor(parts, values)
  const missing = missingSecrets([...stored, ...Object.keys(values)])
  for (const name of missing)
    parts.say(`– ${name} is missing: run this again, or "npx wrangler secret put ${name}".`)
  parts.say(missing.length === 0 ? 'Next: npm run deploy' : 'Next: the missing secrets, then npm run deploy')
  if (file !== undefined) parts.say(`The operator token is in ${file}, readable by you alone.`)
  return missing.length === 0
}

async function checkLogin({ wrangler, say }: SetupParts): Promise<Done> {
  const run = await wrangler(['whoami', '--json'])
  if (run.code === 0) {
    say('✓ wrangler is logged in')
    return 'done'
  }
  say('✗ wrangler is not logged in: run "npx wrangler login", or set CLOUDFLARE_API_TOKEN, and start again.')
  return 'stop'
}

async function createQueues({ wrangler, say, wranglerToml }: SetupParts): Promise<Done> {
  for (const name of queueNames(wranglerToml)) {
    const isThere = (await wrangler(['queues', 'info', name])).code === 0
    const run = isThere ? undefined : await wrangler(['queues', 'create', name])
    if (run !== undefined && run.code !== 0) {
      say(`✗ queue ${name} could not be created. wrangler said:\n${run.output.trim()}`)
      return 'stop'
    }
    say(`✓ queue ${name} ${isThere ? 'exists' : 'created'}`)
  }
  return 'done'
}

/** Names of the secrets that the Worker has; a Worker that was never deployed has none. */
async function storedSecrets({ wrangler, say }: SetupParts): Promise<string[] | undefined> {
  const run = await wrangler(['secret', 'list', '--format', 'json'])
  if (run.code === 0) return [...run.output.matchAll(/"name":\s*"(\w+)"/g)].map(([, name = '']) => name)
  if (/\b10007\b|does not exist/i.test(run.output)) return []
  // Going on would generate a second KEY_SECRET over the first and end every key of a running deployment.
  say(
    `✗ the stored secrets could not be listed, so nothing was changed. wrangler said:\n${run.output.trim()}`,
  )
  return undefined
}

async function storeSecrets(parts: SetupParts, stored: readonly string[]): Promise<Values | undefined> {
  const values: Values = {}
  for (const plan of secretPlans) {
    const value = await valueOf(parts, plan, stored.includes(plan.name))
    if (value === 'invalid') return undefined
    if (value === undefined) continue
    const run = await parts.wrangler(['secret', 'put', plan.name], value.text)
    if (run.code !== 0) {
      parts.say(
        `✗ ${plan.name} could not be stored. wrangler said:\n${withoutSecret(run.output.trim(), value.text)}`,
      )
      return undefined
    }
    parts.say(`✓ ${plan.name} stored${value.isGenerated ? ' (generated)' : ''}`)
    values[plan.name] = value.text
  }
  return values
}

type Values = { [name: string]: string }
type Value = { text: string; isGenerated: boolean }

async function valueOf(
  parts: SetupParts,
  plan: SecretPlan,
  isStored: boolean,
): Promise<Value | undefined | 'invalid'> {
  const given = parts.given(plan.name)
  // A stored signing secret is never asked for again: a slip of the hand would end every key. Rolling it: SECURITY.md.
  const isAsked = given === undefined && !(isStored && plan.isGenerated)
  const hint = isStored
    ? 'Enter keeps the stored one'
    : plan.isGenerated
      ? 'Enter generates one'
      : 'Enter skips it'
  const text = (given ?? (isAsked ? await parts.ask(`${plan.name} (${plan.why}; ${hint}): `) : '')).trim()
  if (text === '') {
    if (isStored) parts.say(`✓ ${plan.name} kept`)
    return isStored || !plan.isGenerated ? undefined : { text: parts.generateSecret(), isGenerated: true }
  }
  const problem = plan.problemOf?.(text)
  if (problem === undefined) return { text, isGenerated: false }
  parts.say(`✗ ${plan.name} ${problem}. Nothing was stored under that name.`)
  return 'invalid'
}

async function runMigrations(parts: SetupParts, values: Values): Promise<Done> {
  const databaseUrl = values['DATABASE_URL']
  if (databaseUrl === undefined) {
    parts.say('– migrations not run: they need DATABASE_URL, which was left empty')
    return 'done'
  }
  try {
    await parts.migrate(databaseUrl)
    parts.say('✓ migrations are applied')
    return 'done'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    parts.say(
      `✗ migrations failed: ${withoutSecret(reason, databaseUrl)}. Is DATABASE_URL right and the database awake?`,
    )
    return 'stop'
  }
}

function rememberForDoctor(parts: SetupParts, values: Values): string | undefined {
  const kept = ['OPERATOR_TOKEN', 'DATABASE_URL'].flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return kept.length === 0 ? undefined : parts.remember(Object.fromEntries(kept))
}

function missingSecrets(present: readonly string[]): string[] {
  const needed = secretPlans
    .filter((plan) => plan.isNeeded && !present.includes(plan.name))
    .map(({ name }) => name)
  const hasProvider = providerSecrets.some((name) => present.includes(name))
  return hasProvider ? needed : [...needed, ...providerSecrets.slice(0, 1)]
}

function withoutSecret(text: string, secret: string): string {
  return text.replaceAll(secret, '***')
}

// Walks `npm run setup` through a Cloudflare account that is a stand-in: what it creates, keeps, refuses and never shows.
import { describe, expect, test } from 'vitest'

import { environmentProblem, queueNames } from './secrets.ts'
import { runSetup } from './setup-steps.ts'

const wranglerToml = '[[queues.consumers]]\nqueue = "q"\ndead_letter_queue = "q-dead"\n'
const databaseUrl = 'postgresql://owner:p4ssword@host.example/db'
const everything = { DATABASE_URL: databaseUrl, OPENAI_API_KEY: 'sk-provider-key' }

type Cloudflare = {
  isLoggedIn: boolean
  queues: Set<string>
  secrets: Map<string, string>
  listFails?: string
}

const emptyAccount = (): Cloudflare => ({ isLoggedIn: true, queues: new Set(), secrets: new Map() })

/** Answers as wrangler does, for the five commands that setup uses. */
function wranglerOf(cloudflare: Cloudflare, commands: string[]) {
  const answers: { [command: string]: (name: string, input: string) => string | undefined } = {
    'whoami --json': () => (cloudflare.isLoggedIn ? '{}' : undefined),
    'queues info': (name) => (cloudflare.queues.has(name) ? name : undefined),
    'queues create': (name) => (cloudflare.queues.add(name), 'created'),
    'secret list': () =>
      cloudflare.listFails === undefined
        ? JSON.stringify([...cloudflare.secrets.keys()].map((name) => ({ name, type: 'secret_text' })))
        : undefined,
    'secret put': (name, input) => (cloudflare.secrets.set(name, input), 'stored'),
  }
  return async (parameters: readonly string[], input = '') => {
    commands.push(parameters.join(' '))
    const output = answers[parameters.slice(0, 2).join(' ')]?.(parameters[2] ?? '', input)
    return { code: output === undefined ? 1 : 0, output: output ?? cloudflare.listFails ?? 'not found' }
  }
}

async function setUp(
  cloudflare: Cloudflare,
  given: { [name: string]: string },
  typed: { [name: string]: string } = {},
) {
  const lines: string[] = []
  const asked: string[] = []
  const commands: string[] = []
  const migrated: string[] = []
  const remembered: { [name: string]: string }[] = []
  const isReady = await runSetup({
    wrangler: wranglerOf(cloudflare, commands),
    ask: async (question) => {
      const name = question.split(' ')[0] ?? ''
      asked.push(name)
      return typed[name] ?? ''
    },
    given: (name) => given[name],
    say: (line) => lines.push(line),
    generateSecret: () => `generated-${'x'.repeat(32)}`,
    migrate: async (url) => void migrated.push(url),
    remember: (values) => (remembered.push({ ...values }), 'kept.env'),
    wranglerToml,
  })
  return { isReady, said: lines.join('\n'), asked, commands, migrated, remembered }
}

describe('setup', () => {
  test('creates the queues, stores the secrets and migrates the database', async () => {
    const cloudflare = emptyAccount()
    const { isReady, migrated } = await setUp(cloudflare, everything)
    expect(isReady).toBe(true)
    expect([...cloudflare.queues]).toEqual(['q', 'q-dead'])
    expect(cloudflare.secrets.get('DATABASE_URL')).toBe(databaseUrl)
    expect(cloudflare.secrets.get('KEY_SECRET')).toMatch(/^generated-/)
    expect(migrated).toEqual([databaseUrl])
  })

  test('shows no secret and puts none into a command line', async () => {
    const { said, commands } = await setUp(emptyAccount(), everything)
    for (const secret of [databaseUrl, 'p4ssword', 'sk-provider-key', 'generated-']) {
      expect(`${said}\n${commands.join('\n')}`).not.toContain(secret)
    }
  })

  test('keeps the operator token and the database for the doctor, and no other secret', async () => {
    const { remembered, said } = await setUp(emptyAccount(), everything)
    expect(remembered.map((values) => Object.keys(values))).toEqual([['OPERATOR_TOKEN', 'DATABASE_URL']])
    expect(said).toContain('kept.env')
  })

  test('never replaces or asks for a signing secret that is stored', async () => {
    const cloudflare = emptyAccount()
    await setUp(cloudflare, everything)
    cloudflare.secrets.set('KEY_SECRET', 'the first one')
    const { asked } = await setUp(cloudflare, {})
    expect(cloudflare.secrets.get('KEY_SECRET')).toBe('the first one')
    expect(asked).not.toContain('KEY_SECRET')
    expect(asked).toContain('DATABASE_URL')
  })

  test('changes nothing when the stored secrets cannot be listed', async () => {
    const cloudflare = { ...emptyAccount(), listFails: 'A request to the API failed. [code: 10000]' }
    const { isReady, said } = await setUp(cloudflare, everything)
    expect(isReady).toBe(false)
    expect(cloudflare.secrets.size).toBe(0)
    expect(said).toContain('[code: 10000]')
  })

  test('takes a Worker that was never deployed for one without secrets', async () => {
    const cloudflare = {
      ...emptyAccount(),
      listFails: 'This Worker does not exist on your account. [code: 10007]',
    }
    expect((await setUp(cloudflare, everything)).isReady).toBe(true)
  })

  test('says what to do when nobody is logged in, and does nothing', async () => {
    const { isReady, said, commands } = await setUp({ ...emptyAccount(), isLoggedIn: false }, everything)
    expect(isReady).toBe(false)
    expect(said).toContain('npx wrangler login')
    expect(commands).toEqual(['whoami --json'])
  })

  test.each([
    ['KEY_SECRET', 'short', 'at least 32 characters'],
    ['DATABASE_URL', 'https://host.example', 'must look like postgresql://'],
    ['UPSTASH_REDIS_REST_URL', 'redis://host.example', 'must begin with https://'],
  ])('refuses %s = %j with a sentence that does not repeat it', async (name, value, sentence) => {
    const cloudflare = emptyAccount()
    const { isReady, said } = await setUp(cloudflare, { ...everything, [name]: value })
    expect(isReady).toBe(false)
    expect(said).toContain(sentence)
    expect(said).not.toContain(`${value}.`)
    expect(cloudflare.secrets.has(name)).toBe(false)
  })

  test('names what is missing and is not ready without a provider', async () => {
    const { isReady, said } = await setUp(emptyAccount(), { DATABASE_URL: databaseUrl })
    expect(isReady).toBe(false)
    expect(said).toContain('OPENAI_API_KEY is missing')
  })

  test('stores what the operator types', async () => {
    const cloudflare = emptyAccount()
    await setUp(cloudflare, {}, { DATABASE_URL: databaseUrl, MISTRAL_API_KEY: 'typed' })
    expect(cloudflare.secrets.get('MISTRAL_API_KEY')).toBe('typed')
  })
})

test('each queue is created once, dead letters included', () => {
  expect(queueNames(`${wranglerToml}[[queues.producers]]\nqueue = "q"\n`)).toEqual(['q', 'q-dead'])
})

test('there is one environment, and another is refused by name', () => {
  expect(environmentProblem('production')).toBeUndefined()
  expect(environmentProblem(undefined)).toBeUndefined()
  expect(environmentProblem('staging')).toContain('"staging"')
})

// `npm start` as a newcomer meets it, in a state folder of its own beside a developer's own world.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { cloneDir, makeTemporaryDir } from '../../dev/clone.ts'
import { closeServer, freePort, listen } from '../../dev/ports.ts'
import { commandOf, descendantsOf, isAlive } from '../../dev/processes.ts'
import type { DevJson } from '../../dev/running.ts'

const dir = makeTemporaryDir()
const stateDir = join(dir.path, '.sluice')
const coordinatesFile = join(stateDir, 'dev.json')
const within = { timeout: 60_000, interval: 50 }
// Two starts and two ends, each of which may take that long on a busy machine.
vi.setConfig({ testTimeout: 240_000 })

type Run = { child: ChildProcess; output(): string; ended: Promise<number | null> }

let port: number
let current: Run | undefined

beforeAll(async () => {
  port = await freePort()
})

afterAll(async () => {
  if (current !== undefined) signalGroup(current, 'SIGTERM')
  await current?.ended
  await runNpm('reset').ended
  // As root Postgres' folder lies outside the state folder, and only a reset knows where.
  for (const name of ['elsewhere', 'cut-short'])
    await runNpm('reset', { SLUICE_STATE_DIR: join(dir.path, name) }).ended
  dir.remove()
})

/** In a process group of its own, as a terminal makes one, with no real provider's key. */
function runNpm(script: string, env: { [name: string]: string } = {}): Run {
  const inherited = Object.entries(process.env).filter(([name]) => !name.endsWith('_API_KEY'))
  const child = spawn('npm', ['run', '--silent', script], {
    cwd: cloneDir,
    detached: true,
    env: { ...Object.fromEntries(inherited), PORT: String(port), SLUICE_STATE_DIR: stateDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  return { child, output: () => text, ended }
}

/** The one that runs, or a new one: a start takes seconds, so tests that leave it running share it. */
async function start(): Promise<DevJson> {
  if (current?.child.exitCode === null && current.child.signalCode === null) return readDevJson()
  const run = runNpm('start')
  current = run
  const failed = run.ended.then((code) => Promise.reject(new Error(`ended with ${code}\n${run.output()}`)))
  const ready = vi.waitFor(() => {
    expect(existsSync(coordinatesFile)).toBe(true)
    expect(run.output()).toContain('Sluice is ready')
  }, within)
  await Promise.race([ready, failed])
  failed.catch(() => undefined)
  return readDevJson()
}

function readDevJson(): DevJson {
  return JSON.parse(readFileSync(coordinatesFile, 'utf8')) as DevJson
}

function signalGroup(run: Run, signal: NodeJS.Signals): void {
  if (run.child.exitCode === null && run.child.pid !== undefined) process.kill(-run.child.pid, signal)
}

function ask({ baseUrl, apiKey }: DevJson): Promise<Response> {
  return fetch(`${baseUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-6-luna', messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

describe('npm start', () => {
  test('becomes ready, prints how to call it, and answers with a cost', async () => {
    const devJson = await start()
    expect(devJson).toEqual({
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey: expect.stringMatching(/^sk-sluice-/),
      operatorToken: expect.any(String),
      databaseUrl: expect.stringMatching(/^postgresql:/),
      upstreamUrl: expect.stringMatching(/\/v1$/),
      stripeUrl: expect.stringMatching(/^http:/),
      mailboxUrl: expect.stringMatching(/^http:/),
    })
    expect(current?.output()).toContain(devJson.apiKey)
    expect(current?.output()).toMatch(/account +acct_/)
    expect(current?.output()).toContain("import OpenAI from 'openai'")
    const response = await ask(devJson)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ usage: { cost: expect.any(Number) } })
  })

  test('a second start says where the first one runs, and a reset refuses meanwhile', async () => {
    await start()
    const second = runNpm('start')
    expect(await second.ended).toBe(0)
    expect(second.output()).toContain(`already running at http://127.0.0.1:${port}`)
    const reset = runNpm('reset')
    expect(await reset.ended).toBe(1)
    expect(reset.output()).toContain('Stop it first')
    expect(existsSync(coordinatesFile)).toBe(true)
  })

  test('a taken port is named, with the command that chooses another', async () => {
    const other = createServer()
    const taken = await listen(other, 0)
    const elsewhere = { PORT: String(taken), SLUICE_STATE_DIR: join(dir.path, 'elsewhere') }
    const run = runNpm('start', elsewhere)
    expect(await run.ended).toBe(1)
    expect(run.output()).toContain(`Port ${taken} is taken`)
    expect(run.output()).toContain(`PORT=${taken + 1} npm start`)
    await closeServer(other)
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'after %s no process is left, and the next start has the same key and the same books',
    async (signal) => {
      const before = await start()
      await ask(before)
      const balance = () =>
        fetch(`${before.baseUrl}/v1/credits`, { headers: { authorization: `Bearer ${before.apiKey}` } })
      await vi.waitFor(
        async () => expect(await (await balance()).json()).toMatchObject({ data: expect.anything() }),
        { timeout: 30_000 },
      )
      const booked = await (await balance()).json()
      const started = descendantsOf(current?.child.pid ?? 0)
      expect(started.length).toBeGreaterThan(3)
      signalGroup(current ?? raise(), signal)
      const code = await current?.ended
      // npm itself dies of SIGHUP and SIGKILL; an orderly end is no error.
      if (signal === 'SIGINT' || signal === 'SIGTERM') expect(code).toBe(0)
      await vi.waitFor(() => expect(started.filter(isAlive)).toEqual([]), within)
      if (signal !== 'SIGKILL') expect(existsSync(coordinatesFile)).toBe(false)
      const after = await start()
      expect(after.apiKey).toBe(before.apiKey)
      expect(await (await balance()).json()).toEqual(booked)
    },
  )
})

test('a Ctrl-C in the middle of a start leaves no process', async () => {
  const run = runNpm('start', {
    PORT: String(await freePort()),
    SLUICE_STATE_DIR: join(dir.path, 'cut-short'),
  })
  const started = await vi.waitFor(
    () => {
      const below = descendantsOf(run.child.pid ?? 0)
      expect(below.map(commandOf).join('\n')).toMatch(/postgres .*-c port=/)
      return below
    },
    { ...within, interval: 10 },
  )
  signalGroup(run, 'SIGINT')
  await run.ended
  expect(run.output()).not.toContain('Sluice is ready')
  await vi.waitFor(() => expect(started.filter(isAlive)).toEqual([]), within)
})

test('npm run reset forgets the key and the books', async () => {
  const before = await start()
  signalGroup(current ?? raise(), 'SIGINT')
  await current?.ended
  const reset = runNpm('reset')
  expect(await reset.ended).toBe(0)
  expect(existsSync(stateDir)).toBe(false)
  const after = await start()
  expect(after.apiKey).not.toBe(before.apiKey)
})

function raise(): never {
  throw new Error('nothing was started')
}

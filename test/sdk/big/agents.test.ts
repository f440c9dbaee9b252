// Real coding agents, each with a tool round trip through a model whose upstream speaks another dialect than they do, and their
// own: the file that the tool writes is there, the agent ends well, and every answer of the upstream is charged once.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import type { DirectiveChange } from '../../../dev/upstream-directive.ts'
import { theFirstTime } from '../../../dev/upstream.ts'
import { priceOf, settledCharges } from '../../world/charges.ts'
import { sharedWorld } from '../../world/shared-world.ts'
import { type Agent, claudeCode, codex, opencode, runAgent } from './agents.ts'
import { startRecorder } from './recorder.ts'
import { scrub } from './scrub.ts'

const modelsOf: Readonly<Record<DialectId, string>> = {
  chat: 'mistral-large-4',
  responses: 'gpt-5.3-codex',
  messages: 'claude-opus-4-6',
}
const paths = { chat: '/v1/chat/completions', responses: '/v1/responses', messages: '/v1/messages' } as const

const journeys = [
  { agent: claudeCode, upstream: 'chat' },
  { agent: claudeCode, upstream: 'responses' },
  { agent: codex, upstream: 'chat' },
  { agent: codex, upstream: 'messages' },
  { agent: codex, upstream: 'responses' },
  { agent: opencode, upstream: 'messages' },
] as const satisfies readonly { agent: Agent; upstream: DialectId }[]

/** With `FIXTURES=write` what the agents send is kept as test/sdk/fixtures/*.json; run the formatter afterwards. */
const keepsFixtures = process.env['FIXTURES'] === 'write'

// An agent may ask beside its task (opencode asks for a title): that answer is charged like any other.
test.each(journeys.map((one) => ({ ...one, name: one.agent.name })))(
  '$name works through a model of an upstream of $upstream',
  { timeout: 200_000 },
  async ({ agent, upstream }) => {
    if (agent.program === undefined) return expect(agent.name).toBe('opencode')
    const world = sharedWorld()
    await world.resetUpstream()
    const { apiKey, ...account } = await world.newAccount()
    const model = modelsOf[upstream]
    const recorder = keepsFixtures ? await startRecorder(world.baseUrl) : undefined
    const told = {
      tokens: 4,
      inputTokens: 1_000,
      ...(upstream === 'chat' ? { usage: 'onFinish' as const } : {}),
    }
    const baseUrl = recorder?.url ?? world.baseUrl
    const { exitCode, output, made, place } = await runAgent(agent, {
      baseUrl,
      apiKey,
      model,
      upstream: told,
    })

    expect(made, output).toBe('sluice-was-here\n')
    expect(exitCode, output).toBe(0)
    expect(output).toContain('word3')
    const requests = await world.upstreamRequests()
    expect(requests.map(({ path }) => path)).toEqual(requests.map(() => paths[upstream]))
    const charges = await settledCharges(world, { ...account, apiKey })
    expect(charges).toHaveLength(requests.length)
    const costs = charges.map(({ costNanoUsd }) => costNanoUsd)
    // The call with the tool's name, its arguments and the text before it, and the text to its result.
    expect(costs).toContain(priceOf({ input: 1_000, output: 6 }, model))
    expect(costs).toContain(priceOf({ input: 1_000, output: 4 }, model))
    if (recorder !== undefined) keep(agent, scrub(recorder.sent, place))
    await recorder?.stop()
  },
)

const failures = [
  {
    agent: claudeCode,
    upstream: 'chat',
    what: 'is overloaded',
    fails: { status: 529, retryAfterSeconds: 1 },
  },
  { agent: claudeCode, upstream: 'responses', what: 'limits', fails: { status: 429, retryAfterSeconds: 1 } },
  { agent: codex, upstream: 'messages', what: 'is overloaded', fails: { status: 529, retryAfterSeconds: 1 } },
  { agent: codex, upstream: 'chat', what: 'fails in mid-stream', fails: { errorAfter: 3 } },
] as const satisfies readonly { agent: Agent; upstream: DialectId; what: string; fails: DirectiveChange }[]

// Cases: dialects 13, 17
test.each(failures.map((one) => ({ ...one, name: one.agent.name })))(
  '$name tries again where an upstream of $upstream $what, and pays once for each answer',
  { timeout: 200_000 },
  async ({ agent, upstream, fails }) => {
    const world = sharedWorld()
    await world.resetUpstream()
    const { apiKey, ...account } = await world.newAccount()
    const model = modelsOf[upstream]
    const told = {
      tokens: 4,
      inputTokens: 1_000,
      ...(upstream === 'chat' ? { usage: 'onFinish' as const } : {}),
      where: { [theFirstTime]: fails },
    }
    const task = { baseUrl: world.baseUrl, apiKey, model, upstream: told, retries: 3 }
    const { exitCode, output, made } = await runAgent(agent, task)

    expect(made, output).toBe('sluice-was-here\n')
    expect(exitCode, output).toBe(0)
    const requests = await world.upstreamRequests()
    // Something of a stream that fails was delivered; of a refusal nothing was.
    const paid = requests.length - ('status' in fails ? 1 : 0)
    expect(paid).toBeGreaterThanOrEqual(2)
    expect(await settledCharges(world, { ...account, apiKey })).toHaveLength(paid)
  },
)

function keep(agent: Agent, sent: unknown): void {
  const folder = join(import.meta.dirname, '../fixtures')
  mkdirSync(folder, { recursive: true })
  const file = `${agent.name.toLowerCase().replaceAll(' ', '-')}.json`
  writeFileSync(join(folder, file), JSON.stringify(sent, null, 2))
}

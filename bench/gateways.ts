// The gateways under test, all in front of the same upstream: the bare Worker, the product, and on request Portkey's.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripTypeScriptTypes } from 'node:module'
import { bundleWorker } from '../dev/bundle.ts'
import { cloneDir } from '../dev/clone.ts'
import { freePort, isPortFree, localHost } from '../dev/ports.ts'
import { waitUntil } from '../dev/processes.ts'
import { type Running, start } from './processes.ts'
import { type WorkerdOptions, moduleNames, startWorkerd } from './workerd.ts'
import type { BenchAccount, BenchCount, ObjectLoad, ObjectThroughput } from './workers/doors.ts'
import { type Settlement, startSettlement } from './settlement.ts'

export type Gateway = {
  name: string
  port: number
  pid: number
  /** What every answer of it must contain. */
  mustContain: string
  headers: { readonly [name: string]: string }
  stop(): Promise<void>
}

export type Product = Gateway & {
  newAccount(creditUsd: number): Promise<BenchAccount>
  /** The load on one account object alone. */
  loadObject(load: ObjectLoad): Promise<ObjectThroughput>
  /** Since the last time it was asked; the first call only begins to count. */
  count(): Promise<BenchCount>
  /** Resolves when these and all earlier charges have reached the queue and were confirmed; at once where they may wait. */
  drained(charges: number, mayWait: boolean): Promise<void>
  /** Nothing has left the outbox for longer than it waits for company. */
  quiet(): Promise<void>
} & Pick<Settlement, 'holdConfirmations' | 'confirmHeld'>

/** The outbox waits a second for company; this is that and much more. */
const drainedWithinMs = 20_000
const quietMs = 3_000

type Where = { dir: string; upstreamPort: number; inspectorPort?: number | undefined }
/** `name` keeps the storage of two products apart; `vars` stand over the usual ones. */
type ProductWhere = Where & { name?: string; vars?: { readonly [name: string]: string } }

/** Passes through and does nothing else. */
export async function startBare({ dir, upstreamPort }: Where): Promise<Gateway> {
  const port = await freePort()
  const running = await startWorkerd({ ...plainWorker('bare', { dir, upstreamPort }), port })
  return gateway('bare', port, running)
}

/** Asks and tells an object as well, and does nothing else. */
export async function startFloor({ dir, upstreamPort }: Where): Promise<Gateway> {
  const port = await freePort()
  const running = await startWorkerd({ ...plainWorker('floor', { dir, upstreamPort }), port, objects: {} })
  return gateway('floor', port, running)
}

function plainWorker(name: string, { dir, upstreamPort }: Where): Omit<WorkerdOptions, 'port'> {
  const source = readFileSync(join(cloneDir, 'bench', 'workers', `${name}-worker.ts`), 'utf8')
  return {
    dir: join(dir, name),
    compatibilityDate: compatibilityDate(),
    modules: [{ name: `${name}-worker.js`, text: stripTypeScriptTypes(source) }],
    vars: { UPSTREAM: `http://${localHost}:${upstreamPort}` },
  }
}

export async function startProduct(where: ProductWhere): Promise<Product> {
  const { dir, upstreamPort, inspectorPort, name = 'product', vars = {} } = where
  const port = await freePort()
  const settlement = await startSettlement(() => port)
  const bundle = await bundleWorker(join(cloneDir, 'bench', 'workers', 'product-worker.ts'))
  const running = await startWorkerd({
    dir: join(dir, name),
    port,
    compatibilityDate: compatibilityDate(),
    modules: moduleNames(bundle.dir, bundle.mainModule).map((module) => ({
      name: module,
      text: readFileSync(join(bundle.dir, module), 'utf8'),
    })),
    vars: {
      ENVIRONMENT: 'production',
      KEY_PREFIX: 'sk-sluice-',
      KEY_SECRET: 'the secret of the bench, which guards nothing',
      OPENAI_API_KEY: 'none',
      // Its models speak chat completions alone: what asks for them in another dialect is translated.
      MISTRAL_API_KEY: 'none',
      MISTRAL_BASE_URL: `http://${localHost}:${upstreamPort}/v1`,
      OPENAI_BASE_URL: `http://${localHost}:${upstreamPort}/v1`,
      ...vars,
    },
    objects: { queuePort: settlement.port },
    inspectorPort,
  })
  let expected = 0
  const ask = async (path: string, body: object): Promise<string> => {
    const answer = await fetch(`http://${localHost}:${port}/__bench/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`/__bench/${path} answered ${answer.status}: ${text}`)
    return text
  }
  return {
    ...gateway(name, port, running),
    mustContain: '"cost"',
    // Written by bench/workers/product-worker.ts.
    newAccount: async (creditUsd) =>
      JSON.parse(
        await ask('account', {
          name: 'bench',
          creditNanoUsd: creditUsd * 1_000_000_000,
          budgetNanoUsd: 1_000_000 * 1_000_000_000,
        }),
      ) as BenchAccount,
    loadObject: async (load) => JSON.parse(await ask('object', load)) as ObjectThroughput,
    count: async () => JSON.parse(await ask('count', {})) as BenchCount,
    quiet: () => new Promise((over) => setTimeout(over, quietMs)),
    holdConfirmations: () => settlement.holdConfirmations(),
    confirmHeld: () => settlement.confirmHeld(),
    drained: async (charges, mayWait) => {
      expected += charges
      if (mayWait || (await settlement.drained(expected, drainedWithinMs))) return
      throw new Error(`${expected} charges were expected, ${settlement.charges()} came out of the outbox`)
    },
    stop: async () => {
      await running.stop()
      await settlement.stop()
    },
  }
}

/** Portkey's build adds headers to the answers that it fetched, which Node's own fetch does not allow. */
const mutableAnswers =
  'data:text/javascript,const f = fetch; globalThis.fetch = async (...a) => { const r = await f(...a); return new Response(r.body, r) }'

/** The published build for Node: npm has no other. `dir` is where it was installed, outside this project. */
export async function startPortkey(dir: string, upstreamPort: number): Promise<Gateway> {
  const program = join(dir, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
  if (!existsSync(program))
    throw new Error(`${program} is not there: npm install --prefix ${dir} @portkey-ai/gateway`)
  const port = await freePort()
  const running = start(
    'measured',
    process.execPath,
    ['--import', mutableAnswers, program, `--port=${port}`, '--headless'],
    'ignore',
  )
  const endAt = Date.now() + 20_000
  while (await isPortFree(port)) {
    if (Date.now() > endAt) throw new Error('Portkey did not start')
    await waitUntil(() => false, 100)
  }
  return {
    ...gateway('portkey', port, running),
    headers: {
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://${localHost}:${upstreamPort}/v1`,
    },
  }
}

function gateway(name: string, port: number, running: Running): Gateway {
  return { name, port, pid: running.pid, mustContain: '"choices"', headers: {}, stop: () => running.stop() }
}

function compatibilityDate(): string {
  const date = /^compatibility_date = "(.+)"$/m.exec(
    readFileSync(join(cloneDir, 'wrangler.toml'), 'utf8'),
  )?.[1]
  if (date === undefined) throw new Error('wrangler.toml names no compatibility date')
  return date
}

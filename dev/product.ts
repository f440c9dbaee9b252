// The product itself on this machine: the deployed bundle in workerd through Miniflare, with the bindings of wrangler.toml,
// on a real port of its own (docs/decisions/0001-local-start-runs-miniflare.md).

import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import { type Bundle, bundleWorker } from './bundle.ts'
import { localHost } from './ports.ts'
import { childrenOf } from './processes.ts'

export type ProductOptions = {
  /** The Worker's first file; `src/worker.ts` unless a test plants faults. */
  bundleEntry?: string
  /** Already made, so that a restart runs the same code even if the sources have changed since. */
  bundle?: Bundle
  /** Variables and secrets, over those of wrangler.toml. */
  vars: { readonly [name: string]: string }
  /** Where objects keep their storage; a second start with the same folder finds it again. */
  persistTo: string
  port: number
  /** How long a queue waits for company before it delivers; as in wrangler.toml where absent. */
  queueSeconds?: number
}

export type Product = {
  url: string
  workerdPid: number
  miniflare: Miniflare
  /** The hourly run, or that of another trigger. */
  runCron(cron?: string): Promise<void>
  stop(): Promise<void>
}

export async function startProduct(options: ProductOptions): Promise<Product> {
  const bundle = options.bundle ?? (await bundleWorker(options.bundleEntry))
  const worker = workerOf(bundle, options)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [worker],
      // Miniflare's own port stays unused: its entry Worker would stand between client and product.
      host: localHost,
      port: 0,
      cf: false,
      resourcePersistencePath: options.persistTo,
      telemetry: { enabled: false },
      // The product logs JSON lines; they leave on stderr, which the caller directs.
      handleStructuredLogs: ({ message }) => process.stderr.write(`${message}\n`),
    }),
  )
  await miniflare.ready
  return {
    url: `http://${localHost}:${options.port}`,
    workerdPid: childrenOf(process.pid, 'workerd')[0] ?? 0,
    miniflare,
    runCron: async (cron = worker.cronTriggers?.[0] ?? '') => {
      const fetcher = await miniflare.getWorker()
      await fetcher.scheduled({ cron })
    },
    stop: () => miniflare.dispose(),
  }
}

function workerOf({ dir, mainModule }: Bundle, options: ProductOptions): V4WorkerOptions {
  const { vars, port, queueSeconds } = options
  // Written by bundle.ts from wrangler's own answer.
  const kept = JSON.parse(readFileSync(join(dir, 'options.json'), 'utf8')) as Partial<V4WorkerOptions>
  return {
    ...kept,
    bindings: { ...kept.bindings, ...vars },
    modulesRoot: dir,
    modules: modulesOf(dir, mainModule),
    ...(queueSeconds === undefined ? {} : { queueConsumers: waitingConsumers(kept, queueSeconds) }),
    unsafeDirectSockets: [{ host: localHost, port }],
  }
}

function waitingConsumers({ queueConsumers = {} }: Partial<V4WorkerOptions>, maxBatchTimeout: number) {
  return Object.fromEntries(
    Object.entries(queueConsumers).map(([queue, consumer]) => [queue, { ...consumer, maxBatchTimeout }]),
  )
}

const moduleTypes = {
  '.js': 'ESModule',
  '.wasm': 'CompiledWasm',
  '.txt': 'Text',
  '.sql': 'Text',
  '.tiktoken': 'Text',
  '.html': 'Text',
  '.bin': 'Data',
} as const

type Module = {
  type: (typeof moduleTypes)[keyof typeof moduleTypes]
  path: string
  contents: Buffer | string
}

/** The main module first: that is how Miniflare knows it. */
function modulesOf(dir: string, mainModule: string): Module[] {
  const others = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name !== mainModule)
  return [mainModule, ...others].flatMap((name) => {
    const extension = extname(name)
    if (!isModule(extension)) return []
    const path = join(dir, name)
    const type = moduleTypes[extension]
    const isText = type === 'ESModule' || type === 'Text'
    return [{ type, path, contents: isText ? readFileSync(path, 'utf8') : readFileSync(path) }]
  })
}

function isModule(extension: string): extension is keyof typeof moduleTypes {
  return extension in moduleTypes
}

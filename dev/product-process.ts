// The product in a process group of its own, so that a test can kill all of it at once and start it again on its disk.
// The first line of stdin is the options; further lines are commands; when stdin ends (whoever started it is gone) or at
// SIGTERM it stops. It answers with JSON lines on stdout; the Worker's log goes to stderr.

import { createInterface } from 'node:readline'
import { type Product, type ProductOptions, startProduct } from './product.ts'

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

let product: Product | undefined
let isStopping = false

async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  await product?.stop()
  process.exit(0)
}

async function start(options: ProductOptions): Promise<void> {
  product = await startProduct(options)
  // Miniflare would end this process on the first signal, before its own workerd has gone.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal)
    process.on(signal, () => void stop())
  }
  say({ url: product.url, workerdPid: product.workerdPid })
}

async function obey(line: string): Promise<void> {
  try {
    // Written by spawnProduct alone.
    if (product === undefined) await start(JSON.parse(line) as ProductOptions)
    else if (line.startsWith('cron')) {
      await product.runCron(line.slice('cron '.length) || undefined)
      say({ done: 'cron' })
    }
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) })
    if (product === undefined) process.exit(1)
  }
}

// The parent may be gone when we speak: then stdin ends as well, and that stops us.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => void obey(line))
lines.on('close', () => void stop())

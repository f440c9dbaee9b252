// Starts the product in its own process group (product-process.ts) and holds the other end of the line to it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cloneDir } from './clone.ts'
import { exitOf, isAlive, killNow, waitUntil } from './processes.ts'
import type { ProductOptions } from './product.ts'

const stopWithinMs = 15_000

export type SpawnedProduct = {
  url: string
  /** The process group: `process.kill(-groupPid, 'SIGKILL')` ends Node and workerd together. */
  groupPid: number
  workerdPid: number
  /** The hourly run, or that of another trigger. */
  runCron(cron?: string): Promise<void>
  stop(): Promise<void>
  /** SIGKILL to the whole group; nothing gets a chance to tidy up. */
  kill(): Promise<void>
  /** Resolves when the process has ended, for whatever reason. */
  ended: Promise<void>
}

/** Where the Worker's log lines go: to a file, or to this process' own stderr. */
export async function spawnProduct(options: ProductOptions & { logFile?: string }): Promise<SpawnedProduct> {
  const { logFile, ...productOptions } = options
  const log = logFile === undefined ? 'inherit' : openSync(logFile, 'a')
  const child = spawn(process.execPath, [join(cloneDir, 'dev', 'product-process.ts')], {
    cwd: cloneDir,
    detached: true,
    stdio: ['pipe', 'pipe', log],
  })
  if (typeof log === 'number') closeSync(log)
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const hear = listenTo(child)
  tell(child, JSON.stringify(productOptions))
  const ready = await hear()
  if (!('url' in ready) || typeof ready.url !== 'string' || typeof ready.workerdPid !== 'number') {
    child.kill('SIGKILL')
    throw new Error(`The product did not start: ${JSON.stringify(ready)}`)
  }
  const { url, workerdPid } = ready
  return {
    url,
    workerdPid,
    groupPid: child.pid ?? 0,
    ended,
    runCron: async (cron = '') => {
      tell(child, `cron ${cron}`)
      const answer = await hear()
      if (answer.done !== 'cron') throw new Error(`The cron run failed: ${JSON.stringify(answer)}`)
    },
    stop: async () => {
      child.kill('SIGTERM')
      await exitOf(child, stopWithinMs)
      await waitUntil(() => !isAlive(workerdPid), stopWithinMs)
    },
    kill: async () => {
      if (child.pid !== undefined) killNow(-child.pid)
      await ended
      await waitUntil(() => !isAlive(workerdPid), stopWithinMs)
    },
  }
}

type Answer = { url?: unknown; workerdPid?: unknown; done?: unknown; error?: unknown }

/** The next answer each time it is called; the end of the process is one as well. */
function listenTo(child: ChildProcess): () => Promise<Answer> {
  const heard: Answer[] = []
  const waiting: ((answer: Answer) => void)[] = []
  const hear = (answer: Answer) => {
    const next = waiting.shift()
    if (next === undefined) heard.push(answer)
    else next(answer)
  }
  if (child.stdout !== null) {
    // Whatever else a library prints on stdout is not an answer.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) hear(JSON.parse(line) as Answer)
    })
  }
  child.once('exit', (code, signal) => hear({ error: `the process ended (${signal ?? code})` }))
  return () =>
    new Promise((answered) => {
      const already = heard.shift()
      if (already === undefined) waiting.push(answered)
      else answered(already)
    })
}

function tell(child: ChildProcess, line: string): void {
  // A broken pipe is the child's end, which `listenTo` reports.
  child.stdin?.on('error', () => undefined)
  child.stdin?.write(`${line}\n`)
}

// The processes of the bench: started on a core of their own, spoken to by JSON lines, and read by the system's own account
// of their time and memory.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cloneDir } from '../dev/clone.ts'
import { exitOf } from '../dev/processes.ts'

/** Linux counts processor time in hundredths of a second whatever the kernel's own tick is. */
const ticksPerSecond = 100
const stopWithinMs = 3_000

export type Core = 'measured' | 'rest'

export type Running = {
  pid: number
  child: ChildProcess
  stop(): Promise<void>
}

/** What is measured has one core for itself as far as this machine allows; everything else shares the others. */
export function start(
  core: Core,
  program: string,
  args: readonly string[],
  output: 'pipe' | 'ignore' = 'pipe',
): Running {
  const cores = availableParallelism()
  const pinned =
    cores < 2 ? [] : ['taskset', '-c', core === 'measured' ? String(cores - 1) : `0-${cores - 2}`]
  const [first = program, ...rest] = [...pinned, program, ...args]
  const child = spawn(first, rest, { cwd: cloneDir, stdio: ['pipe', output, 'inherit'] })
  child.stdin?.on('error', () => undefined)
  // However this process ends, nothing that it started outlives it.
  process.once('exit', () => child.kill('SIGKILL'))
  let isStopping = false
  child.once('exit', (code, signal) => {
    if (isStopping) return
    console.error(`${program} ${args.join(' ')} ended (${signal ?? code})`)
    process.exitCode = 1
  })
  return {
    // taskset becomes the program it starts: the process id stays.
    pid: child.pid ?? 0,
    child,
    stop: async () => {
      isStopping = true
      child.kill('SIGTERM')
      await exitOf(child, stopWithinMs)
    },
  }
}

/** A script of this folder that answers each line with a line. */
export async function startScript(
  name: string,
): Promise<Running & { ask(line: object): Promise<unknown>; first: unknown }> {
  const running = start('rest', process.execPath, [join(cloneDir, 'bench', name)])
  const { child } = running
  if (child.stdout === null) throw new Error(`${name} has no output`)
  const lines = createInterface({ input: child.stdout })
  const next = () =>
    new Promise<unknown>((answered, failed) => {
      const ended = () => failed(new Error(`${name} ended without an answer`))
      child.once('exit', ended)
      lines.once('line', (line) => {
        child.off('exit', ended)
        answered(JSON.parse(line))
      })
    })
  const first = await next()
  return {
    ...running,
    first,
    ask: (line) => {
      const answer = next()
      child.stdin?.write(`${JSON.stringify(line)}\n`)
      return answer
    },
  }
}

/** Processor time of a process so far, all its threads, user and system. */
export function cpuSeconds(pid: number): number {
  // The command's name stands in parentheses and may hold anything, so the fields are read after the last one.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Megabytes in memory now. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1_024)
}

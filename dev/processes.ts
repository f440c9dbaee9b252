// Looking at and ending the processes that the local world started, each by its number.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export function isAlive(pid: number): boolean {
  // A container's first process often never collects the dead: a zombie answers signals but is gone.
  if (statOf(pid)?.state === 'Z') return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: alive, but another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The command line of a process; empty where it is gone or the system has no `ps`. */
export function commandOf(pid: number): string {
  return listProcesses().find((row) => row.pid === pid)?.command ?? ''
}

/** The children of this process whose command line contains `text`. */
export function childrenOf(parentPid: number, text: string): readonly number[] {
  return listProcesses()
    .filter((row) => row.parentPid === parentPid && row.command.includes(text))
    .map((row) => row.pid)
}

/** SIGKILL to a process, or to a whole group where the number is negative. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: it is already gone, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Everything that a process started, and what those started, as long as its parents live. */
export function descendantsOf(pid: number): readonly number[] {
  const rows = listProcesses()
  const below = (parent: number): readonly number[] =>
    rows.filter((row) => row.parentPid === parent).flatMap((row) => [row.pid, ...below(row.pid)])
  return below(pid)
}

/** The exit code once the process has ended (null after a signal); SIGKILL if it takes longer than `withinMs`. */
export async function exitOf(child: ChildProcess, withinMs: number): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return child.exitCode
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  await new Promise((ended) => {
    child.once('exit', ended)
    child.once('error', ended)
  })
  clearTimeout(timer)
  return child.exitCode
}

/** Asks every 25 ms; false when the time is over. */
export async function waitUntil(isTrue: () => boolean, withinMs: number): Promise<boolean> {
  const endAt = Date.now() + withinMs
  while (Date.now() < endAt) {
    if (isTrue()) return true
    await new Promise((next) => setTimeout(next, 25))
  }
  return isTrue()
}

/**
 * Ends another process (SIGINT) when this one has gone, even by SIGKILL: a shell waits on a pipe that only we hold open.
 * Answers with what calls the watch off.
 */
export function endWithUs(pid: number): () => void {
  if (process.platform === 'win32') return () => {}
  const watch = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watch.unref()
  // Without a shell nothing watches; an ordinary end still stops everything.
  watch.on('error', () => undefined)
  return () => watch.kill('SIGKILL')
}

type ProcessRow = { pid: number; parentPid: number; command: string }

function listProcesses(): readonly ProcessRow[] {
  return existsSync('/proc/self/stat') ? listFromProc() : listFromPs()
}

/** Small images have no `ps`. */
function listFromProc(): readonly ProcessRow[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    const stat = Number.isSafeInteger(pid) ? statOf(pid) : undefined
    if (stat === undefined || stat.state === 'Z') return []
    return [
      { pid, parentPid: stat.parentPid, command: readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') },
    ]
  })
}

function statOf(pid: number): { state: string; parentPid: number } | undefined {
  // The command's name stands in parentheses and may hold anything, so the fields are read after the last one.
  const [state, parentPid] = readIfThere(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return state === undefined || parentPid === undefined ? undefined : { state, parentPid: Number(parentPid) }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process ended while we looked, or this system has no /proc.
    return ''
  }
}

function listFromPs(): readonly ProcessRow[] {
  let text: string
  try {
    text = execFileSync('ps', ['-axww', '-o', 'pid=,ppid=,command='], {
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    })
  } catch {
    // No `ps` (Windows): callers treat an unknown process as not ours.
    return []
  }
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)
    return match === null
      ? []
      : [{ pid: Number(match[1]), parentPid: Number(match[2]), command: match[3] ?? '' }]
  })
}

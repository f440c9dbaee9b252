// Whether a local world already runs from this clone, and where: one lock file with the process' number, one file with the
// coordinates of a world that is ready.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureDir, stateDir } from './clone.ts'
import { commandOf } from './processes.ts'

const lockFile = join(stateDir, 'start.pid')
const coordinatesFile = join(stateDir, 'dev.json')

/** What `.sluice/dev.json` says; keys of parts that are not built yet are absent. */
export type DevJson = {
  baseUrl: string
  apiKey: string
  operatorToken: string
  databaseUrl: string
  upstreamUrl: string
  /** Absent with a real key: Stripe itself is asked. */
  stripeUrl?: string
  mailboxUrl: string
}

/** The start that runs now; without an address while it is still starting. */
export function findRunning(): { pid: number; baseUrl: string | null } | undefined {
  if (!existsSync(lockFile)) return undefined
  const pid = Number(readFileSync(lockFile, 'utf8'))
  // The number may have been given to another program since.
  if (!commandOf(pid).includes('start.ts')) return undefined
  return { pid, baseUrl: readDevJson()?.baseUrl ?? null }
}

/** False where another start was faster. */
export function claimStart(): boolean {
  ensureDir(stateDir)
  if (findRunning() !== undefined) return false
  rmSync(lockFile, { force: true })
  rmSync(coordinatesFile, { force: true })
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

export function publishStart(devJson: DevJson): void {
  writeFileSync(coordinatesFile, `${JSON.stringify(devJson, null, 2)}\n`, { mode: 0o600 })
}

export function releaseStart(): void {
  rmSync(coordinatesFile, { force: true })
  rmSync(lockFile, { force: true })
}

function readDevJson(): DevJson | undefined {
  // Written by publishStart.
  return existsSync(coordinatesFile)
    ? (JSON.parse(readFileSync(coordinatesFile, 'utf8')) as DevJson)
    : undefined
}

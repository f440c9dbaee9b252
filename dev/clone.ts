// Where the local world lives: the clone, its state folder, and the folders outside it that Postgres needs as root.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const cloneDir = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** What `npm start` keeps between starts. Moved by SLUICE_STATE_DIR, so that a test can run beside a developer. */
export const stateDir = resolve(process.env['SLUICE_STATE_DIR'] ?? join(cloneDir, '.sluice'))

/** Folders of Postgres must be entered by another user when we are root, see postgres.ts. */
export const isRoot = process.getuid?.() === 0

/**
 * Where the persistent world keeps its Postgres. As root not inside the clone, which may lie below a folder that only
 * root enters; /var/tmp rather than /tmp, because it outlives a reboot.
 */
export function persistentPostgresDir(): string {
  if (!isRoot) return join(stateDir, 'postgres')
  const base = existsSync('/var/tmp') ? '/var/tmp' : tmpdir()
  return join(base, `sluice-${hashOf(stateDir)}`, 'postgres')
}

/** A folder for one temporary world, gone after `remove()`. */
export function makeTemporaryDir(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sluice-world-'))
  // Node retries while a dying Postgres still writes.
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

export function ensureDir(path: string, mode = 0o755): string {
  mkdirSync(path, { recursive: true, mode })
  return path
}

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

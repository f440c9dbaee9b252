// `npm run reset`: forgets the local world, its accounts and its database. Not while it runs.

import { existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { isRoot, persistentPostgresDir, stateDir } from './clone.ts'
import { findRunning } from './running.ts'

const running = findRunning()
if (running !== undefined) {
  process.stderr.write(
    `Sluice is running (process ${running.pid}). Stop it first with Ctrl-C in its terminal.\n`,
  )
  process.exit(1)
}
const postgresDir = persistentPostgresDir()
// As root Postgres has a folder of its own outside the clone, see clone.ts.
const dirs = (isRoot ? [stateDir, dirname(postgresDir)] : [stateDir]).filter((dir) => existsSync(dir))
for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
process.stdout.write(
  dirs.length === 0
    ? 'There was nothing to remove.\n'
    : `Removed ${dirs.join(' and ')}. npm start begins anew.\n`,
)

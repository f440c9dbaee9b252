// The world that all journeys share, from a test's side. Each test makes accounts of its own; nothing else is shared.

import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { connectWorld, type WorldClient } from '../../dev/world-client.ts'

let client: WorldClient | undefined

/** One connection per test file; vitest ends the process, and with it the connection. */
export function sharedWorld(): WorldClient {
  client ??= connectWorld(inject('world'))
  return client
}

/** The Worker's log so far, one line per event. */
export function workerLog(): readonly string[] {
  const { logFile } = sharedWorld()
  return logFile === null
    ? []
    : readFileSync(logFile, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
}

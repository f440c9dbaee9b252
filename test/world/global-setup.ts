// Starts one world for all journeys and hands its coordinates to them; it is gone when the run ends. A whole run must have
// received every refusal that the product gives.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startWorld } from '../../dev/world.ts'
import type { WorldCoordinates } from '../../dev/world-client.ts'
import { judgedRequests } from './judged-requests.ts'
import { codesFileName, isWholeRun, missingCodes } from './received-codes.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    world: WorldCoordinates
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const startedAt = performance.now()
  const say = (line: string) => process.stdout.write(`world: ${line}\n`)
  const judged = judgedRequests()
  const world = await startWorld({ onProgress: say, onUpstreamRequest: judged.see })
  say(`ready after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
  const { baseUrl, operatorToken, databaseUrl, upstreamUrl, keySecret, logFile } = world
  project.provide('world', { baseUrl, operatorToken, databaseUrl, upstreamUrl, keySecret, logFile })
  const codesFolder = mkdtempSync(join(tmpdir(), 'sluice-codes-'))
  const codesFile = join(codesFolder, 'received')
  writeFileSync(codesFile, '')
  // The processes of the test files are made after this and inherit it.
  process.env[codesFileName] = codesFile
  return async () => {
    const missing = (await isWholeRun(project)) ? missingCodes(readFileSync(codesFile, 'utf8')) : []
    rmSync(codesFolder, { recursive: true })
    await world.stop()
    judged.expectNone()
    if (missing.length > 0) throw new Error(`No journey has received the refusals: ${missing.join(', ')}.`)
  }
}

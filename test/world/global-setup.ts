// Starts one world for all journeys and hands its coordinates to them; it is gone when the run ends.

import type { TestProject } from 'vitest/node'
import { startWorld } from '../../dev/world.ts'
import type { WorldCoordinates } from '../../dev/world-client.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    world: WorldCoordinates
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const startedAt = performance.now()
  const say = (line: string) => process.stdout.write(`world: ${line}\n`)
  const world = await startWorld({ onProgress: say })
  say(`ready after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
  const { baseUrl, operatorToken, databaseUrl, upstreamUrl, keySecret, logFile } = world
  project.provide('world', { baseUrl, operatorToken, databaseUrl, upstreamUrl, keySecret, logFile })
  return () => world.stop()
}

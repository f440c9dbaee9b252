// A world of one's own whose Worker takes faults (faulty-worker.ts), for storms.

import { join } from 'node:path'
import { cloneDir } from '../../dev/clone.ts'
import { startWorld, type World, type WorldOptions } from '../../dev/world.ts'

export function startFaultyWorld(options: WorldOptions = {}): Promise<World> {
  return startWorld({ ...options, bundleEntry: join(cloneDir, 'test', 'world', 'faulty-worker.ts') })
}

// Ports and closing of the local world's servers: all on 127.0.0.1, on a port that the system chooses unless one is named.

import { randomInt } from 'node:crypto'
import type { Server } from 'node:http'
import { createServer } from 'node:net'

export const localHost = '127.0.0.1'

/** Below the range from which systems take the ports of outgoing connections (Linux from 32768, others from 49152). */
const chosenPorts = { from: 10_240, to: 32_000 }
const triesMax = 100

/**
 * A port that was free a moment ago, for programs that cannot be told to choose one themselves. One that the system chose
 * would be given to the next outgoing connection before the program listens.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = randomInt(chosenPorts.from, chosenPorts.to)
    if (await isPortFree(port)) return port
  }
  throw new Error(`No free port between ${chosenPorts.from} and ${chosenPorts.to} was found.`)
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await portProblem(port)) === undefined
}

/** Why this process cannot listen there; undefined where it can. */
export async function portProblem(port: number): Promise<'taken' | 'not_allowed' | undefined> {
  const probe = createServer()
  try {
    await listen(probe, port)
  } catch (error) {
    // Below 1024 many systems let only root listen.
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'not_allowed' : 'taken'
  }
  await new Promise((closed) => probe.close(closed))
  return undefined
}

/** Listens and answers with the port. */
export function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((listening, failed) => {
    server.once('error', failed)
    server.listen({ port, host: localHost, backlog: 4096 }, () => {
      server.off('error', failed)
      const address = server.address()
      listening(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Stops listening and drops the connections that are still open. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done))
  server.closeAllConnections()
  await closed
}

// Ports and closing of the local world's servers: all on 127.0.0.1, on a port that the system chooses unless one is named.

import type { Server } from 'node:http'
import { createServer } from 'node:net'

export const localHost = '127.0.0.1'

/** A port that was free a moment ago, for programs that cannot be told to choose one themselves. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  const port = await listen(probe, 0)
  await new Promise((closed) => probe.close(closed))
  return port
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

// Starts one world for all journeys and hands its coordinates to them; it is gone when the run ends. A whole run must have
// received every refusal that the product gives.

import type { TestProject } from 'vitest/node'
import { startWorld } from '../../dev/world.ts'
import type { WorldCoordinates } from '../../dev/world-client.ts'
import { judgedRequests } from './judged-requests.ts'
import { judgeOfStripe } from './judged-stripe.ts'
import { ReceivedCodes, codesFileName, isWholeRun } from './received-codes.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    world: WorldCoordinates
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const startedAt = performance.now()
  const say = (line: string) => process.stdout.write(`world: ${line}\n`)
  const judged = judgedRequests()
  const world = await startWorld({
    onProgress: say,
    onUpstreamRequest: judged.see,
    stripe: { judge: judgeOfStripe() },
  })
  say(`ready after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
  const { baseUrl, operatorToken, databaseUrl, upstreamUrl, mailboxUrl, keySecret, logFile } = world
  const { url, secretKey, publishableKey, webhookSecret } = world.stripe
  const stripe = { url, secretKey, publishableKey, webhookSecret }
  project.provide('world', {
    baseUrl,
    operatorToken,
    databaseUrl,
    upstreamUrl,
    mailboxUrl,
    keySecret,
    logFile,
    stripe,
  })
  // Given where this is a part of a run: whoever has started all parts looks at what they have received together.
  const codes = process.env[codesFileName] === undefined ? new ReceivedCodes() : undefined
  // The processes of the test files are made after this and inherit it.
  if (codes !== undefined) process.env[codesFileName] = codes.file
  return async () => {
    const isWhole = codes !== undefined && (await isWholeRun(project))
    const missing = isWhole ? codes.missing() : []
    codes?.remove()
    // Of what was asked after the last test.
    const wrong = await world.stripe.control.takeFaults()
    await world.stop()
    judged.expectNone()
    if (wrong.length > 0) throw new Error(`Requests to Stripe were wrong: ${wrong.join(', ')}`)
    if (missing.length > 0) throw new Error(`No journey has received the refusals: ${missing.join(', ')}.`)
  }
}

// The load on one account object alone: admissions and charges by RPC, without a request, a price or an upstream around them.

import type { Env } from '#env.ts'
import { asMillis } from '#core/clock.ts'
import { callIdOf, keyNumber, makeRequestId } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Admit, Capture, ChargeDetail } from '#ledger/call-commands.ts'
import type { ObjectLoad, ObjectThroughput } from './doors.ts'

/** Of the keys that this bench has made, by account. */
export const secretHashes = new Map<string, string>()

const heldNanoUsd = nanoUsd(1_000_000)
const costNanoUsd = nanoUsd(100_000)
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

const detail: ChargeDetail = {
  requestId: 'req_bench',
  model: 'gpt-4.1-mini',
  provider: 'openai',
  endpoint: '/v1/chat/completions',
  isStreamed: false,
  priceVersion: 'bench',
  usage: { input: 100, output: 100 },
  usageSource: 'final',
  lines: [
    { unit: 'input', units: 100, pricePicoUsd: 400_000 },
    { unit: 'output', units: 100, pricePicoUsd: 1_600_000 },
  ],
  rule: 'done_usage_said',
  status: 'ok',
  durationMs: 1_000,
  firstTokenMs: 200,
  upstreamId: 'chatcmpl-bench',
}

export async function loadObject(load: ObjectLoad, env: Env): Promise<ObjectThroughput> {
  // As the root hands it out: RPC's own type of the same methods is too deep for the compiler.
  const account = env.ACCOUNT.get(env.ACCOUNT.idFromName(load.accountId)) as unknown as AccountPort
  const secretHash = secretHashes.get(load.accountId) ?? ''
  const startedAt = Date.now()
  const endAt = startedAt + load.forMs
  let calls = 0
  const caller = async () => {
    while (Date.now() < endAt) {
      await callOnce(account, secretHash)
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: load.callers }, caller))
  return { calls, tookMs: Date.now() - startedAt }
}

async function callOnce(account: AccountPort, secretHash: string): Promise<void> {
  const callId = callIdOf(makeRequestId(asMillis(Date.now()), random))
  const admit: Admit = {
    callId,
    keyNumber: keyNumber(1),
    secretHash,
    model: detail.model,
    holdNanoUsd: heldNanoUsd,
    floorNanoUsd: heldNanoUsd,
    usualNanoUsd: heldNanoUsd,
    sliceNanoUsd: zeroNanoUsd,
    expectedTokens: 200,
    isDispatched: false,
    exposureNanoUsd: zeroNanoUsd,
    claim: null,
  }
  const admitted = await account.admit(admit)
  if (!admitted.ok) throw new Error(`The call was refused: ${JSON.stringify(admitted)}`)
  const capture: Capture = {
    callId,
    keyNumber: keyNumber(1),
    costNanoUsd,
    tokens: 200,
    admittedAgoMs: 0,
    detail,
  }
  const captured = await account.capture(capture)
  if (!captured.ok) throw new Error(`The charge was refused: ${JSON.stringify(captured)}`)
}

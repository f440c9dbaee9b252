// A charged call, step by step: who asks, what is asked, what it can cost, may it run. Then execution.ts.

import { findModel, refuseUnpriced } from '#catalog/catalog.ts'
import { affordableOutputTokens } from '#catalog/quote.ts'
import type { Millis } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import { type RequestId, callIdOf } from '#core/ids.ts'
import type { AskedCall, ClientFormat } from '#dialects/dialect.ts'
import type { RateFigures } from '#ledger/call-commands.ts'
import { type Caller, authenticate, callerName } from './authenticate.ts'
import { readBody } from './body.ts'
import { readClaim } from './claim.ts'
import { readCostHeader } from './cost-header.ts'
import { readEndUser } from './end-user.ts'
import { refuseBeyondFee } from './fixed-fee.ts'
import { type RelayedRequest, wantsRelay } from './hosting.ts'
import { readMaxCost } from './max-cost.ts'
import { refuseOtherWork } from './model-formats.ts'
import { readOnDisconnect } from './on-disconnect.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'
import { readAsked } from './read-asked.ts'
import { wayOf } from './way.ts'

export type Prepared =
  | { ok: true; call: PreparedCall }
  | {
      ok: false
      refusal: Refusal
      caller: Caller | undefined
      model: string | undefined
      startedAt: Millis
      rate?: RateFigures
    }

/** In the Relay object: what the Worker knows of the call that its bytes do not say. */
export type Hosted = Pick<AskedCall, 'previousResponseId'>

/** Everything that can be decided in this isolate, in the order in which a refusal is cheapest. */
export async function prepareCall(
  request: Request,
  { requestId, dialect, hosted }: { requestId: RequestId; dialect: ClientFormat; hosted?: Hosted },
  parts: GatewayParts,
): Promise<Prepared> {
  const startedAt = parts.clock.now()
  const authenticated = await authenticate(request, parts)
  if (!authenticated.ok) return refused({ refusal: authenticated, startedAt })
  const { caller } = authenticated
  const remembered = parts.refusals.recall(callerName(caller), startedAt)
  if (remembered !== undefined) {
    const rate = parts.refusals.rateOf(callerName(caller))
    return { ...refused({ refusal: remembered, startedAt, caller }), ...(rate === undefined ? {} : { rate }) }
  }
  const body = await readBody(request)
  if (!body.ok) return refused({ refusal: body, startedAt, caller })
  const by = { dialect, accountId: caller.accountId }
  const read = await readAsked(body.bytes, by, { earlier: parts.earlier, items: parts.storedItems })
  if (!read.ok) return refused({ refusal: read, startedAt, caller })
  const limited = readMaxCost(request.headers)
  if (!limited.ok) return refused({ refusal: limited, startedAt, caller })
  const shown = readCostHeader(request.headers)
  if (!shown.ok) return refused({ refusal: shown, startedAt, caller })
  const claimed = await readClaim(request.headers, { caller, route: dialect.route, body: body.bytes })
  if (!claimed.ok) return refused({ refusal: claimed, startedAt, caller })
  const named = await readEndUser(request.headers, {
    inBody: read.call.endUser,
    accountId: caller.accountId,
    keySecret: parts.keyring.keySecrets[0],
  })
  if (!named.ok) return refused({ refusal: named, startedAt, caller })
  const { claim } = claimed
  const { endUser } = named
  const { maxCostNanoUsd } = limited
  const { isCostOmitted } = shown
  const asked = { ...read.call, ...hosted }
  const told = { request, requestId, dialect, startedAt, caller, body: read.bytes, hosted }
  return route({ ...told, claim, endUser, asked, maxCostNanoUsd, isCostOmitted }, parts)
}

type Read = Pick<
  PreparedCall,
  'requestId' | 'dialect' | 'caller' | 'startedAt' | 'claim' | 'endUser' | 'maxCostNanoUsd' | 'isCostOmitted'
> & {
  asked: AskedCall
  request: Request
  body: Uint8Array
  hosted: Hosted | undefined
}

/** Model, provider, price: what is not listed, not configured or not priced never reaches an upstream. */
async function route(read: Read, parts: GatewayParts): Promise<Prepared> {
  const { asked, caller, claim, endUser, requestId, startedAt, dialect, request, maxCostNanoUsd } = read
  const known = findModel(parts.catalog, asked.model)
  if (!known.ok) return refused({ refusal: known, startedAt, caller, model: asked.model })
  const { model } = known
  const unpriced =
    refuseOtherWork(model, dialect) ?? refuseUnpriced(model, asked) ?? refuseBeyondFee(model, asked, dialect)
  if (unpriced !== undefined) return refused({ refusal: unpriced, startedAt, caller, model: model.id })
  const left = readOnDisconnect(request.headers, model, asked)
  if (!left.ok) return refused({ refusal: left, startedAt, caller, model: model.id })
  const { accountId } = caller
  const found = await wayOf({ model, asked, dialect, request, accountId, maxCostNanoUsd, startedAt }, parts)
  if (!found.ok) return refused({ refusal: found, startedAt, caller, model: model.id })
  const { body: _, text: __, ...kept } = asked
  const { policy, isFinishAsked } = left
  const { outputTokens } = found.way.quote
  const isHosted =
    parts.relay !== undefined &&
    dialect.passed === undefined &&
    wantsRelay({ policy, isFinishAsked, model, asked, outputTokens })
  const callId = callIdOf(requestId)
  const call: PreparedCall = {
    requestId,
    caller,
    startedAt,
    claim,
    endUser,
    asked: kept,
    policy,
    isFinishAsked,
    relayed: isHosted ? relayedRequest(read) : undefined,
    callId,
    dialect,
    ownFields: dialect.ownFields?.(asked, { answerId: callId, isHosted: read.hosted !== undefined }),
    maxCostNanoUsd,
    isCostOmitted: read.isCostOmitted,
    ...found.way,
  }
  return { ok: true, call }
}

function relayedRequest({ requestId, caller, request, body, asked }: Read): RelayedRequest {
  const { accountId } = caller
  const { url, headers } = request
  const { previousResponseId } = asked
  return { accountId, callId: callIdOf(requestId), requestId, url, headers, body, previousResponseId }
}

/** The refusal of a call for money, with the output limit that would have been affordable. */
export function withAffordableTokens(
  refusal: Refusal,
  call: PreparedCall,
  availableNanoUsd: Parameters<typeof affordableOutputTokens>[2],
): Refusal {
  if (refusal.code !== 'insufficient_credits' && refusal.code !== 'in_flight_budget_exhausted') return refusal
  const tokens =
    call.route?.affordableOutputTokens(call.asked, availableNanoUsd) ??
    affordableOutputTokens(call.model, call.asked, availableNanoUsd)
  return { ...refusal, metadata: { ...refusal.metadata, max_affordable_tokens: tokens } }
}

function refused(no: { refusal: Refusal; startedAt: Millis; caller?: Caller; model?: string }): Prepared {
  return { ok: false, refusal: no.refusal, caller: no.caller, model: no.model, startedAt: no.startedAt }
}

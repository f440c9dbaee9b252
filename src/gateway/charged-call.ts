// One charged POST, whatever its dialect: prepared, then executed; with ?dryRun=true only priced and asked about.

import type { Context } from 'hono'
import { type Refusal, refuse } from '#core/errors.ts'
import { type RequestId, makeRequestId } from '#core/ids.ts'
import type { ClientFormat } from '#dialects/dialect.ts'
import { refusalOf } from './admission.ts'
import { admitCommand } from './admit-command.ts'
import { answerHeaders } from './answer-headers.ts'
import { logRefused } from './call-log.ts'
import { countedCall } from './counted-try.ts'
import { dryRunAnswer } from './dry-run.ts'
import { execute } from './execution.ts'
import { hostedAnswer } from './hosted-answer.ts'
import { askOnce } from './object-call.ts'
import type { GatewayParts } from './parts.ts'
import { type Prepared, prepareCall } from './prepare.ts'
import type { PreparedCall } from './prepared-call.ts'
import { refusalResponse } from './refusal-response.ts'

export async function chargedCall(c: Context, dialect: ClientFormat, parts: GatewayParts): Promise<Response> {
  const requestId = makeRequestId(parts.clock.now(), parts.random)
  const by = { requestId, dialect }
  const prepared = await prepareCall(c.req.raw, by, parts)
  if (!prepared.ok) return refusedRequest(prepared, by, parts)
  const isDry = readDryRun(c.req.query('dryRun'))
  if (typeof isDry !== 'boolean') {
    const { caller, model, startedAt } = prepared.call
    return refusedRequest({ ok: false, refusal: isDry, caller, model: model.id, startedAt }, by, parts)
  }
  if (isDry) return dryRun(prepared.call, parts)
  const { relayed } = prepared.call
  const hosted = relayed === undefined ? undefined : await hostedAnswer(relayed, prepared.call, parts)
  if (hosted !== undefined) return hosted
  const execution = execute({ ...prepared.call, relayed: undefined }, parts)
  // Before anything is awaited: a client that leaves now must not take the call's end with it.
  c.executionCtx.waitUntil(execution.ended)
  return execution.response
}

type By = { requestId: RequestId; dialect: ClientFormat }

/** Anything else is refused: whoever writes `?dryRun=1` does not expect to be charged. */
function readDryRun(value: string | undefined): boolean | Refusal {
  if (value === undefined || value === 'true' || value === 'false') return value === 'true'
  return refuse('invalid_request', {
    message: 'dryRun must be true or false. Nothing was executed or charged.',
    param: 'dryRun',
  })
}

/** What was refused before it was admitted, in the words of its dialect and with its line in the log. */
export function refusedRequest(
  prepared: Exclude<Prepared, { ok: true }>,
  { requestId, dialect }: By,
  parts: GatewayParts,
): Response {
  const { refusal, caller, model, startedAt, rate } = prepared
  const facts = { requestId, ...(rate === undefined ? {} : { rate }) }
  const response = refusalResponse(refusal, facts, dialect.error)
  logRefused(parts.log, {
    requestId,
    ...(caller === undefined ? {} : { account: caller.accountId, key: caller.keyNumber }),
    ...(model === undefined ? {} : { model }),
    status: response.status,
    code: refusal.code,
    durationMs: parts.clock.now() - startedAt,
  })
  return response
}

/** Decided as the real admission would be, in the object, on a copy that it drops. */
async function dryRun(call: PreparedCall, parts: GatewayParts): Promise<Response> {
  const { requestId, dialect } = call
  const refused = (refusal: Refusal) => refusalResponse(refusal, { requestId }, dialect.error)
  const ask = (dry: PreparedCall) =>
    askOnce(() => parts.accounts(dry.caller.accountId).wouldAdmit(admitCommand(dry, false)), {
      clock: parts.clock,
      attemptMs: parts.timings.objectCallMs,
    })
  const first = await ask(call)
  const counted =
    first.ok && !first.answer.ok ? await countedCall(call, first.answer, parts.countO200k) : undefined
  const asked = counted === undefined ? first : await ask(counted)
  if (!asked.ok) return refused(refuse('ledger_unavailable', { retryAfterSeconds: 1 }))
  const { answer } = asked
  if (!answer.ok && unknownCaller.has(answer.code)) return refused(refusalOf(answer))
  const facts = { requestId, ...(answer.rate === undefined ? {} : { rate: answer.rate }) }
  return Response.json(dryRunAnswer(counted ?? call, answer), { headers: answerHeaders(facts) })
}

/** Who is not known here, or whose account cannot answer, is told no prices either. */
const unknownCaller = new Set(['no_such_account', 'invalid_api_key', 'key_disabled', 'internal'])

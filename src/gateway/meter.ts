// POST /v1/meter: charges anything that no model prices from the same balance, allowance first. One command to the object,
// once per idempotency key; nothing is held, so nothing can be left open.

import { sha256Hex } from '#core/hashes.ts'
import { standardPrices } from '#catalog/plans.ts'
import { type Consumable, consumableUnits } from '#core/consumables.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { RequestId } from '#core/ids.ts'
import { formatUsd } from '#core/money.ts'
import type { RateFigures } from '#ledger/call-commands.ts'
import type { MeterAnswer, MeterRefused } from '#ledger/plan-commands.ts'
import { refusalOf } from './admission.ts'
import { answerHeaders } from './answer-headers.ts'
import { type Caller, authenticate } from './authenticate.ts'
import { readBody } from './body.ts'
import { logRefused } from './call-log.ts'
import { type MeterInput, readMeter } from './meter-input.ts'
import { askPersistently } from './object-call.ts'
import type { GatewayParts } from './parts.ts'
import { refusalResponse } from './refusal-response.ts'

type Metered = { caller?: Caller; rate?: RateFigures } & (Refusal | { ok: true; body: object })

export async function meterRoute(
  request: Request,
  requestId: RequestId,
  parts: GatewayParts,
): Promise<Response> {
  const startedAt = parts.clock.now()
  const metered = await meter(request, requestId, parts)
  const facts = { requestId, ...(metered.rate === undefined ? {} : { rate: metered.rate }) }
  const about = metered.caller && { account: metered.caller.accountId, key: metered.caller.keyNumber }
  const durationMs = parts.clock.now() - startedAt
  if (metered.ok) {
    parts.log.info('metered', { request: requestId, ...about, duration_ms: durationMs })
    return Response.json(metered.body, { headers: answerHeaders(facts) })
  }
  const response = refusalResponse(metered, facts)
  logRefused(parts.log, { requestId, ...about, status: response.status, code: metered.code, durationMs })
  return response
}

async function meter(request: Request, requestId: RequestId, parts: GatewayParts): Promise<Metered> {
  const authenticated = await authenticate(request, parts)
  if (!authenticated.ok) return authenticated
  const { caller } = authenticated
  const body = await readBody(request)
  if (!body.ok) return { ...body, caller }
  const read = readMeter(body.bytes)
  if (!read.ok) return { ...read, caller }
  return { ...(await book({ caller, requestId, input: read.input }, parts)), caller }
}

type Asked = { caller: Caller; requestId: RequestId; input: MeterInput }

async function book({ caller, requestId, input }: Asked, parts: GatewayParts): Promise<Metered> {
  const { consumable, quantity, idempotencyKey } = input
  const { accountId, keyNumber, secretHash } = caller
  const command = {
    id: await meterId(idempotencyKey),
    requestId,
    keyNumber,
    secretHash,
    consumable,
    quantity,
    standardPicoUsd: standardPrices[consumable] ?? null,
  }
  const how = {
    clock: parts.clock,
    random: parts.random,
    attemptMs: parts.timings.objectCallMs,
    withinMs: parts.timings.admitWithinMs,
  }
  const asked = await askPersistently(() => parts.accounts(accountId).meter(command), isAnswer, how)
  if (!asked.ok) return refuse('ledger_unavailable', { message: unansweredMessage, retryAfterSeconds: 1 })
  const { answer } = asked
  if (!answer.ok)
    return { ...refusalOfMeter(answer, input), ...('rate' in answer ? { rate: answer.rate } : {}) }
  const { allowanceUsed, chargedQuantity, costNanoUsd, balanceNanoUsd, isRepeat, rate } = answer
  return {
    ok: true,
    rate,
    body: {
      id: command.id,
      consumable,
      unit: consumableUnits[consumable],
      quantity,
      allowance_used: allowanceUsed,
      charged_quantity: chargedQuantity,
      cost: formatUsd(costNanoUsd),
      balance: formatUsd(balanceNanoUsd),
      is_repeat: isRepeat,
    },
  }
}

/** A command that got no answer may have been booked: its key finds out. */
const unansweredMessage =
  'The account did not answer. Send the request again with the same idempotency_key: it is charged once.'

function isAnswer(answer: MeterAnswer): boolean {
  return answer.ok || answer.code !== 'internal'
}

function refusalOfMeter(answer: MeterRefused, input: MeterInput): Refusal {
  switch (answer.code) {
    case 'unpriced_consumable':
      return refuse('unpriced_consumable', {
        message: `${input.consumable} has no price beyond the allowance of this account. Nothing was charged.`,
        param: 'consumable',
      })
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message:
          'This idempotency_key was used with another consumable or quantity. Nothing was charged. Use a new key for a new charge.',
        param: 'idempotency_key',
      })
    case 'invalid_command':
      return refuse('invalid_request')
    case 'insufficient_credits':
    case 'in_flight_budget_exhausted': {
      const refusal = refusalOf(answer)
      return {
        ...refusal,
        message: moneyMessage(input.consumable, answer),
        metadata: { ...refusal.metadata, remedies },
      }
    }
    default:
      return refusalOf(answer)
  }
}

type MoneyFigures = Extract<MeterRefused, { requiredNanoUsd: unknown }>

const remedies = ['add_credit', 'auto_top_up', 'postpaid', 'upgrade_plan']

function moneyMessage(consumable: Consumable, answer: MoneyFigures): string {
  const { requiredNanoUsd, availableNanoUsd, heldNanoUsd } = answer
  return `These ${consumable} cost $${formatUsd(requiredNanoUsd)}; $${formatUsd(availableNanoUsd)} is available and $${formatUsd(heldNanoUsd)} is held by running requests. Nothing was charged. Add credit, or choose a plan that includes more.`
}

const idDigits = 32

/** One scope per account, whichever of its keys asks: a rotated key must not charge again. The object is the account's own. */
async function meterId(idempotencyKey: string): Promise<string> {
  const digits = await sha256Hex(`meter ${idempotencyKey}`)
  return `mtr_${digits.slice(0, idDigits)}`
}

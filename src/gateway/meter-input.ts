// Reads the body of POST /v1/meter (pure): what is to be charged, or a refusal that names the field.

import { type Consumable, consumables, readConsumable } from '#core/consumables.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, readJson, readString, readWhole } from '#core/readers.ts'
import { quantityMax } from '#ledger/meter.ts'

export type MeterInput = { consumable: Consumable; quantity: number; idempotencyKey: string }

/** As long as other services take it. */
const keyCharactersMax = 255
const fields: readonly string[] = ['consumable', 'quantity', 'idempotency_key']

export function readMeter(bytes: Uint8Array): { ok: true; input: MeterInput } | Refusal {
  const body = readJson(new TextDecoder().decode(bytes))
  if (!isObject(body)) return refuse('invalid_request', { message: 'The body must be a JSON object.' })
  const unknown = Object.keys(body).find((name) => !fields.includes(name))
  if (unknown !== undefined)
    return invalid(unknown.slice(0, keyCharactersMax), 'is not a field of this request.')
  const consumable = readConsumable(body['consumable'])
  if (consumable === undefined) return invalid('consumable', `must be one of ${consumables.join(', ')}.`)
  const quantity = readWhole(body['quantity'], 1)
  if (quantity === undefined || quantity > quantityMax)
    return invalid('quantity', `must be a whole number from 1 to ${quantityMax}.`)
  const idempotencyKey = readString(body['idempotency_key'])
  if (idempotencyKey === undefined || !isKey(idempotencyKey))
    return invalid('idempotency_key', `must be a text of 1 to ${keyCharactersMax} characters.`)
  return { ok: true, input: { consumable, quantity, idempotencyKey } }
}

/** Half a surrogate pair would be replaced on its way into the hash, and two keys become one. */
function isKey(text: string): boolean {
  return text !== '' && text.length <= keyCharactersMax && text.isWellFormed()
}

function invalid(param: string, what: string): Refusal {
  return refuse('invalid_request', { message: `${param} ${what} Nothing was charged.`, param })
}

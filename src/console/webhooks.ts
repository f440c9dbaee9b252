// A customer's webhook endpoints: make, look at, change, rotate, try, and what they were sent.

import { base62FromBytes } from '#core/base62.ts'
import type { Json } from '#core/errors.ts'
import { refuse, type Refusal, noDatabase, noSealingKey } from '#core/errors.ts'
import { readFields, readPageLimit, invalidCursor } from '#core/fields.ts'
import { readJson, readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import * as rows from '#notices/delivery-rows.ts'
import * as endpoints from '#notices/webhook-endpoints.ts'
import { readEndpointChange, readNewEndpoint } from '#notices/webhook-input.ts'
import { makeWebhookSecret, webhookBody } from '#notices/webhook-message.ts'
import { sealSecret } from '#notices/webhook-secrets.ts'
import type { ConsoleAnswer, ConsoleRequest } from './guard.ts'

const idBytes = 16
const idCharacters = 22
const limitDefault = 50
export const deliveriesLimitMax = 200

/** A request that names an endpoint, with the database that has it. */
type AboutEndpoint = ConsoleRequest & { readonly db: Db; readonly name: endpoints.EndpointName }

/** For routes of one endpoint: what is none of the account's is none at all. */
export function forEndpoint(
  answer: (request: AboutEndpoint) => Promise<ConsoleAnswer>,
): (request: ConsoleRequest) => Promise<ConsoleAnswer> {
  return async (request) => {
    const { id, person, parts } = request
    if (parts.db === undefined) return noDatabase
    if (id === undefined || !/^we_[0-9A-Za-z]{22}$/.test(id)) return noSuchEndpoint
    return answer({ ...request, db: parts.db, name: { accountId: person.accountId, id } })
  }
}

export async function list({ person, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  if (parts.db === undefined) return noDatabase
  const found = await endpoints.listEndpoints(parts.db, person.accountId)
  return { ok: true, body: { data: found.map((one) => endpointBody(one)) } }
}

export async function make({ person, body, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const { db, random, clock } = parts
  const read = readNewEndpoint(body, parts.webhookOrigin)
  if (!read.ok) return read
  if (db === undefined) return noDatabase
  const sealer = await parts.sealer()
  if (sealer === undefined) return noSealingKey
  const secret = makeWebhookSecret(random)
  const id = `we_${base62FromBytes(random(idBytes), idCharacters)}`
  const name = { accountId: person.accountId, id }
  const sealed = await sealSecret(sealer, name, secret)
  const made = await endpoints.makeEndpoint(db, { ...read.value, ...name, secret: sealed, now: clock.now() })
  if (made === undefined)
    return refuse('invalid_request', {
      message: `An account may have ${endpoints.endpointsMax} endpoints. Delete one first.`,
    })
  return { ok: true, status: 201, body: endpointBody(made, secret) }
}

export async function show({ db, name }: AboutEndpoint): Promise<ConsoleAnswer> {
  return shown(await endpoints.findEndpoint(db, name))
}

export async function change({ db, name, body, parts }: AboutEndpoint): Promise<ConsoleAnswer> {
  const read = readEndpointChange(body, parts.webhookOrigin)
  if (!read.ok) return read
  return shown(await endpoints.changeEndpoint(db, name, { ...read.value, now: parts.clock.now() }))
}

export async function remove({ db, name }: AboutEndpoint): Promise<ConsoleAnswer> {
  const isGone = await endpoints.deleteEndpoint(db, name)
  return isGone ? { ok: true, body: { id: name.id, deleted: true } } : noSuchEndpoint
}

export async function rotate({ db, name, parts }: AboutEndpoint): Promise<ConsoleAnswer> {
  const sealer = await parts.sealer()
  if (sealer === undefined) return noSealingKey
  const secret = makeWebhookSecret(parts.random)
  const sealed = await sealSecret(sealer, name, secret)
  return shown(await endpoints.rotateSecret(db, name, { secret: sealed, now: parts.clock.now() }), secret)
}

/** A message of its own type, on its way at once. */
export async function tryOut({ db, name, parts }: AboutEndpoint): Promise<ConsoleAnswer> {
  const endpoint = await endpoints.findEndpoint(db, name)
  if (endpoint === undefined) return noSuchEndpoint
  if (!endpoint.isEnabled) return isDisabled
  const now = parts.clock.now()
  const { accountId } = name
  const deliveryId = `msg_${base62FromBytes(parts.random(idBytes), idCharacters)}`
  const body = webhookBody({ accountId, type: 'webhook_test', figures: {}, atMs: now })
  await rows.writeTest(db, { ...name, deliveryId, body, now })
  await parts.sendNotices()
  return { ok: true, status: 202, body: { delivery_id: deliveryId } }
}

export async function listDeliveries({ db, name, query }: AboutEndpoint): Promise<ConsoleAnswer> {
  const limited = readPageLimit(query, { otherwise: limitDefault, most: deliveriesLimitMax })
  if (!limited.ok) return limited
  const { value: limit } = limited
  const cursor = query.get('cursor')
  const before = cursor === null ? undefined : placeOf(cursor)
  if (cursor !== null && before === undefined) return invalidCursor()
  if ((await endpoints.findEndpoint(db, name)) === undefined) return noSuchEndpoint
  const found = await rows.listDeliveries(db, name, { before, limit: limit + 1 })
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  const next = last === undefined ? null : `${last.createdAt.getTime()}_${last.id}`
  return { ok: true, body: { data: page.map(deliveryBody), next_cursor: next } }
}

export async function redeliver({ db, name, body, parts }: AboutEndpoint): Promise<ConsoleAnswer> {
  const fields = readFields(body, ['delivery_id'])
  if (!fields.ok) return fields
  const deliveryId = readString(fields.value['delivery_id']) ?? ''
  const endpoint = await endpoints.findEndpoint(db, name)
  if (endpoint === undefined) return noSuchEndpoint
  if (!endpoint.isEnabled) return isDisabled
  const now = parts.clock.now()
  if (!(await rows.redeliver(db, name, { deliveryId, now })))
    return refuse('not_found', { message: 'This endpoint has no such delivery, or it is still on its way.' })
  await parts.sendNotices()
  return { ok: true, status: 202, body: { delivery_id: deliveryId } }
}

const noSuchEndpoint: Refusal = refuse('not_found', { message: 'There is no endpoint with this id.' })
const isDisabled: Refusal = refuse('invalid_request', {
  message: 'The endpoint is disabled. Enable it first: {"enabled": true}.',
})

function shown(endpoint: endpoints.Endpoint | undefined, secret?: string): ConsoleAnswer {
  return endpoint === undefined ? noSuchEndpoint : { ok: true, body: endpointBody(endpoint, secret) }
}

/** The secret is shown when it is made, and never again. */
function endpointBody(endpoint: endpoints.Endpoint, secret?: string): Json {
  const { id, url, description, types, isEnabled, disabledReason, failingSince, previousUntil } = endpoint
  return {
    id,
    url,
    description,
    types,
    enabled: isEnabled,
    disabled_reason: disabledReason,
    failing_since: failingSince?.toISOString() ?? null,
    previous_secret_until: previousUntil?.toISOString() ?? null,
    created_at: endpoint.createdAt.toISOString(),
    ...(secret !== undefined && { secret }),
  }
}

function deliveryBody(delivery: rows.Delivery): Json {
  const { id, type, state, attempts, body } = delivery
  return {
    id,
    type,
    // A claim is a try that has begun.
    state: state === 'claimed' ? 'waiting' : state,
    attempts,
    created_at: delivery.createdAt.toISOString(),
    next_attempt_at: state === 'waiting' ? delivery.dueAt.toISOString() : null,
    delivered_at: delivery.deliveredAt?.toISOString() ?? null,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
    last_answer: delivery.lastAnswer,
    // Written by us as JSON.
    body: readJson(body) as Json,
  }
}

function placeOf(cursor: string): rows.DeliveryPlace | undefined {
  const [, at, id] = /^(\d{1,15})_(msg_[0-9A-Za-z]{22,32})$/.exec(cursor) ?? []
  return at === undefined || id === undefined ? undefined : { at: new Date(Number(at)), id }
}

// Reads what a customer says of an endpoint (pure): our fields, or a refusal that names the one that is wrong.

import { type Read, invalid, isPlainText, readFields } from '#core/fields.ts'
import { readString } from '#core/readers.ts'
import { noticeTypeNames, readNoticeType } from './notice-types.ts'
import { type AddressRefusal, readAddress } from './webhook-address.ts'

const descriptionLengthMax = 200

export type EndpointChange = {
  readonly url?: string
  readonly description?: string
  /** Null for all. */
  readonly types?: readonly string[] | null
  readonly isEnabled?: boolean
}

export type NewEndpoint = {
  readonly url: string
  readonly description: string
  readonly types: readonly string[] | null
}

export function readNewEndpoint(body: unknown, localOrigin: string | undefined): Read<NewEndpoint> {
  const fields = readFields(body, ['url', 'description', 'types'])
  if (!fields.ok) return fields
  const read = readEach(fields.value, localOrigin)
  if (!read.ok) return read
  const { url, description = '', types = null } = read.value
  return url === undefined
    ? invalid('url', 'url is missing.')
    : { ok: true, value: { url, description, types } }
}

export function readEndpointChange(body: unknown, localOrigin: string | undefined): Read<EndpointChange> {
  const fields = readFields(body, ['url', 'description', 'types', 'enabled'])
  if (!fields.ok) return fields
  if (Object.keys(fields.value).length === 0)
    return invalid('body', 'The body changes nothing. It may hold url, description, types, enabled.')
  return readEach(fields.value, localOrigin)
}

function readEach(
  fields: { readonly [name: string]: unknown },
  localOrigin: string | undefined,
): Read<EndpointChange> {
  const { url, description, types, enabled } = fields
  const address = url === undefined ? undefined : readAddress(url, localOrigin)
  if (address?.ok === false) return invalid('url', `url ${refusals[address.why]}.`)
  const text = description === undefined ? undefined : readDescription(description)
  if (description !== undefined && text === undefined)
    return invalid('description', `description must be a text of at most ${descriptionLengthMax} characters.`)
  const wanted = types === undefined ? undefined : readTypes(types)
  if (types !== undefined && wanted === undefined)
    return invalid('types', `types must be null for all, or a list of ${noticeTypeNames.join(', ')}.`)
  if (enabled !== undefined && typeof enabled !== 'boolean')
    return invalid('enabled', 'enabled must be true or false.')
  return {
    ok: true,
    value: {
      ...(address?.ok === true && { url: address.url }),
      ...(text !== undefined && { description: text }),
      ...(wanted !== undefined && { types: wanted }),
      ...(typeof enabled === 'boolean' && { isEnabled: enabled }),
    },
  }
}

const refusals: { readonly [Why in AddressRefusal]: string } = {
  not_a_url: 'must be an absolute URL',
  not_https: 'must begin with https://',
  has_credentials: 'must not carry a user name or a password',
  private_address: 'must not name an address that is not public',
  private_name: 'must name a public host',
  strange_port: 'must name port 443 or one from 1024 on',
  too_long: 'is too long',
}

function readDescription(value: unknown): string | undefined {
  const text = readString(value)
  return text !== undefined && text.length <= descriptionLengthMax && isPlainText(text) ? text : undefined
}

function readTypes(value: unknown): readonly string[] | null | undefined {
  if (value === null) return null
  if (!Array.isArray(value) || value.length === 0) return undefined
  const types = value.map((one: unknown) => readNoticeType(one))
  return types.includes(undefined) ? undefined : [...new Set(types.flatMap((type) => type ?? []))]
}

// The end user that a request names, bounded: the id is hashed and kept with limits, whichever field of which dialect holds it.

import { utf8BytesOf } from '#calls/count-tokens.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type JsonObject, objectOf, readString } from '#core/readers.ts'

const endUserBytesMax = 256

/** `param` is the field that the dialect's clients write it in. */
export function refuseEndUser(endUser: string | undefined, param: string): Refusal | undefined {
  if (endUser === undefined || utf8BytesOf(endUser) <= endUserBytesMax) return undefined
  return refuse('invalid_request', {
    message: `The end user's id is longer than ${endUserBytesMax} bytes.`,
    param,
  })
}

/** Where OpenAI's clients write it, newest field first. */
export function openAiEndUserOf(body: JsonObject): string | undefined {
  const { safety_identifier: safetyIdentifier, user, metadata } = body
  return readString(safetyIdentifier) ?? readString(user) ?? readString(objectOf(metadata)['user_id'])
}

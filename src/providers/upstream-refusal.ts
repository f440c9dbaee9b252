// An upstream's error answer turned into ours. Pure. The upstream's words pass only where they speak of the request itself;
// its keys, hosts and raw bodies never do.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, readJson, readString } from '#core/readers.ts'

/** Longer texts are a page or a dump, not a sentence. */
const messageCharactersMax = 500
const longestRetrySeconds = 60
const secretLike = /\b(?:sk|key|Bearer|org|proj)[-_ ][A-Za-z0-9*._-]{6,}|https?:\/\/\S+/g

/** What a client is told about an upstream's status and body. */
export function refusalOfUpstream(status: number, body: string, retryAfter: string | null): Refusal {
  const said = errorOf(body)
  if (status === 400 || status === 404 || status === 422) {
    const message = said.message === undefined ? undefined : cleaned(said.message)
    return refuse('invalid_request', {
      message: message ?? 'The model provider refused this request as not valid.',
      ...(said.param === undefined ? {} : { param: said.param }),
    })
  }
  if (status === 413)
    return refuse('body_too_large', { message: 'The model provider says that this request is too large.' })
  if (status === 429 || status === 503 || status === 529) {
    const seconds = retrySeconds(retryAfter)
    return refuse('upstream_overloaded', {
      message: `The model provider is overloaded. Nothing was charged. Try again in ${seconds} s.`,
      retryAfterSeconds: seconds,
    })
  }
  if (status === 408 || status === 504) return refuse('upstream_timeout')
  // 401 and 403 included: the operator's credential is at fault, and its details are not the customer's business.
  return refuse('upstream_error', {
    message: `The model provider failed (status ${status}). Nothing was charged. Try again.`,
  })
}

/** The message of an error object of the OpenAI shape, cleaned, for an error inside a stream. */
export function upstreamErrorMessage(data: string): string | undefined {
  const { message } = errorOf(data)
  return message === undefined ? undefined : cleaned(message)
}

function errorOf(body: string): { message: string | undefined; param: string | undefined } {
  const parsed = readJson(body)
  const error = isObject(parsed) ? parsed['error'] : undefined
  if (isObject(error)) return { message: readString(error['message']), param: readString(error['param']) }
  const message = isObject(parsed) ? (readString(parsed['message']) ?? readString(error)) : undefined
  return { message, param: undefined }
}

function cleaned(message: string): string {
  return message.replace(secretLike, '[removed]').slice(0, messageCharactersMax)
}

function retrySeconds(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? '')
  return Number.isFinite(seconds) && seconds >= 1 ? Math.min(Math.ceil(seconds), longestRetrySeconds) : 1
}

// An upstream's error answer turned into ours. Pure. The upstream's words pass only where they speak of the request itself;
// its keys, hosts and raw bodies never do.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, readJson, readString } from '#core/readers.ts'

/** Longer texts are a page or a dump, not a sentence. */
const messageCharactersMax = 500
/** Bounds the work of the search below on a text made to be slow. */
const cleanedCharactersMax = 4 * messageCharactersMax
const longestRetrySeconds = 60
/** Names of fields such as `messages[0].content`; anything else is not a name. */
const paramPattern = /^[\w.[\]-]{1,100}$/

/** What an operator would not want a customer to read: addresses, hosts, credentials, long opaque tokens. */
const secretLike = new RegExp(
  [
    String.raw`https?:\/\/\S+`,
    String.raw`\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|ai|dev|cloud|internal|local|svc)\b(?::\d+)?(?:\/\S*)?`,
    String.raw`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`,
    String.raw`\b(?:Bearer|Basic)\s+\S+`,
    String.raw`\b(?:sk|pk|rk|gsk|xai|key|org|proj)[-_][a-z0-9*._-]{6,}`,
    String.raw`\bAIza\S+`,
    String.raw`\b(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9*]{32,}`,
  ].join('|'),
  'gi',
)

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
  const error = isObject(parsed) ? (parsed['error'] ?? failedResponseError(parsed['response'])) : undefined
  if (isObject(error)) {
    const param = readString(error['param'])
    const isName = param !== undefined && paramPattern.test(param) && cleaned(param) === param
    return { message: readString(error['message']), param: isName ? param : undefined }
  }
  const message = isObject(parsed) ? (readString(parsed['message']) ?? readString(error)) : undefined
  return { message, param: undefined }
}

/** Of an answer that broke off, the responses dialect has the error inside its last response. */
function failedResponseError(response: unknown): unknown {
  return isObject(response) ? response['error'] : undefined
}

function cleaned(message: string): string {
  return message
    .slice(0, cleanedCharactersMax)
    .replace(secretLike, '[removed]')
    .slice(0, messageCharactersMax)
}

function retrySeconds(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? '')
  return Number.isFinite(seconds) && seconds >= 1 ? Math.min(Math.ceil(seconds), longestRetrySeconds) : 1
}

// Refusals as `{"error": "…"}`: the shape of clients that know no error objects. The reason's code goes into a header, since
// the text of a 402 is fixed; status and all other headers stay, and so does whatever is no refusal of ours.

import type { MiddlewareHandler } from 'hono'
import { isObject, readJson, readString } from '#core/readers.ts'

/** What clients of this shape compare a 402 with, to the letter. */
const outOfCredits = 'Insufficient credits'

const errorCodeHeader = 'x-error-code'

/** Outermost on its addresses, so that it sees every refusal. */
export const plainErrors: MiddlewareHandler = async (c, next) => {
  await next()
  const shown = await inPlainShape(c.res)
  if (shown !== c.res) c.res = shown
}

/** An answer as it is, or its refusal in the plain shape. Frames of a stream that has begun keep their dialect's. */
async function inPlainShape(response: Response): Promise<Response> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  if (response.status < 400 || !isJson) return response
  const text = await response.text()
  const plain = plainErrorOf(response.status, text)
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  if (plain?.code !== undefined) headers.set(errorCodeHeader, plain.code)
  return new Response(plain === undefined ? text : JSON.stringify({ error: plain.error }), {
    status: response.status,
    headers,
  })
}

/** Undefined where the text is no error object. */
export function plainErrorOf(
  status: number,
  text: string,
): { error: string; code: string | undefined } | undefined {
  const body = readJson(text)
  const error = isObject(body) ? body['error'] : undefined
  const message = isObject(error) ? readString(error['message']) : undefined
  if (!isObject(error) || message === undefined) return undefined
  // Anthropic's shape has our code among its details.
  const details = isObject(error['details']) ? error['details'] : {}
  const code = readString(error['code']) ?? readString(details['error_code'])
  return { error: status === 402 ? outOfCredits : message, code }
}

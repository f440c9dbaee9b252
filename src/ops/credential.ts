// The operator's credential: one long secret, compared without telling how much of a guess was right.

import { refuse, type Refusal } from '#core/errors.ts'

/** Anything shorter could be guessed, and an empty one would open the door to everybody. */
export const operatorTokenLengthMin = 32

/** Undefined where the credential is right. */
export async function refusalOfOperator(
  request: Request,
  operatorToken: string | undefined,
): Promise<Refusal | undefined> {
  if (operatorToken === undefined || operatorToken.length < operatorTokenLengthMin)
    return refuse('not_configured', {
      message: `The operator API is closed: OPERATOR_TOKEN is not set or shorter than ${operatorTokenLengthMin} characters.`,
    })
  const header = request.headers.get('authorization') ?? ''
  const presented = /^Bearer +(\S+)$/i.exec(header)?.[1] ?? ''
  return (await isSame(presented, operatorToken))
    ? undefined
    : refuse('invalid_api_key', { message: wrongToken })
}

const wrongToken =
  'The operator credential is missing or not valid. Send it as "Authorization: Bearer <OPERATOR_TOKEN>".'

/** Over hashes, so that neither the length nor the place of the first difference shows in the time taken. */
async function isSame(a: string, b: string): Promise<boolean> {
  const [hashA, hashB] = await Promise.all([sha256(a), sha256(b)])
  const difference = hashA.reduce((sum, byte, index) => sum | (byte ^ (hashB[index] ?? 0)), 0)
  return difference === 0
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

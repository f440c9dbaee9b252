// Refusals for clients that know no error objects.

import { describe, expect, test } from 'vitest'
import { errorKinds, type ErrorCode, refuse } from '#core/errors.ts'
import { openAiErrorBody } from './openai-errors.ts'
import { plainErrorOf } from './plain-errors.ts'

const codes = Object.keys(errorKinds) as ErrorCode[]

describe('a refusal in the plain shape', () => {
  // Requirements: 52
  test.each(codes.filter((code) => errorKinds[code].status === 402))(
    '%s is a 402 with its one text',
    (code) => {
      const text = JSON.stringify(openAiErrorBody(refuse(code, { message: 'Add $5.' })))
      expect(plainErrorOf(402, text)).toEqual({ error: 'Insufficient credits', code })
    },
  )

  test.each(codes.filter((code) => errorKinds[code].status !== 402))('%s keeps its sentence', (code) => {
    const text = JSON.stringify(openAiErrorBody(refuse(code, { message: 'What to do.' })))
    expect(plainErrorOf(errorKinds[code].status, text)).toEqual({ error: 'What to do.', code })
  })

  test.each(['', 'text', '[]', '{}', '{"error":"plain already"}', '{"error":{"message":1}}'])(
    'what is none of ours stays as it is: %s',
    (text) => expect(plainErrorOf(400, text)).toBeUndefined(),
  )
})

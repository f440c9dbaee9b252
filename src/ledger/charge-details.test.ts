// What an entry says of a charge, word for word.

import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { startOfTime } from './book.simulator.ts'
import { bookkeeping, freeOfCharge, silentDetail } from './charge-details.ts'
import { callAt, captureOf, exampleDetail } from './example-commands.ts'

const callId = callAt(startOfTime, 1)

test('of a call whose owner went silent nothing is made up', () => {
  expect(silentDetail({ callId, model: 'm', admittedAtMs: 1_000 }, 61_000)).toEqual({
    requestId: callId.replace('gen_', 'req_'),
    model: 'm',
    provider: '',
    endpoint: '',
    isStreamed: false,
    priceVersion: '',
    usage: {},
    usageSource: 'none',
    lines: [],
    rule: 'hold_expired',
    status: 'owner_lost',
    durationMs: 60_000,
    firstTokenMs: null,
    upstreamId: null,
  })
})

test('a repeat whose charge stands already costs nothing and says why', () => {
  const command = captureOf(callId, 500)
  expect(freeOfCharge(command)).toEqual({
    ...command,
    costNanoUsd: 0,
    detail: { ...exampleDetail, rule: 'repeat_of_a_charged_call', lines: [] },
  })
})

test('the end user is named only where one is limited', () => {
  const booked = { chargedNanoUsd: nanoUsd(5), writtenOffNanoUsd: nanoUsd(1) }
  const call = { heldNanoUsd: nanoUsd(4), admittedAtMs: 3, tokens: 2, endUser: null }
  const told = { costNanoUsd: 5, writtenOffNanoUsd: 1, heldNanoUsd: 4, admittedAtMs: 3, tokens: 2 }
  expect(bookkeeping(booked, call)).toStrictEqual(told)
  expect(bookkeeping(booked, { ...call, endUser: 'a' })).toStrictEqual({ ...told, endUser: 'a' })
})

// One JSON line per event, whatever is thrown at it: the log is called where something has already failed.
import { expect, test } from 'vitest'

import { jsonLog } from './log.ts'

function linesOf(act: (log: ReturnType<typeof jsonLog>) => void): unknown[] {
  const lines: string[] = []
  act(
    jsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
  )
  return lines.map((line) => JSON.parse(line))
}

test('an event is one line of JSON with its time, level and fields', () => {
  expect(
    linesOf((log) => log.info('request', { request: 'req_1', tokens: 5, key: null, model: undefined })),
  ).toEqual([
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      event: 'request',
      request: 'req_1',
      tokens: 5,
      key: null,
    },
  ])
})

test('a line break inside a value cannot forge a second line', () => {
  const lines: string[] = []
  jsonLog(
    (line) => lines.push(line),
    () => 0,
  ).info('request', { model: 'a"}\n{"level":"error"' })
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('\n')
})

test('an error is named with its message', () => {
  expect(linesOf((log) => log.error('fault', { request: 'req_1' }, new TypeError('no body')))).toEqual([
    expect.objectContaining({ level: 'error', event: 'fault', error: 'no body', error_name: 'TypeError' }),
  ])
})

test('an event without a cause says nothing of an error', () => {
  expect(linesOf((log) => log.error('capture_refused', { code: 'too_old' }))).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'error', event: 'capture_refused', code: 'too_old' },
  ])
})

const circular: { self?: unknown } = {}
circular.self = circular

test.each([
  ['a text', 'gone', '"gone"'],
  ['an object', { code: 5 }, '{"code":5}'],
  ['null', null, 'null'],
  ['a bigint', 5n, '5'],
  ['an object that contains itself', circular, '[object Object]'],
  ['a function', () => 1, '() => 1'],
])('%s as a cause is logged and throws nothing', (_name, cause, said) => {
  expect(linesOf((log) => log.error('fault', {}, cause))).toEqual([expect.objectContaining({ error: said })])
})
